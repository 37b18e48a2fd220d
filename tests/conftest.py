"""One graph server of each kind per test session, started when the first test asks for it, and clean stores on them.

Neo4j: WARRANT_TEST_NEO4J (with WARRANT_TEST_NEO4J_USER and WARRANT_TEST_NEO4J_PASSWORD) names a running server; else
one is started from its published artifacts when Maven and a JDK 17 are there. WARRANT_REQUIRE_NEO4J=1 turns a skip
into a failure. A database that holds anything the tests did not put there is left alone.
"""

import itertools
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import neo4j
import neo4j.exceptions
import pytest

from graph import local
from graph.embedded_process import free_port
from graph.store import GraphStore
from graph.target import Target, embedded_target

SERVERS = Path(__file__).parent / "servers"

# A schema object marks a database as the tests' own, because it survives the deletion of all nodes.
TESTS_OWN = "warrant_tests_own_this_database"


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Server]:
    home = tmp_path_factory.mktemp("graph-home")
    yield local.start(home, environment={"WARRANT_GRAPH_MEMORY": "1g"})
    local.stop(home)


@pytest.fixture(scope="session")
def embedded_target_factory(embedded_server: local.Server) -> Iterator[Callable[[], Target]]:
    """Call it for a fresh, empty database; all of them are dropped at the end."""
    targets: list[Target] = []
    numbers = itertools.count(1)

    def fresh() -> Target:
        targets.append(embedded_target(embedded_server, f"test-{next(numbers)}"))
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
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A Neo4j whose database is the tests' own."""
    uri = os.environ.get("WARRANT_TEST_NEO4J")
    if uri:
        user = os.environ.get("WARRANT_TEST_NEO4J_USER", "neo4j")
        password = os.environ.get("WARRANT_TEST_NEO4J_PASSWORD", "")
        yield _owned_by_tests(Target(uri=uri, user=user, password=password, database=None, kind="neo4j"))
        return
    missing = [program for program in ("mvn", "java") if shutil.which(program) is None]
    if missing:
        _without_neo4j(f"Neo4j needs WARRANT_TEST_NEO4J, or a JDK 17 and Maven; missing: {', '.join(missing)}")
    home = tmp_path_factory.mktemp("neo4j")
    port = free_port()
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            ["java", "-Xmx1g", "-cp", _class_path(), str(SERVERS / "Neo4jServer.java"), str(home / "data"), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield _owned_by_tests(_first_login(server, f"bolt://127.0.0.1:{port}", home / "server.log"))
        finally:
            server.kill()  # its home is thrown away, so that a clean shutdown would only take time
            server.wait(timeout=60)


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


def _without_neo4j(reason: str) -> None:
    if os.environ.get("WARRANT_REQUIRE_NEO4J") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _class_path() -> str:
    """The server's class path, resolved by Maven once and again when the recipe changes or a file is gone."""
    recipe = SERVERS / "pom.xml"
    cache = SERVERS / ".cache" / "class-path.txt"
    if cache.exists() and cache.stat().st_mtime > recipe.stat().st_mtime:
        known = cache.read_text(encoding="utf-8").strip()
        if all(Path(jar).exists() for jar in known.split(os.pathsep)):
            return known
    cache.parent.mkdir(exist_ok=True)
    draft = cache.with_suffix(f".{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(recipe), "dependency:build-classpath", f"-Dmdep.outputFile={draft}"]
    resolved = subprocess.run(command, capture_output=True, text=True, check=False)
    if resolved.returncode != 0:
        _without_neo4j(f"Maven could not fetch Neo4j: {resolved.stdout.strip()[-500:]}")
    draft.replace(cache)
    return cache.read_text(encoding="utf-8").strip()


def _first_login(server: "subprocess.Popen[bytes]", uri: str, log: Path) -> Target:
    """Wait for the server and replace the password that every new Neo4j has."""
    password = secrets.token_urlsafe(16)
    change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
    deadline = time.monotonic() + 120
    while True:
        try:
            with neo4j.GraphDatabase.driver(uri, auth=("neo4j", "neo4j")) as driver:
                driver.verify_connectivity()
                driver.execute_query(change, password=password, database_="system")
            return Target(uri=uri, user="neo4j", password=password, database="neo4j", kind="neo4j")
        except neo4j.exceptions.DriverError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(encoding="utf-8", errors="replace")
                pytest.fail(f"Neo4j did not start ({error}):\n{text[-2000:]}")
            time.sleep(0.25)


def _owned_by_tests(target: Target) -> Target:
    with GraphStore.connect(target) as store:
        marked = store.read("SHOW CONSTRAINTS YIELD name WHERE name = $name RETURN name", name=TESTS_OWN)
        if not marked and store.read("MATCH (any) RETURN count(any) AS nodes")[0]["nodes"] > 0:
            pytest.fail(f"The database at {target.uri} holds nodes that no test wrote. Give the tests an empty one.")
        store.write(f"CREATE CONSTRAINT {TESTS_OWN} IF NOT EXISTS FOR (t:WarrantTests) REQUIRE t.key IS UNIQUE")
    return target


def _wipe(store: GraphStore) -> None:
    while store.write("MATCH (any) WITH any LIMIT 10000 DETACH DELETE any").nodes_deleted:
        pass
    for kind, listing in (("CONSTRAINT", "SHOW CONSTRAINTS YIELD name"), ("INDEX", "SHOW INDEXES YIELD name, type")):
        condition = "" if kind == "CONSTRAINT" else " AND type <> 'LOOKUP'"
        for row in store.read(f"{listing} WHERE NOT name STARTS WITH $own{condition} RETURN name", own=TESTS_OWN):
            store.write(f"DROP {kind} `{row['name']}` IF EXISTS")
