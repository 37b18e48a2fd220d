"""Effects of one or many arms on any table of units: cross-fitted, stacked, and shrunk to what the sample supports.

1. The outcome's level given features is fitted on other folds than it is used on.
2. Doubly robust scores follow from it and the propensities: their mean given features is the effect.
3. Candidates (`learners`) are fitted on the other folds and stacked by what they explain of the scores.
4. The stack's deviation from the mean effect is scaled by a coefficient with a prior, so that noise is shrunk away.
5. Mean effects of many arms are shrunk to each other by variance components (Efron and Morris 1973).

Claims are made from the means of scores alone, jointly at one level (Holm 1979): a world without effects yields none
in 19 of 20 samples, whatever the candidates find.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.response.factors import learners
from forecasting.response.factors.claims import Claim, joint_claims
from forecasting.response.factors.learners import Predictor, Sample, contrasts
from forecasting.response.factors.stacking import Stack, shrink_means, stack_candidates
from forecasting.response.factors.units import Encoder, Positions, Units, as_frame, read_units
from forecasting.values import Floats, Keys

PERSONALISED = "personalised"
LEAST_EVENTS = 5  # below which the mean of an arm is too skewed for a claim


@dataclass(frozen=True, eq=False)
class Effects:
    """What each arm changes for each unit.

    Attributes:
        arms: Labels of the arms with an effect (without the control), shape (arms,).
        effect: Expected change of the outcome against the control (or the mean over arms), shape (units, arms).
        sd: Its standard deviation, shape (units, arms).
    """

    arms: Keys
    effect: Floats
    sd: Floats


class UpliftModel:
    """Effects per unit and arm from a randomised (or otherwise unconfounded) sample.

    Args:
        control: Label of the arm that effects are measured against; None compares with the mean over arms.
        folds: Parts of cross-fitting.
        level: Chance of any false claim in a world without effects.
        random_state: Seed of folds and trees.
    """

    def __init__(
        self, *, control: str | None = "nothing", folds: int = 5, level: float = 0.05, random_state: int = 0
    ) -> None:
        self.control = control
        self.folds = folds
        self.level = level
        self.random_state = random_state

    def fit(
        self,
        features: pd.DataFrame | npt.NDArray[Any],
        arm: npt.ArrayLike,
        outcome: npt.ArrayLike,
        propensity: npt.ArrayLike | None = None,
    ) -> Self:
        """Learn effects.

        Args:
            features: Known before the draw: figures or categories, gaps allowed, shape (units, columns).
            arm: Label of each unit's arm.
            outcome: 0 or 1, or an amount.
            propensity: P(own arm), or of every arm in the order of sorted labels; None: the arms' shares.

        Raises:
            TooLittleDataError: Too few units, a single arm, an arm without units, or an outcome without variation.
            ForecastingError: Shapes differ, or a value is missing, infinite or no probability.
        """
        frame = as_frame(features)
        self.encoder_ = Encoder.learn(frame)
        units = read_units(frame, self.encoder_, arm, outcome, propensity=propensity, control=self.control)
        self.arms_ = units.arms
        self.is_stated_ = units.is_stated
        with _one_thread():
            self._learn(units)
        return self

    def predict(self, features: pd.DataFrame | npt.NDArray[Any]) -> Effects:
        """Effects of every arm on every unit; a category never seen counts as "other".

        Raises:
            ForecastingError: The model is not fitted, a column lacks, or a figure is infinite.
        """
        matrix = self._encode(features)
        with _one_thread():
            effect, sd = self._effects(matrix)
        return Effects(self.arms_[1:] if self.control is not None else self.arms_, effect, sd)

    def expected(self, features: pd.DataFrame | npt.NDArray[Any]) -> Floats:
        """Expected outcome under every arm of `arms_`, the control first, shape (units, arms)."""
        matrix = self._encode(features)
        with _one_thread():
            effect, _ = self._effects(matrix)
            level = np.mean([model(matrix) for model in self._levels_], axis=0)
        relative = np.column_stack([np.zeros(len(effect)), effect]) if self.control is not None else effect
        return np.asarray((level - relative @ self.shares_)[:, None] + relative)

    def choose(self, features: pd.DataFrame | npt.NDArray[Any]) -> Positions:
        """The best arm of `arms_` for every unit: its own where choosing by unit paid on rows not learnt from."""
        matrix = self._encode(features)
        if not self.is_personal_:
            return np.full(len(matrix), self.best_arm_, dtype=np.int64)
        with _one_thread():
            effect, _ = self._effects(matrix)
        return _best(effect, has_control=self.control is not None)

    def _encode(self, features: pd.DataFrame | npt.NDArray[Any]) -> Floats:
        if not hasattr(self, "stack_"):
            raise ForecastingError("The model is not fitted.", where="UpliftModel", remedy="Call fit first.")
        return self.encoder_.encode(as_frame(features))

    def _learn(self, units: Units) -> None:
        fold = self._folds(units)
        self.shares_ = np.bincount(units.arm, minlength=len(units.arms)) / len(units.arm)
        self._levels_ = []
        level = np.zeros(len(units.arm))
        for part in range(self.folds):
            rest, own = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
            model = learners.outcome_level(
                units.features[rest], units.outcome[rest], is_binary=units.is_binary, seed=self.random_state
            )
            level[own] = model(units.features[own])
            self._levels_.append(model)
        scores, weight = _scores(units, level)
        sample = Sample(
            units.features, units.arm, units.outcome, scores, weight, len(units.arms), units.is_binary,
            units.has_control, self.random_state,
        )  # fmt: skip
        self._candidates_: list[list[Predictor]] = []
        kinds = _kinds(sample)
        out = np.zeros((len(kinds), *scores.shape))
        for part in range(self.folds):
            rest, own = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
            models = [kind(sample.part(rest)) for kind in kinds]
            self._candidates_.append(models)
            for place, model in enumerate(models):
                found = model(units.features[own])
                out[place, own] = found - found.mean(axis=0)
        self._settle(units, level, scores, weight, out)

    def _settle(self, units: Units, level: Floats, scores: Floats, weight: Floats, out: Floats) -> None:
        means = scores.mean(axis=0)
        errors = np.maximum(
            scores.std(axis=0, ddof=1) / np.sqrt(len(scores)), self._errors_without_effects(units, level)
        )
        self.mean_effect_, self.mean_sd_ = shrink_means(means, errors, has_control=units.has_control)
        # A split of the units in halves whose effects differ by less than two standard errors would not have shown.
        self.hidden_sd_ = 2 * errors
        self.stack_: Stack = stack_candidates(out, scores, weight)
        self._centres_ = [[model(units.features).mean(axis=0) for model in models] for models in self._candidates_]
        effect = self.mean_effect_ + self.stack_.deviation(out)
        chosen = _best(effect, has_control=units.has_control)
        relative = np.column_stack([np.zeros(len(scores)), scores]) if units.has_control else scores
        self.best_arm_ = int(_best(self.mean_effect_[None, :], has_control=units.has_control)[0])
        gain = relative[np.arange(len(scores)), chosen] - relative[:, self.best_arm_]
        gain_error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
        self.gain_ = float(gain.mean())
        self.is_personal_ = bool(self.gain_ > gain_error)
        names = [str(name) for name in (self.arms_[1:] if units.has_control else self.arms_)]
        self.claims_: tuple[Claim, ...] = joint_claims(
            [*names, PERSONALISED],
            np.append(means, self.gain_),
            np.append(errors, gain_error),
            self.level,
            can_tell=np.append(_enough_events(units), True),
        )

    @staticmethod
    def _errors_without_effects(units: Units, level: Floats) -> Floats:
        """Standard errors of mean effects if no arm had any: an arm where nothing happened is not sure of it."""
        residual = (units.outcome - level) ** 2
        power = (residual.mean() / np.maximum(units.propensity, 1e-9)).mean(axis=0) / len(residual)
        return np.asarray(np.sqrt(power[1:] + power[0]) if units.has_control else np.sqrt(power), dtype=np.float64)

    def _effects(self, matrix: Floats) -> tuple[Floats, Floats]:
        shape = (self.folds, len(self.stack_.weight), len(matrix), len(self.mean_effect_))
        found = np.array(
            [
                [model(matrix) - centre for model, centre in zip(models, centres, strict=True)]
                for models, centres in zip(self._candidates_, self._centres_, strict=True)
            ]
        ).reshape(shape)
        by_fold = np.array([self.stack_.deviation(candidates) for candidates in found])
        deviation = by_fold.mean(axis=0)
        apart = self.stack_.disagreement(found.mean(axis=0))
        # Delete-a-group jackknife over folds, what is not known about scale and mean, and what candidates dispute.
        jackknife = (self.folds - 1) / self.folds * ((by_fold - deviation) ** 2).sum(axis=0)
        unscaled = deviation / np.maximum(self.stack_.scale, 1e-12)
        variance = self.mean_sd_**2 + self.hidden_sd_**2 + jackknife + (unscaled * self.stack_.scale_sd) ** 2 + apart
        return self.mean_effect_ + deviation, np.sqrt(variance)

    def _folds(self, units: Units) -> Positions:
        """Folds with all arms (and outcomes, when binary) in equal shares."""
        draw = np.random.default_rng(self.random_state)
        strata = units.arm * 2 + (units.outcome > 0) if units.is_binary else units.arm
        order = np.lexsort([draw.random(len(strata)), strata])
        fold = np.empty(len(strata), dtype=np.int64)
        fold[order] = np.arange(len(strata)) % self.folds
        return fold


def _kinds(sample: Sample) -> list[Any]:
    if sample.features.shape[1] == 0:
        return []
    if sample.arms > learners.MOST_ARMS_FOR_TREES:
        return [learners.lines]
    return [learners.lines, learners.score_trees, learners.one_model]


def _scores(units: Units, level: Floats) -> tuple[Floats, Floats]:
    """Doubly robust scores of effects and their weights, each of shape (rows, effects)."""
    rows = np.arange(len(units.arm))
    own = units.propensity[rows, units.arm]
    residual = units.outcome - level
    # Arms' own mean residuals, so that an arm's level does not become noise of the others.
    inverse = np.zeros_like(units.propensity)
    inverse[rows, units.arm] = 1 / own
    shift = (inverse * residual[:, None]).sum(axis=0) / np.maximum(inverse.sum(axis=0), 1e-12)
    points = shift + inverse * (residual[:, None] - shift)
    scores = contrasts(points, has_control=units.has_control)
    spread = 1 / units.propensity
    variance = spread[:, 1:] + spread[:, :1] if units.has_control else spread
    weight = variance.mean() / variance
    return scores, weight


def _best(effect: Floats, *, has_control: bool) -> Positions:
    """Position of the best arm per row; the control wins ties."""
    levels = np.column_stack([np.zeros(len(effect)), effect]) if has_control else effect
    return np.asarray(levels.argmax(axis=1), dtype=np.int64)


def _enough_events(units: Units) -> npt.NDArray[np.bool_]:
    """Whether each effect's arms would see five outcomes other than zero if all arms were alike."""
    expected = (units.outcome != 0).mean() * np.bincount(units.arm, minlength=len(units.arms))
    enough = expected >= LEAST_EVENTS
    return enough[1:] & enough[0] if units.has_control else np.asarray(enough)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield
