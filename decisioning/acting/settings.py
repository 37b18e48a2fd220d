"""What a playbook says about actions beyond messages, as frozen values. The file's own format is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from decisioning.settings import PolicySpecification
from decisioning.verb import SubjectKind


@dataclass(frozen=True)
class Within:
    """The parameters that a number of an action stays within.

    Attributes:
        at_least: The smallest it may be.
        at_most: The largest it may be.
        change_pct: By how much of what it is now it may change at once, in percent.
    """

    at_least: float | None = None
    at_most: float | None = None
    change_pct: float | None = None


@dataclass(frozen=True)
class ActionRule:
    """One rule: a condition over subjects of one kind, and what is done about those that it selects.

    Attributes:
        name: Its name in the playbook.
        verb: A declared verb.
        subject_kind: What its condition is about.
        when: The condition, in the grammar of policies; a missing value selects nobody.
        because: Why, as a template: `{account.name}` stands for what is known of the subject.
        parameters: By name: a number, an expression for a number, or a template for a text.
        within: What the verb's number stays within.
        again_after_days: For so many days the same is not done to the same subject again.
        worth: An expression for what it is worth in currency, None where nobody says so. The most worthwhile go first.
        most: So many a day at most by this rule, None for what the verb's own limit leaves.
        least_confidence: From which confidence on it is done, None for any.
        is_from_curves: Whether amounts come from the fitted curves of spend instead of `parameters`.
        where: `file:line`, for errors.
    """

    name: str
    verb: str
    subject_kind: SubjectKind
    when: str
    because: str
    parameters: Mapping[str, str | float] = field(default_factory=dict)
    within: Within = Within()
    again_after_days: float = 7.0
    worth: str | None = None
    most: int | None = None
    least_confidence: float | None = None
    is_from_curves: bool = False
    where: str = ""


@dataclass(frozen=True)
class ChannelBudget:
    """What may be spent on a channel in a month, as people approved it, in currency.

    Attributes:
        channel_id: The channel.
        budget: What is planned for it; moves of the month change it.
        least: Below which nobody may bring it.
        most: Above which nobody may bring it.
    """

    channel_id: str
    budget: float
    least: float
    most: float


@dataclass(frozen=True)
class MoneySettings:
    """The approved spend of a month.

    Attributes:
        approved: Over all channels, in currency.
        budgets: Of each channel that money may move between, ascending by channel.
        step: The smallest amount that curves move.
    """

    approved: float
    budgets: tuple[ChannelBudget, ...]
    step: float = 50.0


@dataclass(frozen=True)
class ActionSettings:
    """Everything that actions are decided by, apart from what is known.

    Attributes:
        timezone: The playbook's IANA time zone.
        rules: In the playbook's order: of two that change the same, the first one does.
        limits: How often a verb may be done a day, where the playbook says so.
        money: The approved spend, None where money does not move.
        policies: The playbook's policies, those about messages among them.
        audiences: Named conditions over customers.
        confidence_cap: Largest confidence per evidence grade.
        margin_share: Margin per unit of revenue, 0 to 1; None where it is not known.
    """

    timezone: str
    rules: tuple[ActionRule, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    money: MoneySettings | None = None
    policies: tuple[PolicySpecification, ...] = ()
    audiences: Mapping[str, str] = field(default_factory=dict)
    confidence_cap: Mapping[str, float] = field(default_factory=dict)
    margin_share: float | None = None
