"""What a playbook tells the forecasts, as frozen values. The playbook's own file format is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.errors import ForecastingError

AFFINITY_WINDOW_DAYS = 91


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
        for name, low, high in (
            ("value_window_days", 1, 365),
            ("minimum_days", 1, None),
            ("margin_pct", 0, 100),
            ("redemption_window_days", 1, None),
        ):
            value = getattr(self, name)
            if value is not None and (value < low or (high is not None and value > high)):
                raise ForecastingError(
                    f"{name} is {value}.", where="forecast settings", remedy=f"Use {low} to {high or 'any number'}."
                )
        if not 0 < self.redemption_prior < 1:
            raise ForecastingError(
                f"redemption_prior is {self.redemption_prior}.",
                where="forecast settings",
                remedy="Use a probability above 0 and below 1.",
            )
