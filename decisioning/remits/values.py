"""A remit: the six dimensions of the authority that people give to one agent, as frozen values.

Whatever is not stated is None or empty, so that the linter can name all that is missing at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal

Direction = Literal["increase", "decrease"]
Relation = Literal["<", "<=", ">", ">="]
Rhythm = Literal["daily", "weekly", "monthly", "quarterly"]

SEND: Final = "send"
RHYTHMS: Final[tuple[Rhythm, ...]] = ("daily", "weekly", "monthly", "quarterly")
RELATIONS: Final[tuple[Relation, ...]] = ("<=", ">=", "<", ">")

C_LEVEL: Final = "contact_c_level"
REGULATED: Final = "contact_regulated"
MINORS: Final = "contact_minors"
NET_NEW_ASSET: Final = "net_new_asset"
DISCOUNTS: Final = "give_discounts"
CHANGE_PRICE: Final = "change_price"

SITUATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        C_LEVEL: "write to somebody at C level, or whose seniority is not known",
        REGULATED: "write to somebody in a regulated industry, or where that is not known",
        MINORS: "write to a minor, or to somebody of whom that is not known",
        NET_NEW_ASSET: "use content that nobody has approved yet",
        DISCOUNTS: "use content that carries an offer",
    }
)
"""What `ask` and `never` may name beside verbs, in words that follow "may" or "asks before it would"."""

NOBODY_DOES: Final[Mapping[str, str]] = MappingProxyType({CHANGE_PRICE: "change a price"})
"""What no verb does, so that naming it under `never` only says so."""

OWNER_ROLES: Final = ("owner", "admin")
"""Roles of `people.yaml` that may answer for an agent."""


@dataclass(frozen=True)
class Condition:
    """What must hold while a goal is pursued: `unsubscribe_rate <= 0.004`."""

    metric: str
    relation: Relation
    value: float

    def text(self) -> str:
        """As written in a remit."""
        return f"{self.metric} {self.relation} {self.value:g}"


@dataclass(frozen=True)
class Goal:
    """What the agent is for.

    Attributes:
        metric: The name of a metric of the playbook.
        direction: Where it is to go.
        by_pct: By how much, in percent of where it is at the start.
        within_days: Until when, in days from the start.
        conditions: Counter-metrics: the goal is not reached where one of them does not hold.
    """

    metric: str | None = None
    direction: Direction | None = None
    by_pct: float | None = None
    within_days: int | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Permission:
    """What the agent may do by itself: verbs, and for what is sent the channels and the plays."""

    verbs: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    plays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asking:
    """What the agent may do only when its owner agrees.

    Attributes:
        situations: Keys of `SITUATIONS`.
        verbs: Verbs of which every use waits.
        move_budget_over: Moves of more money than this.
    """

    situations: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    move_budget_over: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Asking()


@dataclass(frozen=True)
class Window:
    """At most `count` within any `days` days."""

    count: int
    days: float


@dataclass(frozen=True)
class Bounds:
    """What the agent never exceeds; None where it is not bounded.

    Attributes:
        spend_per_month: Cost of touches in a month, in the playbook's currency.
        offer_cost_per_month: What redemptions of its offers are expected to cost in a month.
        discount_pct: Largest discount of an offer.
        touches_per_customer: Touches that a customer gets, by whomever, before the agent writes no more.
        promotions_per_customer: The same of content that carries an offer.
        actions_per_day: How often verbs other than sending are used a day, by verb.
    """

    spend_per_month: float | None = None
    offer_cost_per_month: float | None = None
    discount_pct: float | None = None
    touches_per_customer: Window | None = None
    promotions_per_customer: Window | None = None
    actions_per_day: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is bounded."""
        return not self.bounds_messages and not self.actions_per_day

    @property
    def bounds_messages(self) -> bool:
        """Whether anything is said about messages."""
        return replace(self, actions_per_day={}) != Bounds()


@dataclass(frozen=True)
class Escalation:
    """What hands a decision to the owner; each alone is enough.

    Attributes:
        confidence_below: Confidence below this, 0 to 1; exactly this much may act.
        budget_used_pct: Share of `spend_per_month` above which every further send waits.
    """

    confidence_below: float | None = None
    budget_used_pct: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing escalates."""
        return self == Escalation()


@dataclass(frozen=True)
class ReviewRhythm:
    """One review that comes again and again."""

    every: Rhythm
    what: str
    minutes: int


@dataclass(frozen=True)
class Remit:
    """The authority of one agent.

    Attributes:
        agent: The agent's name.
        owner: Who answers for it, `person:<key>`.
        goal: What it is for.
        may: What it may do by itself.
        ask: What it may do when the owner agrees.
        never: What it may not do in any case: verbs, and keys of `SITUATIONS` and `NOBODY_DOES`.
        limits: What it never exceeds.
        escalate: What hands a decision to the owner.
        review: When people look at what it does.
        answers_within_hours: Until when an escalation is to be answered.
        where: `file:line`, for errors.
        lines: `file:line` of its parts, by their path as in `goal.metric`.
    """

    agent: str
    owner: str | None = None
    goal: Goal = Goal()
    may: Permission = Permission()
    ask: Asking = Asking()
    never: tuple[str, ...] = ()
    limits: Bounds = Bounds()
    escalate: Escalation = Escalation()
    review: tuple[ReviewRhythm, ...] = ()
    answers_within_hours: float | None = None
    where: str = ""
    lines: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def sends(self) -> bool:
        """Whether it may send."""
        return SEND in self.may.verbs

    def line(self, part: str = "") -> str:
        """`file:line` of a part, or of the nearest one around it that is written down."""
        while part:
            if part in self.lines:
                return self.lines[part]
            part = part.rpartition(".")[0]
        return self.where
