"""What a server's complaint, or its silence, means in our words: what is wrong, where, and what to do."""

from graph.errors import (
    GraphAuthenticationFailed,
    GraphConflict,
    GraphError,
    GraphRefused,
    GraphStatementFailed,
    GraphUnreachable,
)
from graph.target import Target

_LONGEST_REASON = 400
_NO_BOLT = ("handshake", "looks like HTTP")
_CONFLICTING = ("ConstraintValidationFailed", "ConstraintCreationFailed")
_TIMED_OUT = ("TransactionTimedOut", "TransactionTimedOutClientConfiguration", "Terminated")


def not_signed_in(target: Target, reason: str | None) -> GraphAuthenticationFailed:
    """The server answers and does not accept user and password."""
    return GraphAuthenticationFailed(
        f"The graph server does not accept user `{target.user}`: {_one_line(reason)}.",
        where=target.uri,
        remedy=(
            "Set WARRANT_GRAPH_USER and WARRANT_GRAPH_PASSWORD to a user of that server."
            if target.kind == "neo4j"
            else "Restart it with `warrant graph down` and `warrant graph up`, which know its password."
        ),
    )


def connection_error(target: Target, reason: str) -> GraphUnreachable:
    """Nothing answers, or something that speaks another protocol."""
    if any(sign in reason for sign in _NO_BOLT):
        return GraphUnreachable(
            "Something answers there, but it does not speak Bolt.",
            where=target.uri,
            remedy="Give the server's Bolt port (usually 7687), not the one of its web page (7474).",
        )
    return GraphUnreachable(
        f"No graph server answers: {_one_line(reason)}.",
        where=target.uri,
        remedy=(
            "Start that server, or correct WARRANT_GRAPH."
            if target.kind == "neo4j"
            else "Start it with `warrant graph up`."
        ),
    )


def statement_error(
    target: Target, statement: str, code: str | None, message: str | None, *, is_from_person: bool
) -> GraphError:
    """The server could not run a statement, by its code (`Neo.ClientError.….…`) and message."""
    code = code or ""
    if code.endswith(("CredentialsExpired", "AuthenticationRateLimit")):
        return not_signed_in(target, message)
    if code.endswith("DatabaseNotFound"):
        return GraphError(
            f"The graph server has no database `{target.database}`: {_one_line(message)}.",
            where=target.uri,
            remedy="Run the playbook once, which creates it.",
        )
    kind = GraphStatementFailed if is_from_person else GraphError
    if code.endswith(_TIMED_OUT):
        return kind(
            "The statement took too long and was ended.",
            where=statement.strip(),
            remedy="Ask for less: fewer hops, a label on every node, a LIMIT.",
        )
    if code.endswith("AccessMode"):
        return written_in_a_read(statement)
    if code.endswith(_CONFLICTING) and not is_from_person:
        return GraphConflict(
            f"A key is there twice ({code}): {_one_line(message)}.",
            where=statement.strip(),
            remedy="Make sure that nobody else writes to this graph, then run the day again.",
        )
    return kind(
        f"The graph server refused a statement ({code}): {_one_line(message)}.",
        where=statement.strip(),
        remedy=(
            "Correct it; CALL db.labels() and CALL db.propertyKeys() list the names there are."
            if is_from_person
            else "Warrant wrote this statement: report it with this message."
        ),
    )


def abandoned(statement: str, seconds: float) -> GraphStatementFailed:
    """The server was told to end a statement and has not: nobody waits for it any more."""
    return GraphStatementFailed(
        f"The statement took longer than {seconds:g} seconds; the server does not end it, so nobody waits any more.",
        where=statement.strip(),
        remedy="Ask for less: shorter lists, fewer hops, a LIMIT. Until it is done, the server is slower for others.",
    )


def written_in_a_read(statement: str) -> GraphRefused:
    """Something that writes was run as something that reads; nothing of it stays."""
    return GraphRefused(
        "A statement that writes was run as one that reads.",
        where=statement.strip(),
        remedy="Ask with MATCH … RETURN only; Warrant itself writes with write or write_batches.",
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())[:_LONGEST_REASON].rstrip(".")
