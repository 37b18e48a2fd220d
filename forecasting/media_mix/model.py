"""The media mix: returns of channels with carry-over and saturation, beside a baseline that is integrated out."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from forecasting.errors import ForecastingError
from forecasting.media_mix.baseline import whitenings
from forecasting.media_mix.panel import Panel
from forecasting.media_mix.sampling import Belief, chains_for, disagreement, moved
from forecasting.media_mix.shapes import SHAPES, Spending, carry_weights, parameters, saturation
from forecasting.values import Floats

CONVERGED = 1.2
DECIMALS = 9


class MediaMixModel:
    """Returns of spend per channel.

    Learnt state: `channel_id_` (c,), `shapes_` (draws, c, 3) in prior standard deviations, `roi_` and `marginal_`
    (draws, c), `scale_` (draws, c), `mean_spend_` (c,), `error_` (draws,) in currency, `lasting_` (which choice of
    `LASTING`), `agreement_` (c,) R-hat of the marginal return, `carryover_periods_`.
    """

    def __init__(
        self,
        *,
        roi_mean: float = 1.0,
        roi_sd: float = 1.5,
        draws: int = 2_000,
        rounds: int = 300,
        random_state: int = 0,
    ) -> None:
        self.roi_mean = roi_mean
        self.roi_sd = roi_sd
        self.draws = draws
        self.rounds = rounds
        self.random_state = random_state

    def fit(self, panel: Panel) -> Self:
        """Learn from a panel; the same panel and state give the same draws on any number of threads."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1):
            self._fit(panel)
        return self

    def _fit(self, panel: Panel) -> None:
        draw, burn_in = np.random.default_rng(self.random_state), self.rounds * 4 // 3
        unit = float(panel.outcome.std())
        spending = Spending(panel.spend / unit, panel.earlier_spend / unit)
        outcome = (panel.outcome - panel.outcome.mean()) / unit
        beliefs = [
            Belief(spending, outcome, white, roi_mean=self.roi_mean, roi_sd=self.roi_sd) for white in whitenings(panel)
        ]
        channels = len(panel.channel_id)
        dimensions = channels * SHAPES + 1
        start = 0.7 * draw.standard_normal((chains_for(dimensions), dimensions))
        self.lasting_, error = _likeliest(beliefs, np.zeros(dimensions - 1))
        start[:, -1] = error + 0.1 * start[:, -1]
        chains, _ = moved(lambda guess: beliefs[self.lasting_].at(guess).log_posterior, start, burn_in // 2, draw)
        self.lasting_, _ = _likeliest(beliefs, chains[:, :-1].mean(axis=0))
        belief = beliefs[self.lasting_]
        chains, _ = moved(lambda guess: belief.at(guess).log_posterior, chains, burn_in // 2, draw)
        every = max(1, self.rounds * len(chains) // self.draws)
        _, kept = moved(lambda guess: belief.at(guess).log_posterior, chains, self.rounds, draw, every=every)
        guesses = kept.reshape(-1, dimensions)
        evidence = belief.at(guesses, with_steepness=True)
        self.channel_id_: npt.NDArray[np.str_] = panel.channel_id.astype(str)
        self.roi_ = np.round(belief.returns(evidence, draw.standard_normal(evidence.mean.shape)), DECIMALS)
        self.marginal_ = np.round(self.roi_ * evidence.worked.steepness, DECIMALS)
        self.shapes_ = guesses[:, :-1].reshape(len(guesses), channels, SHAPES)
        self.scale_ = evidence.worked.scale * unit
        self.error_ = np.exp(guesses[:, -1]) * unit
        self.mean_spend_ = panel.spend.mean(axis=0)
        self.carryover_periods_ = len(panel.earlier_spend)
        self.agreement_ = disagreement(self.marginal_.reshape(len(kept), -1, channels))

    def prior(self, panel: Panel, draws: int) -> tuple[Floats, Floats, Floats, Floats]:
        """What was believed before the outcome was seen: roi, marginal, shapes and scale, as after fitting."""
        draw = np.random.default_rng([self.random_state, 1])
        shapes = draw.standard_normal((draws, len(panel.channel_id), SHAPES))
        roi = self.roi_mean + self.roi_sd * draw.standard_normal(shapes.shape[:2])
        worked = Spending(panel.spend, panel.earlier_spend).work(shapes)
        return roi, roi * worked.steepness, shapes, worked.scale

    def response(self, channel_id: str, spend: Floats) -> Floats:
        """Draws of what a constant spend per period brings per period, shape (draws, levels).

        Raises:
            ForecastingError: The channel was not in the panel.
        """
        place = np.flatnonzero(self.channel_id_ == channel_id)
        if not len(place):
            raise ForecastingError(
                f"Nothing was ever spent on channel {channel_id}.",
                where="media mix",
                remedy=f"Known are {', '.join(self.channel_id_)}.",
            )
        column = int(place[0])
        return curve(
            spend / self.mean_spend_[column], self.shapes_[:, column], self.roi_[:, column] * self.scale_[:, column]
        )

    def contributions(self, panel: Panel) -> Floats:
        """Draws of what spend brings per period of a panel, all channels together, shape (draws, periods)."""
        carry, half, slope = parameters(self.shapes_)
        whole = np.vstack([panel.earlier_spend, panel.spend]) / self.mean_spend_[None, :]
        lags, periods = len(panel.earlier_spend) + 1, panel.periods
        lagged = np.stack([whole[lags - 1 - lag : lags - 1 - lag + periods].T for lag in range(lags)], axis=1)
        stock = np.einsum("ncl,clt->nct", carry_weights(carry, lags), lagged, optimize=True)
        return np.asarray(np.einsum("nct,nc->nt", saturation(stock, half, slope), self.roi_ * self.scale_))

    def predict(self, panel: Panel, known: int) -> tuple[Floats, Floats]:
        """The outcome of periods after the first `known` ones, given their spend: mean and standard deviation."""
        white = whitenings(panel)[self.lasting_].covariance
        gain = np.linalg.solve(white[:known, :known], white[:known, known:]).T
        brought = self.contributions(panel)
        rest = panel.outcome[None, :known] - brought[:, :known]
        centre = rest.mean()
        expected = brought[:, known:] + centre + (rest - centre) @ gain.T
        left = np.diag(white[known:, known:] - gain @ white[:known, known:])
        spread = np.sqrt(expected.var(axis=0) + np.mean(self.error_**2) * np.maximum(left, 0.0))
        return expected.mean(axis=0), spread

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The learnt state, for storing."""
        return {
            "channel_id": self.channel_id_,
            "roi": self.roi_,
            "marginal": self.marginal_,
            "shapes": self.shapes_,
            "scale": self.scale_,
            "error": self.error_,
            "mean_spend": self.mean_spend_,
            "agreement": self.agreement_,
            "lasting": np.array([self.lasting_]),
            "carryover_periods": np.array([self.carryover_periods_]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The model that gave these arrays."""
        model = cls()
        model.channel_id_, model.roi_, model.marginal_ = arrays["channel_id"], arrays["roi"], arrays["marginal"]
        model.shapes_, model.scale_, model.error_ = arrays["shapes"], arrays["scale"], arrays["error"]
        model.mean_spend_, model.agreement_ = arrays["mean_spend"], arrays["agreement"]
        model.lasting_, model.carryover_periods_ = int(arrays["lasting"][0]), int(arrays["carryover_periods"][0])
        return model


def curve(levels: Floats, shapes: Floats, height: Floats) -> Floats:
    """Contribution per period at constant levels of spend (in mean spends), shape (draws, levels).

    Args:
        levels: Shape (levels,).
        shapes: Of one channel, shape (draws, 3).
        height: Highest contribution per period in currency, shape (draws,).
    """
    _, half, slope = parameters(shapes[:, None, :])
    reached = saturation(np.broadcast_to(levels, (len(shapes), 1, len(levels))), half, slope)[:, 0]
    return np.asarray(np.where(levels > 0, reached * height[:, None], 0.0))


def _likeliest(beliefs: list[Belief], shapes: Floats) -> tuple[int, float]:
    """The choice of lasting errors, and the log of their size, under which the outcome is likeliest."""
    sizes = np.linspace(np.log(0.03), np.log(1.5), 30)
    guesses = np.column_stack([np.broadcast_to(shapes, (len(sizes), len(shapes))), sizes])
    heights = np.array([belief.at(guesses).log_posterior for belief in beliefs])
    choice, size = np.unravel_index(int(heights.argmax()), heights.shape)
    return int(choice), float(sizes[int(size)])
