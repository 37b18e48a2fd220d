"""What a playbook may say about its media mix, with defaults."""

from dataclasses import dataclass
from typing import Literal

from forecasting.errors import ForecastingError
from forecasting.settings import insist_on_ranges

Period = Literal["week", "day"]


@dataclass(frozen=True)
class MediaMixSettings:
    """Outcome, periods, priors, and what is known about how spend was decided.

    Attributes:
        outcome: `purchases` sums net_value by the day it was paid, `opportunities` sums amount by the day opened.
        period: Weeks begin on Monday; both are local.
        carryover_periods: How many periods after its own spend may work.
        roi_mean: Prior mean of a channel's return (money brought per money spent).
        roi_sd: Prior standard deviation of it.
        randomised_channels: Channels whose spend was set by chance. Nothing else gives the grade `randomised`, and a
            channel whose spend does not look like it does not get it all the same.
        randomised_for_periods: For how many periods a level set by chance was held.
        control_kinds: Kinds of `observations` that are controls: per period the mean value of each (kind, about_id).
        demand_kinds: Those of them that measure demand; with them a channel may be `adjusted`.
        draws: Draws kept of what is believed.
        rounds: Rounds in which chains move while draws are kept, after a third more that are not.
        prior_draws: Draws of the prior.

    Raises:
        ForecastingError: A value outside its range, or a demand kind that is no control.
    """

    outcome: Literal["purchases", "opportunities"] = "purchases"
    period: Period = "week"
    carryover_periods: int = 8
    roi_mean: float = 1.0
    roi_sd: float = 1.5
    randomised_channels: tuple[str, ...] = ()
    randomised_for_periods: int = 1
    control_kinds: tuple[str, ...] = ()
    demand_kinds: tuple[str, ...] = ()
    draws: int = 2_000
    rounds: int = 300
    prior_draws: int = 4_000

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "carryover_periods": (1, 60),
                "randomised_for_periods": (1, 26),
                "roi_mean": (-100, 1_000),
                "roi_sd": (0.01, 1_000),
                "draws": (200, 100_000),
                "rounds": (40, 100_000),
                "prior_draws": (200, 100_000),
            },
            where="media mix settings",
        )
        unknown = sorted(set(self.demand_kinds) - set(self.control_kinds))
        if unknown:
            raise ForecastingError(
                f"demand_kinds names {', '.join(unknown)}, which is no control.",
                where="media mix settings",
                remedy="Name it in control_kinds too.",
            )
