"""One graph server of each kind per test session, started when the first test asks for it, and clean stores on them.

Neo4j: WARRANT_TEST_NEO4J (with WARRANT_TEST_NEO4J_USER and WARRANT_TEST_NEO4J_PASSWORD) names a running server; else
one is started from its published artifacts when Maven and a JDK 17 are there. WARRANT_REQUIRE_NEO4J=1 turns a skip
into a failure. A database that holds anything the tests did not put there is left alone.

With `-n` several workers share the session. The embedded server belongs to whoever started pytest, and each test has
databases of its own on it. Neo4j has one database, so that one worker runs all its tests and owns it. The tests of a
file stay together, because they share what the file sets up.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

# Workers fill the cores. More threads of linear algebra than cores wait for each other by spinning, 25 times as long as
# the work takes; numpy reads this once, when it is loaded, and programs that tests start inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from graph import local
from graph.store import GraphStore
from graph.target import Target, embedded_target

# The embedded server outlives whoever starts it; this waits for the tests to end, even by a kill, and stops it. After a
# kill it keeps looking for a while, since a worker that is still starting may start the server once more.
STOP_AFTERWARDS = """
import shutil, sys, time
from pathlib import Path
from graph import local
looks = 1 if sys.stdin.read() else 30
home = Path(sys.argv[1])
for look in range(looks):
    time.sleep(2 if look else 0)
    if home.exists():
        local.stop(home)
for folder in sys.argv[2:]:
    shutil.rmtree(folder, ignore_errors=True)
"""
ENDED = b"ended"

CANNOT_BE_HAD = 3  # exit code of servers/neo4j_server.py

# A schema object marks a database as the tests' own, because it survives the deletion of all nodes.
TESTS_OWN = "warrant_tests_own_this_database"


SHARED = pytest.StashKey[Path]()  # where the servers of a session with workers are at home
WATCH = pytest.StashKey["subprocess.Popen[bytes]"]()

# A test starts a Python in many places, and compiling everything that it imports takes longer than the test.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# ---- several workers


def pytest_itemcollected(item: pytest.Item) -> None:
    if "neo4j_server" in getattr(item, "fixturenames", ()):
        item.add_marker("neo4j")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler.loadgroup import LoadGroupScheduling  # type: ignore[import-untyped]  # it ships no types

    class WholeFiles(LoadGroupScheduling):  # type: ignore[misc]  # for the same reason
        """Neo4j's tests in one piece, then the files with whole days, then the others, so that all end together."""

        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            names = ("neo4j", "remote_server")  # in which Neo4j is asked for
            return "neo4j" if any(name in test for name in names) else file

        def _assign_work_unit(self, node: Any) -> None:
            first = min(self.workqueue, key=_turn)
            self.workqueue.move_to_end(first, last=False)
            super()._assign_work_unit(node)

    return WholeFiles(config, log)


def _turn(scope: str) -> int:
    turns = ("neo4j", "tests/integration/", "tests/scenarios/", "tests/")
    return next(turn for turn, start in enumerate(turns) if scope.startswith(start))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    stash = node.config.stash
    if SHARED not in stash:
        stash[SHARED] = Path(tempfile.mkdtemp(prefix="warrant-tests-"))
        stash[WATCH] = _watch(stash[SHARED] / "graph-home", stash[SHARED])
    node.workerinput["shared"] = str(stash[SHARED])


def pytest_unconfigure(config: pytest.Config) -> None:
    if WATCH in config.stash:
        config.stash[WATCH].communicate(ENDED)  # waits until the server has stopped


def _watch(home: Path, *folders: Path) -> "subprocess.Popen[bytes]":
    """Stop the server of this home and remove the folders when our process ends or closes the watch's input."""
    return subprocess.Popen([sys.executable, "-c", STOP_AFTERWARDS, home, *folders], stdin=subprocess.PIPE)


# ---- servers and stores


@pytest.fixture(scope="session")
def embedded_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Server]:
    memory = {"WARRANT_GRAPH_MEMORY": "1g"}
    if shared := getattr(request.config, "workerinput", {}).get("shared"):
        yield local.start(Path(shared) / "graph-home", environment=memory)  # the first worker starts it
        return
    home = tmp_path_factory.mktemp("graph-home")
    with _watch(home) as watch:
        yield local.start(home, environment=memory)
        watch.communicate(ENDED)


