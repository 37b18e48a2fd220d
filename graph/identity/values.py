"""What identity resolution is told, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from graph.errors import GraphError

VISITOR: Final = "anonymous/"
"""What the id of a visitor begins with who belongs to nobody we know."""

RULE: Final = "rule:shared-identifier"
"""Who decided an alias that no person did."""

CONFLICTING: Final = "conflicting-identifiers"
SHARED_BY_MANY: Final = "shared-by-too-many"
CROWDED: Final = "too-many-together"
WEAK_ONLY: Final = "weak-identifier-only"
OVERLAPPING: Final = "overlapping-visits"
SEVERAL_OWNERS: Final = "leads-to-several-customers"
KEPT_APART: Final = "kept-apart"

REASONS: Mapping[str, str] = {
    CONFLICTING: "they share an identifier, and contradict each other in another that proves a person",
    SHARED_BY_MANY: "more customers or visitors share the identifier than one person would have profiles",
    CROWDED: "shared identifiers chain together more customers than one person would have profiles",
    WEAK_ONLY: "all they share is an identifier that proves no person, such as a device",
    OVERLAPPING: "one visitor was seen as several customers in turn, so that no order tells whose visits were whose",
    SEVERAL_OWNERS: "what was left behind leads to several customers",
    KEPT_APART: "they share an identifier, and a person has decided that they are not the same",
}
"""Why ids are contested, in words."""

ALIAS_COLUMNS: Final = ("alias", "customer_id", "decided_by", "evidence", "at", "because")
CONTESTED_COLUMNS: Final = ("contested_id", "reason", "customers", "evidence", "n_customers")


class IdentityError(GraphError):
    """A decision about identities that cannot be, such as a customer merged into itself."""

    exit_code = 3


@dataclass(frozen=True)
class IdentitySettings:
    """From when on evidence is enough, and from when on it is too much.

    Attributes:
        strong_kinds: Kinds of `identities` that prove a person; all others join a visitor to a customer at most.
        contact_kinds: Kinds that are also read from a signal's properties, as `<kind>` or `<kind>_hash`, at the top
            or below `traits`.
        most_customers: An identifier of more customers than this is nobody's own: a mailbox like info@, a shop's till.
        most_visitors: An identifier left by more visitors than this is nobody's own either.
        most_together: More customers than this are not joined at once, however their identifiers chain.
        window_days: Visits on a device that changes hands go to the customer who identified next, or last when nobody
            did after, within so many days.
    """

    strong_kinds: tuple[str, ...] = ("email", "phone", "login", "crm_id", "loyalty_card", "account_number")
    contact_kinds: tuple[str, ...] = ("email", "phone")
    most_customers: int = 3
    most_visitors: int = 50
    most_together: int = 10
    window_days: float = 30.0


@dataclass(frozen=True, eq=False)
class Resolution:
    """Who is who.

    Attributes:
        aliases: `alias`, `customer_id` (the survivor), `decided_by` (a person or the rule), `evidence` (the identifier
            as `kind:value`, or the decision), `at`, `because`; one row per alias, in order of it.
        contested: `contested_id`, `reason` (a key of `REASONS`), `customers` (survivors, at most 20 of them, never
            joined), `evidence` (at most 20 identifiers), `n_customers`; in order of reason, customers and evidence.
        moved: `signal_id`, `customer_id`: whom every signal of an anonymous visitor belongs to, in order of signal.
        visitors: Ids `anonymous/…` of those who belong to nobody we know, in order.
        unreadable: Signals whose properties should hold a contact and are no JSON object.
    """

    aliases: pd.DataFrame
    contested: pd.DataFrame
    moved: pd.DataFrame
    visitors: tuple[str, ...]
    unreadable: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many of each, for a day's report."""
        return {
            "aliases": len(self.aliases),
            "contested": len(self.contested),
            "visitors": len(self.visitors),
            "unreadable_properties": self.unreadable,
        }
