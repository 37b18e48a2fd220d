"""Identity: who is who among customers and visitors, by shared identifiers and by what people decided."""

from graph.identity.decisions import DECIDED_COLUMNS, MERGED, SPLIT, Decisions, decisions_in_force, no_decisions
from graph.identity.resolving import resolve
from graph.identity.values import (
    ALIAS_COLUMNS,
    CONTESTED_COLUMNS,
    REASONS,
    RULE,
    VISITOR,
    IdentityError,
    IdentitySettings,
    Resolution,
)

__all__ = [
    "ALIAS_COLUMNS",
    "CONTESTED_COLUMNS",
    "DECIDED_COLUMNS",
    "MERGED",
    "REASONS",
    "RULE",
    "SPLIT",
    "VISITOR",
    "Decisions",
    "IdentityError",
    "IdentitySettings",
    "Resolution",
    "decisions_in_force",
    "no_decisions",
    "resolve",
]
