"""The embedded server: one per graph home, of nobody's process, found again, and clear about what is wrong."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graph import embedded_process, local
from graph.errors import GraphAuthenticationFailed, GraphError, GraphUnreachable
from graph.store import GraphStore, claim
from graph.target import database_name, embedded_target, resolve_target

SMALL = {"WARRANT_GRAPH_MEMORY": "256m"}

START_AND_LEAVE = """
import sys
from pathlib import Path
from graph import local
print(local.start(Path(sys.argv[1]), environment={"WARRANT_GRAPH_MEMORY": "256m"}).pid)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "graph"
    local.stop(tmp_path / "graph")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Server]:
    """A running server for the tests that leave it running."""
    home = tmp_path_factory.mktemp("shared") / "graph"
    yield start(home)
    local.stop(home)


def start(home: Path, *, port: int | None = None) -> local.Server:
    return local.start(home, port=port, environment=SMALL)


def start_from_another_program(home: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", START_AND_LEAVE, str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(local.__file__).parents[1])


def test_starting_again_attaches_to_the_same_server(server: local.Server) -> None:
    assert start(server.home) == server


def test_the_server_belongs_to_no_process_of_ours(server: local.Server) -> None:
    assert server.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert os.getsid(server.pid) != os.getsid(0)


def test_two_programs_that_start_at_once_get_one_server_that_outlives_both(home: Path) -> None:
    programs = [start_from_another_program(home) for _ in range(2)]
    pids = {int(program.communicate(timeout=120)[0]) for program in programs}
    assert pids == {local.status(home).pid}
    assert start(home).pid in pids


def test_status_tells_process_port_version_and_memory(server: local.Server) -> None:
    status = local.status(server.home)
    assert (status.is_running, status.pid, status.port) == (True, server.pid, server.port)
    assert status.version == server.version
    assert status.resident_bytes > 50_000_000


def test_starting_says_so_and_stopping_ends_the_server(home: Path) -> None:
    said: list[str] = []
    assert local.status(home) == local.Status(home=home, is_running=False)
    assert not local.stop(home)
    server = local.start(home, environment=SMALL, report=said.append)
    assert said[0] == "Starting the embedded graph server …"
    assert local.stop(home)
    assert not embedded_process.is_alive(server.pid)
    assert not local.status(home).is_running
    assert not local.stop(home)


def test_only_the_owner_can_read_the_password_and_no_command_line_shows_it(server: local.Server) -> None:
    assert (server.home / "password").stat().st_mode & 0o777 == 0o600
    assert server.password not in " ".join(psutil.Process(server.pid).cmdline())
    assert server.password not in repr(server)


def test_the_server_listens_on_loopback_only(server: local.Server) -> None:
    listening = [c.laddr for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {address.port for address in listening} == {server.port, server.http_port}
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_what_was_written_is_there_after_a_kill_and_a_restart(home: Path) -> None:
    server = start(home)
    with GraphStore.connect(embedded_target(server, "grocer")) as store:
        store.write("CREATE (:Customer {customer_id: '1'})")
    psutil.Process(server.pid).kill()
    again = start(home)
    assert again.pid != server.pid
    with GraphStore.connect(embedded_target(again, "grocer")) as store:
        assert store.read("MATCH (c:Customer) RETURN c.customer_id AS id") == [{"id": "1"}]


def test_a_process_id_that_another_program_took_over_is_not_our_server(home: Path) -> None:
    home.mkdir()
    stale = {"pid": os.getpid(), "port": 1, "http_port": 2, "version": "0"}
    (home / "server.json").write_text(json.dumps(stale), encoding="utf-8")
    assert not local.status(home).is_running
    assert not local.stop(home)
    assert psutil.pid_exists(os.getpid())


@pytest.mark.parametrize("content", ["", '{"pid": 1', '{"pid": 1}', None])
def test_a_state_file_that_is_lost_or_cut_short_does_not_lose_the_server(
    server: local.Server, content: str | None
) -> None:
    state = server.home / "server.json"
    if content is None:
        state.unlink()
    else:
        state.write_text(content, encoding="utf-8")
    assert start(server.home) == server


def test_another_port_than_the_one_it_runs_on_is_refused(server: local.Server) -> None:
    assert start(server.home, port=server.port) == server
    with pytest.raises(GraphError, match=f"already runs on port {server.port}, not on 1.*graph down"):
        start(server.home, port=1)


def test_a_port_that_is_taken_is_named_before_anything_starts_and_used_once_it_is_free(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(GraphUnreachable, match=f"Port {port} is taken"):
            start(home, port=port)
    assert not local.status(home).is_running
    assert start(home, port=port).port == port


def test_a_password_file_that_does_not_fit_is_named_and_restoring_it_helps(server: local.Server) -> None:
    file = server.home / "password"
    file.write_text("another password", encoding="utf-8")
    try:
        with pytest.raises(GraphAuthenticationFailed) as error:
            start(server.home)
    finally:
        file.write_text(server.password, encoding="utf-8")
    assert error.value.where == str(file)
    assert start(server.home) == server


def test_a_lost_or_wrong_password_starts_nothing_until_the_users_are_forgotten(home: Path) -> None:
    start(home)
    local.stop(home)
    file, users = home / "password", home / "data" / "config" / "server-users.jsonl"
    file.unlink()
    with pytest.raises(GraphError, match="password file of the embedded graph server is missing") as lost:
        start(home)
    assert str(users) in lost.value.remedy
    chosen = "another password"
    file.write_text(chosen, encoding="utf-8")
    with pytest.raises(GraphAuthenticationFailed) as wrong:
        start(home)
    assert str(users) in wrong.value.remedy
    assert not local.status(home).is_running
    users.unlink()
    assert start(home).password == chosen


def test_a_server_that_dies_at_the_start_shows_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(GraphUnreachable, match="ended while it started") as error:
        local.start(home, environment={"WARRANT_GRAPH_MEMORY": "1m"})
    assert "heap" in error.value.what
    assert error.value.where == str(home / "server.log")
    assert not local.status(home).is_running


@pytest.mark.parametrize("memory", ["2", "lots", "0g", "2g -Dx=y", "-1g"])
def test_an_amount_of_memory_that_is_none_is_an_error(home: Path, memory: str) -> None:
    with pytest.raises(GraphError, match="is no amount of memory") as error:
        local.start(home, environment={"WARRANT_GRAPH_MEMORY": memory})
    assert error.value.where == "WARRANT_GRAPH_MEMORY"


def test_a_platform_without_the_server_s_java_is_told_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "elsewhere" / "arcadedb_embedded"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(package.parent))
    with pytest.raises(GraphUnreachable, match=r"brings no Java for .* point WARRANT_GRAPH to a Neo4j"):
        start(home)


def test_each_database_is_its_own_and_dropping_one_leaves_the_other(embedded_server: local.Server) -> None:
    with contextlib.ExitStack() as stores:
        targets = [embedded_target(embedded_server, name) for name in ("own-1", "own-2")]
        first, second = (stores.enter_context(GraphStore.connect(target)) for target in targets)
        first.write("CREATE (:Customer)")
        assert second.read("MATCH (n) RETURN count(n) AS nodes") == [{"nodes": 0}]
        local.ensure_database(embedded_server, "own-1")
        assert first.read("MATCH (n) RETURN count(n) AS nodes") == [{"nodes": 1}]
        local.drop_database(embedded_server, "own-1")
        assert second.read("MATCH (n) RETURN count(n) AS nodes") == [{"nodes": 0}]
        with pytest.raises(GraphError, match="has no database `own-1`"):
            first.read("RETURN 1")
    local.drop_database(embedded_server, "own-1")
    local.drop_database(embedded_server, "own-2")


def test_a_playbook_without_a_server_of_its_own_gets_a_database_on_the_embedded_one(server: local.Server) -> None:
    target = resolve_target(server.home, "Grocer (north)", SMALL)
    assert (target.uri, target.kind, target.database) == (server.uri, "embedded", database_name("Grocer (north)"))
    assert resolve_target(server.home, "Grocer (north)", SMALL, "embedded") == target
    with GraphStore.connect(target) as store:
        claim(store, "Grocer (north)")
        assert store.read("MATCH (n) RETURN labels(n) AS labels") == [{"labels": ["WarrantGraph"]}]


def test_a_database_name_that_the_server_does_not_take_is_an_error(embedded_server: local.Server) -> None:
    with pytest.raises(GraphError, match="could not be created"):
        local.ensure_database(embedded_server, "../outside")


def test_asking_a_stopped_server_for_a_database_says_how_to_start_it(embedded_server: local.Server) -> None:
    stopped = dataclasses.replace(embedded_server, http_port=embedded_process.free_port())
    with pytest.raises(GraphUnreachable, match="warrant graph up"):
        local.ensure_database(stopped, "grocer")
