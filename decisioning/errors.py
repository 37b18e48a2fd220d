"""Errors of the decisioning room."""

from lake.errors import WarrantError


class DecisioningError(WarrantError):
    """A decision cannot be made; the base of this room's errors."""


class PolicyError(DecisioningError):
    """A policy or an audience cannot be read, checked or applied as written.

    Attributes:
        place: `file:line` of the policy, or the audience's name.
        column: Where in the expression's own text it goes wrong, counted from 1; None when it concerns the whole.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", remedy: str = "", column: int | None = None) -> None:
        self.place = where
        self.column = column
        spot = f"column {column} of the expression" if column else ""
        super().__init__(what, where=", ".join(part for part in (where, spot) if part), remedy=remedy)
