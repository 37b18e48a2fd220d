"""The operating system's side of the embedded graph server: its command, its process, its files, free ports.

The server is a Java process of its own, never a child of ours: it outlives the command that started it.
What belongs here: everything that can be said without speaking to the server. Speaking to it: `graph.local`.
"""

import importlib.util
import json
import os
import platform
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from graph.errors import GraphError, GraphMisconfigured, GraphUnreachable

DEFAULT_MEMORY = "2g"
COMMAND_TIMEOUT_SECONDS = 900
"""No single statement runs longer: the server itself ignores the time limits of transactions."""

_MARK = "-Dwarrant.graph.home="
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
_SUPPORTED = "Linux with glibc 2.34 or newer (x86_64, aarch64), macOS on arm64, Windows on x86_64"

# A short-lived interpreter starts the server and leaves at once, so that the server belongs to the system (no zombie,
# no terminal, no signal of ours reaches it). Arguments: log file, working folder, then the command.
_LAUNCHER = """
import subprocess, sys
log, folder, *command = sys.argv[1:]
apart = {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
with open(log, "ab") as output:
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, **apart)
print(server.pid)
"""


@dataclass(frozen=True)
class Running:
    """A server process and where it listens, as written to `server.json`."""

    pid: int
    port: int
    http_port: int
    version: str


@dataclass(frozen=True)
class Files:
    """The files of one graph home."""

    home: Path

    @property
    def state(self) -> Path:
        """Process id, ports and version of the server that was started last."""
        return self.home / "server.json"

    @property
    def password(self) -> Path:
        """The server's password, readable by its owner only."""
        return self.home / "password"

    @property
    def log(self) -> Path:
        """What the server said since its last start."""
        return self.home / "server.log"

    @property
    def previous_log(self) -> Path:
        """What it said the time before."""
        return self.home / "server.previous.log"

    @property
    def start_lock(self) -> Path:
        """Held while somebody starts or stops the server."""
        return self.home / "start.lock"

    @property
    def data(self) -> Path:
        """The server's own folder: its databases and its users."""
        return self.home / "data"

    @property
    def users(self) -> Path:
        """Where the server keeps its users; it takes the password only while this is missing."""
        return self.data / "config" / "server-users.jsonl"


def find_running(files: Files) -> Running | None:
    """The server of this graph home, if it lives; a process id reused by another program does not count."""
    if not files.state.exists():
        return None
    try:
        running = Running(**json.loads(files.state.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None  # cut short by a full disk: `find_stray` still finds the process
    return running if _serves(running.pid, files.home) else None


def find_stray(files: Files) -> Running | None:
    """A server of this graph home that no file names: its starter was killed before it could write one."""
    for process in psutil.process_iter(["pid"]):
        if _serves(process.pid, files.home):
            options = dict(option.split("=", 1) for option in _command_line(process.pid) if "=" in option)
            return Running(
                pid=process.pid,
                port=int(options["-Darcadedb.bolt.port"]),
                http_port=int(options["-Darcadedb.server.httpIncomingPort"]),
                version=installed_version(),
            )
    return None


def launch(files: Files, *, port: int, http_port: int, memory: str) -> Running:
    """Start the server as a process of its own and write down where it is."""
    files.data.mkdir(exist_ok=True)
    if files.log.exists():
        files.log.replace(files.previous_log)
    command = [str(java()), *_options(files, port=port, http_port=http_port, memory=memory)]
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(files.log), str(files.data), *command]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    launched = subprocess.run(  # noqa: S603  (our own launcher, the package's own Java)
        launcher, env=environment, capture_output=True, text=True, check=False
    )
    if launched.returncode != 0:
        raise GraphUnreachable(
            f"The embedded graph server could not be started: {launched.stderr.strip().splitlines()[-1]}",
            where=str(files.home),
            remedy="Check that this user may run programs and write to the folder.",
        )
    running = Running(pid=int(launched.stdout), port=port, http_port=http_port, version=installed_version())
    write_state(files, running)
    return running


def write_state(files: Files, running: Running) -> None:
    """Write `server.json` in one step, so that no reader ever sees half of it."""
    draft = files.state.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(running)) + "\n", encoding="utf-8")
    draft.replace(files.state)


