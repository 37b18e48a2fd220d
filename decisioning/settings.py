"""What a playbook tells the decision core, as frozen values. The playbook's own file format is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Literal

from decisioning.remits.values import Remit


@dataclass(frozen=True)
class CampaignSettings:
    """A named audience and named assets from a day to a day (both included), for the play `campaign`."""

    name: str
    audience: str | None
    asset_ids: tuple[str, ...]
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class OrderSettings:
    """What of a play's messages comes first, and what waits until that was tried or is not allowed.

    Messages are named by asset id, kind of offer, kind of asset, or topic.

    Attributes:
        first: Messages that come before all others of the play.
        last: Messages that wait behind all others; of this customer, whatever play they answer.
        because: Why, as people read it.
        when: Condition over `customer.*` in the policy grammar under which it holds; None for everybody.
        is_stepwise: Concessions are made one step after the other: what concedes nothing and the first step together,
            then each further step by `concession_order` of the offers, or by their kind where that is not stated.
        tried_days: What comes first counts as tried for so many days after it was sent.
    """

    because: str
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    when: str | None = None
    is_stepwise: bool = False
    tried_days: float = 14.0


@dataclass(frozen=True)
class PlaySettings:
    """One play of the playbook.

    Attributes:
        name: Name of a play's file with hyphens, e.g. `replenishment-due`.
        thresholds: Values that override the play's stated defaults.
        answers: Asset kinds or asset ids that may answer it; empty means any asset about the same subject.
        excluded_categories: Categories (or their parents) that no play talks about.
        campaigns: Only for the play `campaign`.
        orders: What comes first, the first order whose condition holds; None for what the play itself declares.
        themes: Only for the play `shift-of-interest`: keys of topics and categories that belong together, by name.
    """

    name: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    excluded_categories: frozenset[str] = frozenset()
    campaigns: tuple[CampaignSettings, ...] = ()
    orders: tuple[OrderSettings, ...] | None = None
    themes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicySpecification:
    """One policy as written.

    Attributes:
        identifier: The policy's id, unique in the playbook.
        kind: `deny`, `require` and `cap` refuse; `escalate`, `approval` and `sign_off` hold until a person agrees;
            `redact` and `permit` withhold what is known of a customer; `parity` compares groups of customers.
        when: Condition under which it applies, or None for always.
        expression: What is denied, required or escalated. For a cap and a parity, which assets and channels it counts
            (None: all). None for an approval, a sign-off, and what withholds.
        because: The reason shown to people.
        count: For a cap: touches allowed within the window.
        days: For a cap: length of the sliding window in days, exact to the second.
        tests: Each a mapping of namespaces to attribute values plus `expect: …`.
        where: `file:line` of the policy, for errors.
        who: For what is held: the person or role that must agree.
        fields: What `redact` withholds, or what alone `permit` leaves.
        by: For a parity: the customers' attribute that makes the groups.
        within: For a parity: how far apart the rates of two groups may be, 0 to 1.
        least: For a parity: customers that a group must have to be compared.
        starts: Where the texts `when` and `expression` begin in the file, as `file:line` and column, where one line
            holds the whole text.
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
    who: str | None = None
    fields: tuple[str, ...] = ()
    by: str | None = None
    within: float | None = None
    least: int | None = None
    starts: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class ChannelSettings:
    """One channel: money, limits and hours.

    Attributes:
        channel_id: Key of the channel.
        kind: file, … as channels.yaml says.
        cost_per_touch: Currency per send.
        capacity: Sends per day, None for unlimited.
        budget: Touch cost per day in currency, None for unlimited.
        template_limit: How many different assets may be sent on it in a day, None for any number.
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
    template_limit: int | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    send_hour: int = 9
    p_opt_out: float = 0.0
    future_margin: float = 0.0
    is_assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class LimitSettings:
    """One entry of the playbook's own limits.

    Attributes:
        name: What people call it.
        unit: `touches`, `money` (touch cost), `expected_cost` (of redemptions), `exposure` (what they cost at most).
        most: How much may be used, None for any amount.
        least: How much is to be reached.
        each: One limit for each `account`, `household`, `customer`, `asset`, `offer`, `campaign` or `channel`; None for
            one over all of them.
        amounts: What may be used by some of these, by key; the others have `most`.
        channels: Which channels it counts; empty for all. So are the four that follow.
        campaigns: Assets of these campaigns.
        assets: These assets.
        offers: Assets with these offers; `any` alone for whatever has one.
        kinds: Kinds of assets.
        audience: A named audience; None for everybody.
        per: `day`; `month`, of which each day gets its share of what is left; `all` for ever; `standing` for what of
            offers may still be claimed.
        where: `file:line`, for errors.
    """

    name: str
    unit: Literal["touches", "money", "expected_cost", "exposure"] = "touches"
    most: float | None = None
    least: float = 0.0
    each: str | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    audience: str | None = None
    per: Literal["day", "month", "all", "standing"] = "day"
    where: str = ""


@dataclass(frozen=True)
class BoostSettings:
    """An asset that a person favours: the choice ranks each send of it as if it were worth so much more.

    Attributes:
        asset_id: Which.
        amount: In currency per send, more than nothing.
        until: From the midnight that this day begins with in the playbook's time zone, it holds no more.
        because: Why, as people read it.
        by: `person:<key>`.
        where: `file:line`, for errors.
    """

    asset_id: str
    amount: float
    until: date
    because: str
    by: str
    where: str = ""


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
        limits: The playbook's own limits.
        kept_share: Share of every limit that is kept for runs about single events.
        boosts: Assets that people favour, those included whose time is over.
        remits: The agents in whose name everything is done; without any, people answer for the whole run. What their
            remits refuse, ask and limit is among `policies` and `limits` already.
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
    limits: tuple[LimitSettings, ...] = ()
    kept_share: float = 0.0
    remits: tuple[Remit, ...] = ()
    boosts: tuple[BoostSettings, ...] = ()
