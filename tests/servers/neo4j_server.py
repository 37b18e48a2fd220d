"""Runs a throw-away Neo4j Community from its published artifacts: python tests/servers/neo4j_server.py HOME

Needs Maven and a JDK 17. Prints one line of JSON (uri, user, password, database) once the server takes the new
password, then serves until its input is closed; so it never outlives the tests that started it. Exit code 3: Neo4j
cannot be had here, and the last line of the errors says why.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import neo4j
import neo4j.exceptions

HERE = Path(__file__).parent
START_SECONDS = 120
CANNOT_BE_HAD = 3

# A server of a few minutes never earns back what the optimising compiler and a parallel collector cost its neighbours.
JAVA_OPTIONS = ("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def main(home: Path) -> int:
    """Start, sign in, tell where it is, and serve until the input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server is ended on this way out, too
    missing = [program for program in ("mvn", "java") if shutil.which(program) is None]
    if missing:
        return _give_up(f"Neo4j needs a JDK 17 and Maven; missing: {', '.join(missing)}")
    classes = _class_path()
    if classes is None:
        return _give_up("Maven could not fetch Neo4j")
    port = _free_port()
    home.mkdir(parents=True, exist_ok=True)
    command = ["java", *JAVA_OPTIONS, "-cp", classes, str(HERE / "Neo4jServer.java"), str(home / "data"), str(port)]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        uri = f"bolt://127.0.0.1:{port}"
        password = _replace_first_password(server, uri)
        if password is None:
            sys.stderr.write((home / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:])
            return 1
        sys.stdout.write(json.dumps({"uri": uri, "user": "neo4j", "password": password, "database": "neo4j"}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        server.kill()  # its home is thrown away, so that a clean shutdown would only take time
        server.wait()
    return 0


def _class_path() -> str | None:
    """The server's class path, resolved by Maven once, and again when the recipe changes or a file is gone."""
    recipe = HERE / "pom.xml"
    cache = HERE / ".cache" / "class-path.txt"
    if cache.exists() and cache.stat().st_mtime > recipe.stat().st_mtime:
        known = cache.read_text(encoding="utf-8").strip()
        if all(Path(jar).exists() for jar in known.split(os.pathsep)):
            return known
    cache.parent.mkdir(exist_ok=True)
    draft = cache.with_suffix(f".{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(recipe), "dependency:build-classpath", f"-Dmdep.outputFile={draft}"]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        return None
    draft.replace(cache)
    return cache.read_text(encoding="utf-8").strip()


def _replace_first_password(server: "subprocess.Popen[bytes]", uri: str) -> str | None:
    """Wait for the server and replace the password that every new Neo4j has; None when it does not come up."""
    password = secrets.token_urlsafe(16)
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with neo4j.GraphDatabase.driver(uri, auth=("neo4j", "neo4j")) as driver:
                driver.verify_connectivity()
                change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
                driver.execute_query(change, password=password, database_="system")
        except neo4j.exceptions.DriverError:
            time.sleep(0.25)
        else:
            return password
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _give_up(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return CANNOT_BE_HAD


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
