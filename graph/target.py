"""Which graph a playbook uses: the server that WARRANT_GRAPH or the playbook names, else the embedded one.

On Neo4j Community there is one database for everybody; on the embedded server each playbook has its own.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from graph import local
from graph.errors import GraphMisconfigured

EMBEDDED = "embedded"

_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_RESERVED = frozenset({"system", "neo4j"})
_LONGEST_NAME = 48


@dataclass(frozen=True)
class Target:
    """One database on one server.

    Attributes:
        uri: Where it answers Bolt.
        user: User to sign in as.
        password: Their password; empty where the server asks for none.
        database: Its name; None is the user's home database.
        kind: Which of the two servers it is.
        lock_folder: Where the processes of this machine take turns at writing; the embedded server takes one
            writer at a time. None leaves turns to the server.
    """

    uri: str
    user: str
    password: str = field(repr=False)
    database: str | None
    kind: Literal["embedded", "neo4j"]
    lock_folder: Path | None = None


def resolve_target(
    home: Path,
    playbook_name: str,
    environment: Mapping[str, str],
    configured: str | None = None,
    *,
    report: Callable[[str], None] | None = None,
) -> Target:
    """The database of a playbook; starts the embedded server when that is what the playbook uses.

    Args:
        home: Graph home of the embedded server, `$WARRANT_HOME/graph`.
        playbook_name: Names the database on the embedded server.
        environment: Read for WARRANT_GRAPH (wins over `configured`), WARRANT_GRAPH_USER and WARRANT_GRAPH_PASSWORD.
        configured: What the playbook says: a Bolt address, `embedded`, or nothing.
        report: Told, in sentences, what is being waited for.

    Raises:
        GraphMisconfigured: When the address is none.
        GraphUnreachable: When the embedded server does not start.
    """
    from_environment = environment.get("WARRANT_GRAPH")
    address = from_environment or configured or EMBEDDED
    if address != EMBEDDED:
        check_address(address, where="WARRANT_GRAPH" if from_environment else "`graph` in the playbook")
        return Target(
            uri=address,
            user=environment.get("WARRANT_GRAPH_USER") or "neo4j",
            password=environment.get("WARRANT_GRAPH_PASSWORD", ""),
            database=None,
            kind="neo4j",
        )
    return embedded_target(local.start(home, environment=environment, report=report), database_name(playbook_name))


def embedded_target(server: local.Server, database: str) -> Target:
    """A database on the embedded server, created when missing."""
    local.ensure_database(server, database)
    return Target(
        uri=server.uri,
        user=local.USER,
        password=server.password,
        database=database,
        kind="embedded",
        lock_folder=server.home / "locks",
    )


def database_name(playbook_name: str) -> str:
    """A name that the embedded server and every file system take; different playbooks get different names.

    >>> database_name("grocer")
    'grocer'
    >>> database_name("Grocer (north)")
    'grocer-north-3fcce3ba'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", playbook_name.lower()).strip("-")[:_LONGEST_NAME]
    if plain and plain == playbook_name and plain not in _RESERVED:
        return plain
    return "-".join(part for part in (plain, hashlib.sha256(playbook_name.encode()).hexdigest()[:8]) if part)


def check_address(address: str, *, where: str) -> None:
    """Refuse what is no Bolt address, or one that holds a password.

    Raises:
        GraphError: With the schemes that there are.
    """
    parts = urlsplit(address)
    try:
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        is_address = False
    if not is_address:
        raise GraphMisconfigured(
            f"`{_without_credentials(address)}` is no Bolt address.",
            where=where,
            remedy=f"Write one such as bolt://localhost:7687 (schemes: {', '.join(_SCHEMES)}), or `{EMBEDDED}`.",
        )
    if parts.username or parts.password:
        raise GraphMisconfigured(
            "A graph address must not hold a user or password.",
            where=where,
            remedy="Put them into WARRANT_GRAPH_USER and WARRANT_GRAPH_PASSWORD.",
        )


def _without_credentials(address: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", address)
