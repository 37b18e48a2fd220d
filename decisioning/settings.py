"""What a playbook tells the decision core, as frozen values. The playbook's own file format is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any


@dataclass(frozen=True)
class CampaignSettings:
    """A named audience and named assets from a day to a day (both included), for the play `campaign`."""

    name: str
    audience: str | None
    asset_ids: tuple[str, ...]
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class PlaySettings:
    """One play of the playbook.

    Attributes:
        name: Name of a play's file with hyphens, e.g. `replenishment-due`.
        thresholds: Values that override the play's stated defaults.
        answers: Asset kinds or asset ids that may answer it; empty means any asset about the same subject.
        excluded_categories: Categories (or their parents) that no play talks about.
        campaigns: Only for the play `campaign`.
    """

    name: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    excluded_categories: frozenset[str] = frozenset()
    campaigns: tuple[CampaignSettings, ...] = ()


@dataclass(frozen=True)
class PolicySpecification:
    """One policy as written: `kind` is deny, require or cap; `expression` its text (for cap: over assets, may be None).

    Attributes:
        identifier: The policy's id, unique in the playbook.
        kind: `deny`, `require` or `cap`.
        when: Condition under which it applies, or None for always.
        expression: What is denied or required. For a cap, which assets and channels it counts (None: all).
        because: The reason shown to people.
        count: For a cap: touches allowed within the window.
        days: For a cap: length of the sliding window in days, exact to the second.
        tests: Each a mapping of namespaces to attribute values plus `expect: deny | allow`.
        where: `file:line` of the policy, for errors.
    """

    identifier: str
    kind: str
    because: str
    when: str | None = None
    expression: str | None = None
    count: int | None = None
    days: float | None = None
    tests: tuple[Mapping[str, Any], ...] = ()
    where: str = ""


@dataclass(frozen=True)
class ChannelSettings:
    """One channel: money, limits and hours.

    Attributes:
        channel_id: Key of the channel.
        kind: file, … as channels.yaml says.
        cost_per_touch: Currency per send.
        capacity: Sends per day, None for unlimited.
        budget: Touch cost per day in currency, None for unlimited.
        quiet_from: Local time from which nothing is sent, or None.
        quiet_until: Local time from which sending is allowed again.
        send_hour: Preferred local hour of sending.
        p_opt_out: P(opt-out) per touch.
        future_margin: Incremental margin a year that an opt-out from this channel loses, in currency.
        is_assumed: Names of the above that the playbook marks as assumed.
    """

    channel_id: str
    kind: str
    cost_per_touch: float
    capacity: int | None = None
    budget: float | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    send_hour: int = 9
    p_opt_out: float = 0.0
    future_margin: float = 0.0
    is_assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Season:
    """A named stretch of the year: from one (month, day) to another, both included, even over the turn of the year."""

    name: str
    starts: tuple[int, int]
    ends: tuple[int, int]


@dataclass(frozen=True)
class DecisionSettings:
    """Everything a run decides by, apart from the view and the forecasts.

    Attributes:
        timezone: The playbook's IANA time zone.
        plays: Plays that are on, in the playbook's order (earlier wins ties).
        policies: Policies as written; consent, holdout and the offer-cost rule are added by the core itself.
        audiences: Named conditions over `customer.*` in the policy grammar.
        channels: One entry per channel.
        budget: Touch cost per day over all channels, None for unlimited.
        holdout_share: Share of households held out of everything, 0 to 1.
        holdout_salt: Salt of the assignment hash.
        value_window_days: Length of the value window.
        confidence_cap: Largest confidence per evidence grade.
        seed: Seed of everything random.
        seasons: When which season is; products of another one are not offered.
        trust: What every confidence is multiplied with, 0 to 1: the health of the sources and the graph.
        required_readiness: Least readiness of content that is sent; None for anything but a draft.
        exploration: Share of customers whose action is drawn from their shortlist instead of being the best of it.
    """

    timezone: str
    plays: tuple[PlaySettings, ...]
    policies: tuple[PolicySpecification, ...]
    audiences: Mapping[str, str]
    channels: tuple[ChannelSettings, ...]
    budget: float | None
    holdout_share: float
    holdout_salt: str
    value_window_days: int
    confidence_cap: Mapping[str, float]
    seed: int
    seasons: tuple[Season, ...] = ()
    trust: float = 1.0
    required_readiness: str | None = None
    exploration: float = 0.0
