"""The shape of each playbook file, as pydantic models with their stated defaults. What they mean is in `playbook`."""

import functools
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lake.tables import ASSET_KINDS, OUTCOME_NAMES
from pipelines.clock import CLOCK_SKEW
from pipelines.playbook_boosts import BoostFile
from pipelines.playbook_limits import LimitFile

MINUTES_PER_HOUR = 60
LONGEST_WINDOW_DAYS = 36_500
POLICY_KINDS = ("deny", "require", "cap", "redact", "escalate", "parity")

Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0)]


@functools.cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads hundreds of files


def _known_timezone(name: str) -> str:
    if name not in _timezones():
        raise ValueError("is no IANA time zone; write one like Europe/Berlin or America/New_York")
    return name


def _month_day(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('is no day of the year; write it in quotes, like "12-01"')  # noqa: TRY004 -- pydantic's way
    try:
        day = datetime.strptime(f"2000-{value}", "%Y-%m-%d")  # noqa: DTZ007 -- a day of any year has no zone
    except ValueError:
        raise ValueError('is no day of the year; write it like "12-01"') from None
    return (day.month, day.day)


MonthDay = Annotated[tuple[int, int], BeforeValidator(_month_day)]


class Strict(BaseModel):
    """Nothing unknown is accepted, so that a typing mistake is an error and not a silent default."""

    # An infinite limit would be none, and an infinite window of a cap no window at all.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Belief(Strict):
    """A stated prior: its mean and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "Belief":
        if not self.low <= self.mean <= self.high:
            raise ValueError("must have low <= mean <= high")
        return self


class UpliftPrior(BaseModel):
    """Relative uplift of the window's margin per kind of asset; `because` says who believes it and why."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Belief]

    because: str = "No randomised test has been run; the default prior of 3 % (0 to 6 %) is a guess."

    @property
    def kinds(self) -> dict[str, Belief]:
        """The stated prior of each kind of asset."""
        return dict(self.__pydantic_extra__)


class RedemptionPrior(Strict):
    """P(redeem | touch) where no mailing has been observed."""

    prior: Share = 0.01


class Objective(Strict):
    """What is maximised: incremental margin over a window."""

    value_window_days: Annotated[int, Field(ge=1, le=365)] = 28
    margin_pct: Annotated[float, Field(ge=0, le=100)] | None = None
    assumed: tuple[str, ...] = ()


class CadenceSettings(Strict):
    """From how many shopping days on a customer's own rhythm counts."""

    minimum_days: Annotated[int, Field(ge=2)] = 4


class KeptDecisions(Strict):
    """Which decisions are in the graph; the lake keeps every record, and `warrant why --project` brings one back."""

    kept_days: Annotated[float, Field(gt=0)] | None = 365.0
    sample_share: Share | None = None
    small_world: Annotated[int, Field(ge=0)] = 100_000


def _known_outcomes(outcomes: dict[str, str]) -> dict[str, str]:
    for kind, outcome in outcomes.items():
        if kind not in ASSET_KINDS:
            raise ValueError(f"{kind} is no kind of asset; known: {', '.join(ASSET_KINDS)}")
        if outcome not in OUTCOME_NAMES:
            raise ValueError(f"{outcome} is no outcome; known: {', '.join(OUTCOME_NAMES)}")
    return outcomes


class GraphSettings(Strict):
    """What enters the graph."""

    uri: str | None = None
    product_threshold_days: Annotated[int, Field(ge=1)] = 2
    outcomes: Annotated[dict[str, str], AfterValidator(_known_outcomes)] = {}
    expired_days: Annotated[float, Field(ge=0)] = 91.0
    size_orders: tuple[tuple[str, ...], ...] = ()
    decisions: KeptDecisions = KeptDecisions()


def _known_rules(half_lives: dict[str, float]) -> dict[str, float]:
    from graph.beliefs import RULES

    for rule in half_lives:
        if rule not in RULES:
            raise ValueError(f"{rule} is no rule of belief; known: {', '.join(RULES)}")
    return half_lives


class BeliefSettings(Strict):
    """When evidence becomes a belief, how fast it fades, and how much each signal tells."""

    minimum_days: Annotated[int, Field(ge=1)] = 4
    half_life_days: Annotated[float, Field(gt=0)] = 90.0
    half_lives: Annotated[dict[str, Annotated[float, Field(gt=0)]], AfterValidator(_known_rules)] = {}
    fidelity: dict[str, Share] = {}
    expires_below: Annotated[float, Field(gt=0)] = 0.25
    signal_days: Annotated[float, Field(gt=0)] = 60.0
    signal_fidelity: Share = 0.3


class ThresholdFile(Strict):
    """From which measure on something is worth a warning, and from which an alarm."""

    warning: Annotated[float, Field(ge=0)]
    alarm: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _ordered(self) -> "ThresholdFile":
        if self.alarm < self.warning:
            raise ValueError("has its alarm before its warning")
        return self


class HealthFile(Strict):
    """When the graph counts as ill, and how far confidence then falls; what is not stated has its default."""

    freshness_days: dict[str, Annotated[float, Field(gt=0)]] = {}
    orphans: ThresholdFile | None = None
    outdated_beliefs: ThresholdFile | None = None
    outdated_observations: ThresholdFile | None = None
    contested_identities: ThresholdFile | None = None
    schema_drift: ThresholdFile | None = None
    doubtful_beliefs: ThresholdFile | None = None
    confidence_at_warning: Share | None = None
    confidence_at_alarm: Share | None = None


class SeasonFile(Strict):
    """When a season is: from one day of the year to another, both included, written `MM-DD`."""

    from_: MonthDay = Field(alias="from")
    until: MonthDay


ForecastName = Literal["demand", "response", "value", "timing", "media"]
"""Forecasts of which warrant.yaml may say something below `forecasts:`."""


class WarrantFile(Strict):
    """`warrant.yaml`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    data: str | tuple[str, ...] | None = None
    as_of: date | None = None
    objective: Objective = Objective()
    holdout_share: Share = 0.05
    holdout_salt: str = "global-holdout"
    exploration: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    seed: int = 0
    budget_per_day: Money | None = None
    limits: tuple[LimitFile, ...] = ()
    kept_for_events: Share = 0.0
    boosts: tuple[BoostFile, ...] = ()
    confidence_caps: dict[Literal["assumed", "adjusted", "randomised"], Share] = {}
    uplift: UpliftPrior = UpliftPrior()
    redemption: RedemptionPrior = RedemptionPrior()
    cadence: CadenceSettings = CadenceSettings()
    graph: GraphSettings = GraphSettings()
    beliefs: BeliefSettings = BeliefSettings()
    seasons: dict[str, SeasonFile] = {}
    required_readiness: Literal["reviewed", "approved"] | None = None
    health: HealthFile = HealthFile()
    forecasts: dict[ForecastName, dict[str, Any]] = {}
    clock_skew_minutes: Annotated[float, Field(ge=0, le=60)] = CLOCK_SKEW.total_seconds() / 60

    @property
    def clock_skew(self) -> timedelta:
        """How far clocks of sources may be ahead of ours."""
        return timedelta(minutes=self.clock_skew_minutes)


def _clock_time(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    # YAML 1.1 reads an unquoted 21:00 as the number 1260. No time of the day becomes less than 60 or a whole day of
    # minutes: then an hour was meant, or seconds, and 21 would quietly be 21 minutes past midnight.
    if not MINUTES_PER_HOUR <= value < 24 * MINUTES_PER_HOUR:
        raise ValueError(f'{value} is no time of the day; write it in quotes, such as "21:00"')
    return time(value // MINUTES_PER_HOUR, value % MINUTES_PER_HOUR)


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class QuietHours(Strict):
    """Local hours in which nothing is sent."""

    from_: ClockTime = Field(alias="from")
    until: ClockTime


class OptOut(Strict):
    """What a touch risks: the chance that the customer leaves the channel, and what that loses in a year."""

    probability: Share = 0.0
    future_margin: Money = 0.0


class AssumedConsent(Strict):
    """Consent that the playbook states because no source records it."""

    assumed: str
    because: str
    by: str


class ChannelFile(Strict):
    """One channel of `channels.yaml`; on one of the kind `ads` money is spent, and nobody is written to."""

    kind: Literal["file", "ads"]
    title: str | None = None
    cost_per_touch: Money = 0.0
    capacity: Annotated[int, Field(ge=0)] | None = None
    budget: Money | None = None
    template_limit: Annotated[int, Field(ge=1)] | None = None
    quiet_hours: QuietHours | None = None
    send_hour: Annotated[int, Field(ge=0, le=23)] = 9
    opt_out: OptOut = OptOut()
    consent: AssumedConsent | None = None
    formats: tuple[Literal["csv", "parquet"], ...] = ("csv", "parquet")
    columns: dict[str, str] = {}
    assumed: tuple[str, ...] = ()


# It names export files, so it must be neither a path nor hidden.
ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class ChannelsFile(Strict):
    """`channels.yaml`."""

    channels: Annotated[dict[ChannelName, ChannelFile], Field(min_length=1)]


class CapRule(Strict):
    """At most `count` touches per customer in any window of `days` days."""

    count: Annotated[int, Field(ge=0)]
    days: Annotated[float, Field(gt=0, le=LONGEST_WINDOW_DAYS)]
    of: str | None = None


class PersonRule(Strict):
    """Who must agree before a decision leaves: `approval` of the decision, or `sign_off` of what it says."""

    approval: Annotated[str, Field(min_length=1)] | None = None
    sign_off: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "PersonRule":
        if (self.approval is None) == (self.sign_off is None):
            raise ValueError("needs a condition, {approval: WHO} or {sign_off: WHO}")
        return self


class RedactRule(Strict):
    """What alone may be known; everything else that can be withheld is."""

    all_but: tuple[str, ...]


class ParityRule(Strict):
    """Groups of customers by an attribute, and how far apart the shares of them that get something may be."""

    by: str
    within: Share
    of: str | None = None
    least: Annotated[int, Field(ge=1)] = 30


class Policy(Strict):
    """One policy: exactly one of deny, require, cap, redact, escalate and parity."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    because: str
    when: str | None = None
    deny: str | None = None
    require: str | PersonRule | None = None
    cap: CapRule | None = None
    redact: Annotated[tuple[str, ...], Field(min_length=1)] | RedactRule | None = None
    escalate: str | None = None
    to: Annotated[str, Field(min_length=1)] | None = None
    parity: ParityRule | None = None
    tests: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> "Policy":
        kinds = [name for name in POLICY_KINDS if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"needs exactly one of {', '.join(POLICY_KINDS)}")
        if (self.escalate is None) != (self.to is None):
            raise ValueError("`escalate` and `to` stand together: what is escalated, and to whom")
        return self


class ContentFront(Strict):
    """Front matter of one file in `content/`: a row of the canonical table assets."""

    asset_id: str
    title: str
    kind: str
    version: str = "1"
    message_class: str = "marketing"
    topics: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    offer_id: str | None = None
    campaign_id: str | None = None
    language: str | None = None
    region: str | None = None
    status: str = "active"
    readiness: str | None = None
    compliance: str | None = None
    reviewed_at: datetime | date | None = None
    starts_at: datetime | date | None = None
    ends_at: datetime | date | None = None
