"""Which statements only read."""

from graph.errors import GraphRefused


def refuse_writes(statement: str) -> None:
    """Refuse a statement that writes."""
    raise GraphRefused("Questions of people are not answered yet.", where=statement.strip())


def is_explanation(statement: str) -> bool:
    """Whether it is explained only."""
    return statement.lstrip().upper().startswith(("EXPLAIN", "PROFILE"))
