"""What a playbook tells the forecasts, as frozen values. The playbook's own file format is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from forecasting.errors import ForecastingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

AFFINITY_WINDOW_DAYS = 91
NORMAL_95 = 1.959963984540054
"""Half of a 95 % interval, in standard deviations of a normal distribution."""
INTERVAL_WIDTH = 2 * NORMAL_95

Range = tuple[float, float | None]


def insist_on_ranges(settings: "DataclassInstance", ranges: Mapping[str, Range], *, where: str) -> None:
    """Refuse settings with a value outside its range; None is allowed where it is the default.

    Args:
        settings: Whose attributes are looked at.
        ranges: Lowest and highest allowed value by name; None for no highest one.
        where: Which settings they are, in words.

    Raises:
        ForecastingError: Names the first value that is outside, and its range.
    """
    optional = {declared.name for declared in fields(settings) if declared.default is None}
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if value is None and name in optional:
            continue
        if not (low <= value and (high is None or value <= high)):
            allowed = "any number" if high is None else high
            raise ForecastingError(f"{name} is {value}.", where=where, remedy=f"Use {low} to {allowed}.")


@dataclass(frozen=True)
class Prior:
    """What somebody believes about a relative effect: its mean and the ends of its 95 % interval (0.04 = 4 %).

    Raises:
        ForecastingError: Unless low <= mean <= high.
    """

    mean: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.mean <= self.high:
            raise ForecastingError(
                f"A prior has mean {self.mean} outside its interval {self.low} to {self.high}.",
                where="uplift",
                remedy="State low <= mean <= high.",
            )

    @property
    def sd(self) -> float:
        """Standard deviation of a normal distribution with this interval."""
        return (self.high - self.low) / INTERVAL_WIDTH


@dataclass(frozen=True)
class ForecastSettings:
    """Everything the forecasts depend on apart from tables, as-of, time zone and seed.

    Attributes:
        value_window_days: Length of the window in which purchases are forecast and margin counts.
        minimum_days: From how many shopping days on a customer's own gaps count; below it the category's rhythm stands.
        margin_pct: Margin in percent of net value where a product has no unit_cost; None leaves revenue in its place.
        uplift: Stated prior per kind of asset.
        default_uplift: Prior for kinds of assets that `uplift` does not name; None gives such kinds no entry.
        uplift_source: Who states the priors, and why.
        redemption_prior: P(redeem | touch) where too few mailings have been observed.
        redemption_window_days: How long a touch without a campaign's end is waited for before it counts as not
            redeemed.

    Raises:
        ForecastingError: A value outside its range.
    """

    value_window_days: int = 28
    minimum_days: int = 2
    margin_pct: float | None = None
    uplift: Mapping[str, Prior] = field(default_factory=dict)
    default_uplift: Prior | None = None
    uplift_source: str = "stated prior"
    redemption_prior: float = 0.01
    redemption_window_days: int = 56

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "value_window_days": (1, 365),
                "minimum_days": (1, None),
                "margin_pct": (0, 100),
                "redemption_window_days": (1, None),
            },
            where="forecast settings",
        )
        if not 0 < self.redemption_prior < 1:
            raise ForecastingError(
                f"redemption_prior is {self.redemption_prior}.",
                where="forecast settings",
                remedy="Use a probability above 0 and below 1.",
            )