@pytest.fixture(scope="session")
def embedded_target_factory(embedded_server: local.Server) -> Iterator[Callable[[], Target]]:
    """Call it for a fresh, empty database; all of them are dropped at the end."""
    targets: list[Target] = []

    def fresh() -> Target:
        targets.append(embedded_target(embedded_server, f"test-{secrets.token_hex(6)}"))
        return targets[-1]

    yield fresh
    for target in targets:
        local.drop_database(embedded_server, str(target.database))


@pytest.fixture
def embedded_store(embedded_server: local.Server) -> Iterator[GraphStore]:
    """A store on a fresh database of the embedded server."""
    name = f"test-{secrets.token_hex(6)}"
    with GraphStore.connect(embedded_target(embedded_server, name)) as store:
        yield store
    local.drop_database(embedded_server, name)


@pytest.fixture(scope="session")
def neo4j_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A Neo4j whose database is the tests' own."""
    _insist_on_one_worker(getattr(request.config, "workerinput", {}))
    uri = os.environ.get("WARRANT_TEST_NEO4J")
    if uri:
        user = os.environ.get("WARRANT_TEST_NEO4J_USER", "neo4j")
        password = os.environ.get("WARRANT_TEST_NEO4J_PASSWORD", "")
        yield _owned_by_tests(Target(uri=uri, user=user, password=password, database=None, kind="neo4j"))
        return
    home = tmp_path_factory.mktemp("neo4j")
    command = [sys.executable, str(Path(__file__).parent / "servers" / "neo4j_server.py"), str(home)]
    with (
        (home / "errors.log").open("wb+") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        assert server.stdout is not None
        where = server.stdout.readline()  # closing its input at the end stops it
        if not where:
            _without_neo4j(server.wait(), (home / "errors.log").read_text(encoding="utf-8").strip())
        yield _owned_by_tests(Target(**json.loads(where), kind="neo4j"))


@pytest.fixture
def neo4j_store(neo4j_server: Target) -> Iterator[GraphStore]:
    """A store on the tests' Neo4j, emptied first."""
    with GraphStore.connect(neo4j_server) as store:
        _wipe(store)
        yield store


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def graph_store(request: pytest.FixtureRequest) -> GraphStore:
    """A clean store, on the embedded server and on Neo4j in turn."""
    store = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(store, GraphStore)
    return store


def _insist_on_one_worker(worker: Mapping[str, Any]) -> None:
    """Neo4j has one database: two workers on it would empty it for each other."""
    if not worker:
        return
    owner = Path(worker["shared"]) / "neo4j-owner"
    try:
        with owner.open("x", encoding="utf-8") as mine:
            mine.write(worker["workerid"])
    except FileExistsError:
        if owner.read_text(encoding="utf-8") != worker["workerid"]:
            pytest.fail("A test asks for Neo4j in another worker than its own: give its name the word `neo4j`.")


def _without_neo4j(exit_code: int, errors: str) -> None:
    if exit_code != CANNOT_BE_HAD or os.environ.get("WARRANT_REQUIRE_NEO4J") == "1":
        pytest.fail(f"Neo4j did not start:\n{errors}")
    pytest.skip(f"{errors.splitlines()[-1]}, or WARRANT_TEST_NEO4J")


def _owned_by_tests(target: Target) -> Target:
    with GraphStore.connect(target) as store:
        marked = store.read("SHOW CONSTRAINTS YIELD name WHERE name = $name RETURN name", name=TESTS_OWN)
        if not marked and store.read("MATCH (any) RETURN count(any) AS nodes")[0]["nodes"] > 0:
            pytest.fail(f"The database at {target.uri} holds nodes that no test wrote. Give the tests an empty one.")
        store.write(f"CREATE CONSTRAINT {TESTS_OWN} IF NOT EXISTS FOR (t:WarrantTests) REQUIRE t.key IS UNIQUE")
    return target


def _wipe(store: GraphStore) -> None:
    for statement in (
        "MATCH ()-[any]->() WITH any LIMIT 20000 DELETE any",
        "MATCH (any) WITH any LIMIT 20000 DELETE any",
    ):
        while store.write(statement).has_changes:
            pass
    for kind, listing in (("CONSTRAINT", "SHOW CONSTRAINTS YIELD name"), ("INDEX", "SHOW INDEXES YIELD name, type")):
        condition = "" if kind == "CONSTRAINT" else " AND type <> 'LOOKUP'"
        for row in store.read(f"{listing} WHERE NOT name STARTS WITH $own{condition} RETURN name", own=TESTS_OWN):
            store.write(f"DROP {kind} `{row['name']}` IF EXISTS")
