"""The embedded graph server: a loopback process that `warrant graph up` or the first need of it starts, and that stays.

Files under the graph home: `server.json` (process id, ports, version), `password` (readable by its owner only),
`server.log`, and the server's own `data/`. Two starters race safely: one starts, the other attaches.
"""

import base64
import http.client
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graph import embedded_process as process
from graph.embedded_process import Files, Running
from graph.errors import GraphAuthenticationFailed, GraphError, GraphMisconfigured, GraphUnreachable

USER = "root"
START_SECONDS = 60
STOP_SECONDS = 30

_POLL_SECONDS = 0.1
_REPORT_SECONDS = 2
_HTTP_SECONDS = 30
_ATTEMPTS = 3


@dataclass(frozen=True)
class Server:
    """A running embedded server and how to reach it."""

    home: Path
    pid: int
    port: int
    http_port: int
    version: str
    password: str = field(repr=False)

    @property
    def uri(self) -> str:
        """Where it answers Bolt."""
        return f"bolt://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Status:
    """Whether the embedded server of a graph home runs, and as what; without a server only `home` is known."""

    home: Path
    is_running: bool
    pid: int | None = None
    port: int | None = None
    version: str | None = None
    resident_bytes: int = 0


def start(
    home: Path,
    *,
    port: int | None = None,
    report: Callable[[str], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Server:
    """Start the embedded server of this graph home, or attach to it when it runs already.

    Args:
        home: The graph home; it is created when missing.
        port: Bolt port on the loopback interface; a free one when not given.
        report: Told, in sentences, what is being waited for.
        environment: Read for WARRANT_GRAPH_MEMORY.

    Raises:
        GraphUnreachable: When no server comes up, with the end of its log.
        GraphAuthenticationFailed: When the password file does not fit the server.
        GraphMisconfigured: When the server runs on another port than the one asked for.
    """
    files = _files(home)
    files.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _start_lock(files):
        running = _find(files)
        if running is not None and port not in (None, running.port):
            raise GraphMisconfigured(
                f"The embedded graph server already runs on port {running.port}, not on {port}.",
                where=str(files.home),
                remedy="Stop it first with `warrant graph down`, or leave the port out.",
            )
        if running is not None:
            try:
                return _await_answer(files, running, report or _silently)
            except GraphAuthenticationFailed:
                raise
            except GraphUnreachable:
                if process.is_alive(running.pid):
                    raise  # busy rather than gone: whoever uses it may not lose it
        return _start_new(files, port=port, report=report or _silently, memory=process.memory_limit(environment))


def status(home: Path) -> Status:
    """Whether the embedded server of this graph home runs, and its memory; never starts one."""
    files = _files(home)
    running = process.find_running(files)
    if running is None:
        return Status(home=files.home, is_running=False)
    return Status(
        home=files.home,
        is_running=True,
        pid=running.pid,
        port=running.port,
        version=running.version,
        resident_bytes=process.resident_bytes(running.pid),
    )


def stop(home: Path) -> bool:
    """Stop the embedded server of this graph home, letting it finish its work; False when none ran."""
    files = _files(home)
    if not files.home.exists():
        return False
    with _start_lock(files):
        running = _find(files)
        if running is None:
            files.state.unlink(missing_ok=True)
            return False
        process.end(files, running.pid, patience_seconds=STOP_SECONDS)
        return True


def ensure_database(server: Server, name: str) -> None:
    """Create the database if it is missing."""
    status_code, answer = _command(server, f"create database {name}")
    if status_code not in (http.client.OK, http.client.CONFLICT):
        raise _refused_command(server, f"The database `{name}` could not be created", answer)


def drop_database(server: Server, name: str) -> None:
    """Delete the database and everything in it; nothing happens when it is missing."""
    status_code, answer = _command(server, f"drop database {name}")
    if status_code != http.client.OK and "does not exist" not in str(answer.get("detail")):
        raise _refused_command(server, f"The database `{name}` could not be deleted", answer)


def _files(home: Path) -> Files:
    return Files(home.expanduser().resolve())


def _silently(_: str) -> None:
    pass


def _start_lock(files: Files) -> AbstractContextManager[object]:
    try:
        return FileLock(files.start_lock).acquire(timeout=START_SECONDS + STOP_SECONDS)
    except Timeout as held:
        raise GraphUnreachable(
            "Another process has been starting or stopping the embedded graph server for too long.",
            where=str(files.start_lock),
            remedy="Wait for it or end it, then try again.",
        ) from held


def _find(files: Files) -> Running | None:
    """The running server, known or stray; one that failed to start and stayed all the same is ended."""
    running = process.find_running(files)
    if running is None and (running := process.find_stray(files)) is not None:
        process.write_state(files, running)
    if running is not None and process.has_failed(files):
        process.end(files, running.pid, patience_seconds=STOP_SECONDS)
        return None
    return running


def _start_new(files: Files, *, port: int | None, report: Callable[[str], None], memory: str) -> Server:
    if port is not None and process.is_port_taken(port):
        raise GraphUnreachable(
            f"Port {port} is taken by another program.",
            where=f"127.0.0.1:{port}",
            remedy="Choose another port, or leave it out and a free one is taken.",
        )
    process.password(files)
    report("Starting the embedded graph server …")
    for attempt in range(_ATTEMPTS):
        # between choosing a free port and listening on it, somebody else may take it
        launched = process.launch(files, port=port or process.free_port(), http_port=process.free_port(), memory=memory)
        try:
            return _await_answer(files, launched, report)
        except GraphUnreachable:
            process.end(files, launched.pid, patience_seconds=STOP_SECONDS)
            was_port_lost = "Unable to listen" in process.log_tail(files, lines=200)
            if not was_port_lost or port is not None or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _await_answer(files: Files, running: Running, report: Callable[[str], None]) -> Server:
    """Poll until the server answers over HTTP and Bolt, its process ends, or the deadline passes."""
    server = Server(
        home=files.home,
        pid=running.pid,
        port=running.port,
        http_port=running.http_port,
        version=running.version,
        password=process.password(files),
    )
    started = time.monotonic()
    reported = started
    while not _answers(server):
        now = time.monotonic()
        if not process.is_alive(running.pid) or process.has_failed(files):
            raise _did_not_start(files, "The embedded graph server ended while it started")
        if now - started > START_SECONDS:
            raise _did_not_start(files, f"The embedded graph server did not answer within {START_SECONDS} seconds")
        if now - reported > _REPORT_SECONDS:
            report(f"Waiting for the embedded graph server, {now - started:.0f} seconds so far …")
            reported = now
        time.sleep(_POLL_SECONDS)
    return server


def _answers(server: Server) -> bool:
    """Whether the server takes our password over HTTP, which it opens last, and over Bolt."""
    import neo4j  # loading the definitions must not load a driver
    import neo4j.exceptions

    try:
        _request(server, "GET", "/api/v1/server")
        with neo4j.GraphDatabase.driver(server.uri, auth=(USER, server.password), connection_timeout=5) as driver:
            return driver.verify_authentication()
    except (OSError, http.client.HTTPException, neo4j.exceptions.DriverError):
        return False


def _command(server: Server, command: str) -> tuple[int, Mapping[str, Any]]:
    try:
        return _request(server, "POST", "/api/v1/server", {"command": command})
    except (OSError, http.client.HTTPException) as silent:
        raise GraphUnreachable(
            f"The embedded graph server does not answer: {silent}.",
            where=f"http://127.0.0.1:{server.http_port}",
            remedy="Start it with `warrant graph up`.",
        ) from silent


def _request(
    server: Server, method: str, path: str, body: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, Any]]:
    """One HTTP request to the server's own interface, on loopback and past any proxy."""
    credentials = base64.b64encode(f"{USER}:{server.password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=_HTTP_SECONDS)
    try:
        connection.request(method, path, body=json.dumps(body) if body else None, headers=headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        files = Files(server.home)
        raise GraphAuthenticationFailed(
            "The embedded graph server does not accept the password of its graph home.",
            where=str(files.password),
            remedy=(
                "Restore the file; or stop the server with `warrant graph down` and delete "
                f"{files.users} so that the next start sets the password in the file."
            ),
        )
    return response.status, json.loads(answer) if answer else {}


def _did_not_start(files: Files, what: str) -> GraphUnreachable:
    return GraphUnreachable(
        f"{what}. The end of its log:\n{process.log_tail(files)}\n",
        where=str(files.log),
        remedy="Set WARRANT_GRAPH_MEMORY lower if memory is short; start it again with `warrant graph up`.",
    )


def _refused_command(server: Server, what: str, answer: Mapping[str, Any]) -> GraphError:
    return GraphError(
        f"{what}: {answer.get('detail') or answer.get('error')}.",
        where=f"http://127.0.0.1:{server.http_port}",
        remedy=f"See the server's log, {Files(server.home).log}.",
    )
