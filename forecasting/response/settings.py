"""What a playbook tells the forecasts of response, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.errors import ForecastingError
from forecasting.settings import Prior


@dataclass(frozen=True)
class ResponseSettings:
    """Windows, names and stated priors.

    Attributes:
        value_window_days: Purchases count for a draw or a touch in so many days after it.
        wait_days: A touch without a reaction in so many days had none.
        fatigue_days: Touches in so many days before one count as recent.
        past_days: Touches and reactions in so many days before one are its customer's past.
        margin_pct: Margin in percent of net value where a product has no unit_cost; None counts revenue.
        segment: Column of `customers` that a customer without a past is shrunk to; None: to everybody.
        uplift: Stated prior of the relative uplift of margin by kind of asset (0.04 = 4 %).
        default_uplift: For kinds that `uplift` does not name.
        uplift_source: Who states these priors, and why.
        fatigue: Relative change of a response per unit of log(1 + recent touches), where nothing was drawn by chance.
        response_prior: P(response) while too few are known.
        redemption_prior: P(redeem) while too few are known.
        opt_out_prior: P(opt-out) while too few are known.
        margin_metric: Metric of `results` that counts margin per customer.
        response_metric: Metric of `results` that counts responses per customer.

    Raises:
        ForecastingError: A value outside its range.
    """

    value_window_days: int = 28
    wait_days: int = 56
    fatigue_days: int = 28
    past_days: int = 365
    margin_pct: float | None = None
    segment: str | None = None
    uplift: Mapping[str, Prior] = field(default_factory=dict)
    default_uplift: Prior = field(default_factory=lambda: Prior(0.0, -0.05, 0.05))
    uplift_source: str = "stated prior"
    fatigue: Prior = field(default_factory=lambda: Prior(-0.05, -0.15, 0.0))
    response_prior: float = 0.02
    redemption_prior: float = 0.01
    opt_out_prior: float = 0.001
    margin_metric: str = "margin"
    response_metric: str = "converted"

    def __post_init__(self) -> None:
        for name in ("value_window_days", "wait_days", "fatigue_days", "past_days"):
            _insist(name, getattr(self, name), is_right=getattr(self, name) >= 1, wanted="1 day or more")
        for name in ("response_prior", "redemption_prior", "opt_out_prior"):
            _insist(
                name, getattr(self, name), is_right=0 < getattr(self, name) < 1, wanted="a probability inside 0 to 1"
            )
        is_margin = self.margin_pct is None or 0 <= self.margin_pct <= 100  # noqa: PLR2004 - per cent
        _insist("margin_pct", self.margin_pct, is_right=is_margin, wanted="0 to 100")
        _insist("fatigue", self.fatigue.mean, is_right=self.fatigue.mean > -1, wanted="a change above -1")


def _insist(name: str, value: object, *, is_right: bool, wanted: str) -> None:
    if not is_right:
        raise ForecastingError(f"{name} is {value}.", where="response settings", remedy=f"Use {wanted}.")