def end(files: Files, pid: int, *, patience_seconds: float) -> None:
    """Ask the server to stop, wait, then insist; the file that names it goes last."""
    try:
        process = psutil.Process(pid)
        process.terminate()
        _wait_until_gone(pid, patience_seconds)
        if is_alive(pid):
            process.kill()
            _wait_until_gone(pid, patience_seconds)
    except psutil.NoSuchProcess:
        pass  # gone in the meantime, which is what we want
    files.state.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits for its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def resident_bytes(pid: int) -> int:
    """Resident memory of the process in bytes, 0 once it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def password(files: Files) -> str:
    """The graph home's password, generated once, in a file that only its owner can read.

    Raises:
        GraphError: When the server already has users and the file is gone: a new password would not open it.
    """
    if files.password.exists():
        return files.password.read_text(encoding="utf-8").strip()
    if files.users.exists():
        raise GraphError(
            "The password file of the embedded graph server is missing.",
            where=str(files.password),
            remedy=f"Restore it, or delete {files.users} so that the next start sets a new password.",
        )
    descriptor = os.open(files.password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(24))
    return files.password.read_text(encoding="utf-8")


def memory_limit(environment: Mapping[str, str]) -> str:
    """Heap limit of the server, from WARRANT_GRAPH_MEMORY (such as `512m` or `4g`), else 2g."""
    limit = environment.get("WARRANT_GRAPH_MEMORY") or DEFAULT_MEMORY
    if not re.fullmatch(r"[1-9]\d*[mMgG]", limit):
        raise GraphMisconfigured(
            f"`{limit}` is no amount of memory.",
            where="WARRANT_GRAPH_MEMORY",
            remedy="Write a number and m or g, such as 512m or 4g.",
        )
    return limit


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_taken(port: int) -> bool:
    """Whether somebody already listens on this port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def log_tail(files: Files, lines: int = 12) -> str:
    """The last lines that the server wrote."""
    try:
        text = files.log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def has_failed(files: Files) -> bool:
    """Whether the server gave up starting; its process then stays without serving anything."""
    return 'Exception in thread "main"' in log_tail(files, lines=200)


def installed_version() -> str:
    """Version of the installed embedded server."""
    try:
        return version("arcadedb-embedded")
    except PackageNotFoundError as missing:
        raise _not_installed() from missing


def java() -> Path:
    """The Java program that comes with the embedded server."""
    program = _package() / "jre" / "bin" / ("java.exe" if sys.platform == "win32" else "java")
    if not program.exists():
        raise GraphUnreachable(
            f"The embedded graph server brings no Java for {platform.system()} on {platform.machine()}.",
            where=str(program),
            remedy=f"It runs on {_SUPPORTED}. Elsewhere, point WARRANT_GRAPH to a Neo4j 5.26 server (bolt://host:7687).",
        )
    return program


def _package() -> Path:
    specification = importlib.util.find_spec("arcadedb_embedded")
    if specification is None or specification.origin is None:
        raise _not_installed()
    return Path(specification.origin).parent


def _not_installed() -> GraphUnreachable:
    return GraphUnreachable(
        "The embedded graph server is not installed.",
        where="arcadedb-embedded",
        remedy=f"Install arcadedb-embedded ({_SUPPORTED}), or point WARRANT_GRAPH to a Neo4j 5.26 server.",
    )


def _options(files: Files, *, port: int, http_port: int, memory: str) -> Sequence[str]:
    settings = {
        "server.rootPath": files.data,
        "server.databaseDirectory": files.data / "databases",
        "server.logsDirectory": files.data,
        "server.rootPasswordPath": files.password,  # a file, because a command line is for everybody to read
        "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "server.databaseLoadAtStartup": "false",  # each database opens with its first question
        "server.httpIncomingHost": "127.0.0.1",
        "server.httpIncomingPort": http_port,
        "bolt.host": "127.0.0.1",
        "bolt.port": port,
        "command.timeout": COMMAND_TIMEOUT_SECONDS * 1000,
        "dateTimeImplementation": "java.time.ZonedDateTime",
        "typeDefaultBuckets": 1,
        "txWalFlush": 1,
        "opencypher.loadCsv.allowFileUrls": "false",
        "opencypher.loadCsv.allowRemoteUrls": "false",
        "polyglotEngineEnabled": "false",
        "support.autoRegister": "false",
    }
    return (
        f"-Xmx{memory}",
        "--add-modules",
        "jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        f"{_MARK}{files.home}",
        *(f"-Darcadedb.{name}={value}" for name, value in settings.items()),
        "-cp",
        str(_package() / "jars" / "*"),
        "com.arcadedb.server.ArcadeDBServer",
    )


def _serves(pid: int, home: Path) -> bool:
    return is_alive(pid) and f"{_MARK}{home}" in _command_line(pid)


def _command_line(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []  # gone, or another user's: not ours either way


def _wait_until_gone(pid: int, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
