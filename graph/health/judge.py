"""From measurements to findings: what is fine, what is worth a look, and how far confidence falls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from graph.health.state import TENTHS, GraphState
from lake.freshness import Freshness

Level = Literal["ok", "warning", "alarm"]
DOUBTFUL_TENTHS = 2


@dataclass(frozen=True)
class Threshold:
    """From which measure on something is worth a warning, and from which an alarm."""

    warning: float
    alarm: float

    def level(self, measure: float) -> Level:
        """The level of a measure; each threshold is the first value that counts."""
        return "alarm" if measure >= self.alarm else "warning" if measure >= self.warning else "ok"


@dataclass(frozen=True)
class HealthSettings:
    """What the playbook says about health.

    Attributes:
        orphans: Share of a label's nodes without any relationship.
        outdated_beliefs: Share of customers of whom only outdated things are believed.
        outdated_observations: Share of observations whose validity has ended.
        contested_identities: Share of customers in pairs that may be the same person.
        schema_drift: Number of missing constraints and indexes, and of names that the schema does not know.
        doubtful_beliefs: Share of open beliefs of a kind with a confidence below 0.2.
        confidence_at_warning: What confidence is multiplied with while anything but freshness is at the level warning.
        confidence_at_alarm: The same for an alarm.
    """

    orphans: Threshold = Threshold(0.05, 0.20)
    outdated_beliefs: Threshold = Threshold(0.50, 0.80)
    outdated_observations: Threshold = Threshold(0.50, 0.80)
    contested_identities: Threshold = Threshold(0.01, 0.05)
    schema_drift: Threshold = Threshold(1, 1)
    doubtful_beliefs: Threshold = Threshold(0.50, 0.80)
    confidence_at_warning: float = 0.9
    confidence_at_alarm: float = 0.7


@dataclass(frozen=True)
class Finding:
    """One measure and what it means.

    Attributes:
        name: freshness, orphans, outdated_beliefs, outdated_observations, contested_identities, schema_drift or
            doubtful_beliefs.
        subject: Table, label or kind that it is about.
        measure: A share, or days of age for freshness, or a number for schema_drift; None when nothing came at all.
        level: ok, warning or alarm.
        trust: What confidence is multiplied with because of it, 0 to 1.
        sentence: What it means, for people.
    """

    name: str
    subject: str
    measure: float | None
    level: Level
    trust: float
    sentence: str


@dataclass(frozen=True)
class Health:
    """All findings of one moment.

    Attributes:
        findings: In order of name and subject.
        state: What they were found in.
    """

    findings: tuple[Finding, ...]
    state: GraphState = field(repr=False)

    @property
    def level(self) -> Level:
        """The worst level of all findings."""
        return max((one.level for one in self.findings), key=("ok", "warning", "alarm").index, default="ok")

    @property
    def trust(self) -> float:
        """What the confidence of every decision is multiplied with: the least trust of all findings."""
        return min((one.trust for one in self.findings), default=1.0)


def judge(
    state: GraphState, sources: Sequence[Freshness], settings: HealthSettings, *, contested_customers: int = 0
) -> Health:
    """Hold measurements against the thresholds.

    Args:
        state: As measured on the graph.
        sources: How fresh each table is.
        settings: Thresholds.
        contested_customers: Customers in pairs of whom it is open whether they are the same person.
    """
    found = [
        *map(_of_source, sources),
        *_of_graph(state, settings),
        _share(
            "contested_identities",
            "Customer",
            (contested_customers, state.nodes.get("Customer", 0)),
            settings,
            "{part:,} of {whole:,} customers may be somebody we know by another id",
        ),
    ]
    return Health(tuple(sorted(found, key=lambda one: (one.name, one.subject))), state)


def _of_source(source: Freshness) -> Finding:
    age = source.age_days
    level: Level = "ok"
    if source.is_stale:
        level = "alarm" if source.trust <= 1 / 2 else "warning"
    sentence = (
        f"no row of {source.table} has come yet"
        if age is None
        else f"the newest row of {source.table} is {age:.1f} days old"
    )
    if source.limit_days is None:
        sentence += "; how old it may be is not stated"
    else:
        sentence += f", {'more than' if source.is_stale else 'within'} the {source.limit_days:g} days it may be"
    return Finding("freshness", source.table, age, level, source.trust, sentence)


def _of_graph(state: GraphState, settings: HealthSettings) -> Iterator[Finding]:
    for label, orphans in state.orphans.items():
        yield _share(
            "orphans",
            label,
            (orphans, state.nodes[label]),
            settings,
            f"{{part:,}} of {{whole:,}} {label} nodes are connected to nothing",
        )
    yield _share(
        "outdated_beliefs",
        "Customer",
        (state.outdated, state.believed),
        settings,
        "{part:,} of the {whole:,} customers of whom we ever believed something are left without a belief that holds",
    )
    if state.observations:
        yield _share(
            "outdated_observations",
            "Observation",
            (state.outdated_observations, state.observations),
            settings,
            "{part:,} of {whole:,} observations have expired",
        )
    for kind, tenths in state.confidence.items():
        yield _share(
            "doubtful_beliefs",
            kind,
            (sum(tenths[:DOUBTFUL_TENTHS]), sum(tenths)),
            settings,
            f"{{part:,}} of {{whole:,}} open beliefs ({kind}) have a confidence below {DOUBTFUL_TENTHS / TENTHS:g}",
        )
    drifted = (*state.missing_definitions, *state.undeclared)
    level = settings.schema_drift.level(len(drifted))
    sentence = f"not as declared: {', '.join(drifted)}" if drifted else "constraints, indexes and names are as declared"
    yield Finding("schema_drift", "graph", float(len(drifted)), level, _trust(level, settings), sentence)


def _share(name: str, subject: str, counted: tuple[int, int], settings: HealthSettings, sentence: str) -> Finding:
    part, whole = counted
    share = part / whole if whole else 0.0
    level: Level = getattr(settings, name).level(share) if part else "ok"
    return Finding(name, subject, share, level, _trust(level, settings), sentence.format(part=part, whole=whole))


def _trust(level: Level, settings: HealthSettings) -> float:
    return {"ok": 1.0, "warning": settings.confidence_at_warning, "alarm": settings.confidence_at_alarm}[level]
