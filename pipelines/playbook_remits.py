"""`remits/*.yaml`, one agent each, and `metrics.yaml`, the numbers that their goals name.

What a file alone can be wrong about (an unknown word, a number outside its range) is refused here, with its line. What
is merely missing is read as missing: `remit_findings` then says all that makes a remit an abdication at once.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from decisioning.actions import available as declared_verbs
from decisioning.plays import available as known_plays
from decisioning.remits.linter import Around, Finding, lint
from decisioning.remits.values import (
    RELATIONS,
    RHYTHMS,
    SITUATIONS,
    Asking,
    Bounds,
    Condition,
    Escalation,
    Goal,
    Permission,
    Relation,
    Remit,
    ReviewRhythm,
    Window,
)
from pipelines.errors import PlaybookError
from pipelines.playbook_files import Money, Share, Strict
from pipelines.yaml_lines import YamlFile

if TYPE_CHECKING:
    from pipelines.playbook import Playbook

FOLDER: Final = "remits"
METRICS: Final = "metrics.yaml"
ADS: Final = "ads"
AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Percent = Annotated[float, Field(ge=0, le=100)]
Days = Annotated[float, Field(gt=0, le=3650)]


class MetricFile(Strict):
    """One metric: what it says, where it should go, and over how many days it is looked at."""

    meaning: Annotated[str, Field(min_length=1)]
    direction: Literal["increase", "decrease"]
    window_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    unit: str | None = None


class MetricsFile(Strict):
    """`metrics.yaml`."""

    metrics: Annotated[dict[Name, MetricFile], Field(min_length=1)]


def _condition(value: Any) -> Any:
    """`unsubscribe_rate <= 0.004` as its parts."""
    if not isinstance(value, str):
        raise ValueError('is no condition; write it in quotes, like "unsubscribe_rate <= 0.004"')  # noqa: TRY004
    for relation in RELATIONS:
        metric, found, number = value.partition(relation)
        if found:
            break
    try:
        return {"metric": metric.strip(), "relation": relation, "value": float(number)}
    except ValueError:
        raise ValueError('is no condition; write a metric, one of <= >= < > and a number: "margin_pct >= 28"') from None


class ConditionFile(Strict):
    """What must hold while the goal is pursued."""

    metric: Name
    relation: Relation
    value: float


class GoalFile(Strict):
    """What the agent is for."""

    metric: str | None = None
    direction: Literal["increase", "decrease"] | None = None
    by_pct: Annotated[float, Field(gt=0, le=10_000)] | None = None
    within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    while_: tuple[Annotated[ConditionFile, BeforeValidator(_condition)], ...] = Field(default=(), alias="while")


class MayFile(Strict):
    """What the agent may do by itself."""

    verbs: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    plays: tuple[str, ...] = ()


class MoveOverFile(Strict):
    """Moves of money that are asked about."""

    move_budget_over: Money


def _askable(value: Any) -> Any:
    if isinstance(value, str):
        known = (*SITUATIONS, *declared_verbs())
        if value not in known:
            raise ValueError(f"asks about `{value}`, which nothing is called; known: {', '.join(known)}")
    return value


class WindowFile(Strict):
    """At most `count` within any `days` days."""

    count: Annotated[int, Field(ge=0)]
    days: Days


class LimitsFile(Strict):
    """What the agent never exceeds."""

    spend_per_month: Money | None = None
    offer_cost_per_month: Money | None = None
    discount_pct: Percent | None = None
    touches_per_customer: WindowFile | None = None
    promotions_per_customer: WindowFile | None = None
    actions_per_day: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)


class EscalateFile(Strict):
    """What hands a send to the owner."""

    confidence_below: Share | None = None
    budget_used_pct: Percent | None = None


class RhythmFile(Strict):
    """One review."""

    what: Annotated[str, Field(min_length=1)]
    minutes: Annotated[int, Field(ge=1, le=1440)]


class ReviewFile(Strict):
    """When people look at what the agent does."""

    daily: RhythmFile | None = None
    weekly: RhythmFile | None = None
    monthly: RhythmFile | None = None
    quarterly: RhythmFile | None = None
    escalation_hours: Annotated[float, Field(gt=0, le=720)] | None = None


class RemitFile(Strict):
    """One file of `remits/`."""

    agent: AgentName
    owner: str | None = None
    goal: GoalFile = GoalFile()
    may: MayFile = MayFile()
    ask: tuple[Annotated[str | MoveOverFile, BeforeValidator(_askable)], ...] = ()
    never: tuple[str, ...] = ()
    limits: LimitsFile = LimitsFile()
    escalate: EscalateFile = EscalateFile()
    review: ReviewFile = ReviewFile()

    @model_validator(mode="after")
    def _asks_once(self) -> "RemitFile":
        if sum(not isinstance(one, str) for one in self.ask) > 1:
            raise ValueError("says move_budget_over twice under ask")
        return self


def remit_of(stated: RemitFile, file: YamlFile) -> Remit:
    """A file of `remits/` as the decision core takes it."""
    over = next((one.move_budget_over for one in stated.ask if not isinstance(one, str)), None)
    named = [one for one in stated.ask if isinstance(one, str)]
    goal, limits = stated.goal, stated.limits
    rhythms = [(every, getattr(stated.review, every)) for every in RHYTHMS]
    return Remit(
        agent=stated.agent,
        owner=stated.owner,
        goal=Goal(
            goal.metric,
            goal.direction,
            goal.by_pct,
            goal.within_days,
            tuple(Condition(one.metric, one.relation, one.value) for one in goal.while_),
        ),
        may=Permission(stated.may.verbs, stated.may.channels, stated.may.plays),
        ask=Asking(
            tuple(one for one in named if one in SITUATIONS), tuple(one for one in named if one not in SITUATIONS), over
        ),
        never=stated.never,
        limits=Bounds(
            limits.spend_per_month,
            limits.offer_cost_per_month,
            limits.discount_pct,
            _window(limits.touches_per_customer),
            _window(limits.promotions_per_customer),
            dict(limits.actions_per_day),
        ),
        escalate=Escalation(stated.escalate.confidence_below, stated.escalate.budget_used_pct),
        review=tuple(ReviewRhythm(every, one.what, one.minutes) for every, one in rhythms if one is not None),
        answers_within_hours=stated.review.escalation_hours,
        where=file.where(()),
        lines=dict(_lines(file)),
    )


def remit_findings(playbook: "Playbook", on: date) -> list[Finding]:
    """All that makes the playbook's remits an abdication on a day; empty where nothing does."""
    people = playbook.people.people if playbook.people else {}
    gone = {key: f"{one.left_on}" for key, one in people.items() if one.left_on is not None and one.left_on <= on}
    stated = playbook.plays.plays or dict.fromkeys(known_plays())
    around = Around(
        metrics=tuple(playbook.metrics.metrics) if playbook.metrics else (),
        verbs=tuple(declared_verbs()),
        channels=tuple(key for key, one in playbook.channels.channels.items() if one.kind != ADS),
        plays=tuple(name for name, play in stated.items() if play is None or play.enabled),
        roles={key: one.role for key, one in people.items() if key not in gone},
        gone=gone,
    )
    return lint(playbook.remits, around)


def insist_on_sound_remits(playbook: "Playbook", on: date) -> None:
    """Refuse a playbook whose remits give authority away without saying what for, within what, or who answers.

    Raises:
        PlaybookError: The first reason, with its line, and how many more there are.
    """
    found = remit_findings(playbook, on)
    if found:
        more = f" ({len(found) - 1} more; see them with `warrant remit check`.)" if len(found) > 1 else ""
        raise PlaybookError(f"{found[0].what}{more}", where=found[0].where, remedy=found[0].remedy)


def _window(stated: WindowFile | None) -> Window | None:
    return None if stated is None else Window(stated.count, stated.days)


def _lines(file: YamlFile) -> Iterator[tuple[str, str]]:
    """The lines of a remit's parts and of what is one step below them."""
    data: Mapping[str, Any] = file.data if isinstance(file.data, dict) else {}
    for part, inside in data.items():
        yield str(part), file.where((part,))
        if isinstance(inside, dict):
            yield from ((f"{part}.{name}", file.where((part, name))) for name in inside)
