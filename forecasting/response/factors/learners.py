"""Candidates for how an effect depends on features: a line, boosted trees on scores, and trees on outcomes.

Each is a function of a sample and gives a function of features. `scores` are doubly robust pseudo-outcomes whose mean
given the features is the effect (Kennedy 2023); the tree learner on outcomes is the S-learner of Künzel et al. (2019).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.response.factors.units import Positions
from forecasting.values import Floats

Predictor = Callable[[Floats], Floats]
DECIMALS = 9
MOST_ARMS_FOR_TREES = 8


@dataclass(frozen=True, eq=False)
class Sample:
    """What a candidate is fitted on.

    Attributes:
        features: Shape (rows, columns).
        arm: Position of each row's arm, shape (rows,).
        outcome: Shape (rows,).
        scores: Pseudo-outcome of each effect, shape (rows, effects).
        weight: How precise a row's scores are, shape (rows, effects).
        arms: How many arms there are.
        is_binary: Whether the outcome is 0 or 1.
        has_control: Whether arm 0 is the control.
        seed: For scikit-learn.
    """

    features: Floats
    arm: Positions
    outcome: Floats
    scores: Floats
    weight: Floats
    arms: int
    is_binary: bool
    has_control: bool
    seed: int

    def part(self, rows: Positions) -> "Sample":
        """Some of the rows."""
        return Sample(
            self.features[rows],
            self.arm[rows],
            self.outcome[rows],
            self.scores[rows],
            self.weight[rows],
            self.arms,
            self.is_binary,
            self.has_control,
            self.seed,
        )


def lines(sample: Sample) -> Predictor:
    """Ridge regression of every effect's scores, its strength by evidence (MacKay 1992)."""
    fits = [
        ridge(sample.features, sample.scores[:, effect], sample.weight[:, effect])
        for effect in range(sample.scores.shape[1])
    ]
    coefficients = np.column_stack([fit[1] for fit in fits]) if fits else np.zeros((sample.features.shape[1], 0))
    levels = np.array([fit[0] for fit in fits])
    return lambda features: levels + features @ coefficients


def score_trees(sample: Sample) -> Predictor:
    """Boosted shallow trees on scores that are cut at their outermost half per cent, so that few rows do not rule."""
    models = []
    for effect in range(sample.scores.shape[1]):
        scores = sample.scores[:, effect]
        low, high = np.quantile(scores, [0.0025, 0.9975])
        model = _regressor(sample, max_iter=25, learning_rate=0.1, max_leaf_nodes=6, leaf_share=0.025)
        # Without weights: they cost scikit-learn more than all trees, and scores have the right mean without them.
        models.append(model.fit(sample.features, np.clip(scores, low, high)))
    return lambda features: np.column_stack([model.predict(features) for model in models])


def one_model(sample: Sample) -> Predictor:
    """S-learner: trees on features and arms; effects are differences between arms."""
    arms = sample.arms
    model = _outcome_trees(sample, np.column_stack([sample.features, np.eye(arms)[sample.arm]]), sample.outcome)

    def predict(features: Floats) -> Floats:
        levels = [
            model(np.column_stack([features, np.tile(np.eye(arms)[arm], (len(features), 1))])) for arm in range(arms)
        ]
        return contrasts(np.column_stack(levels), has_control=sample.has_control)

    return predict


def contrasts(levels: Floats, *, has_control: bool) -> Floats:
    """Effects from levels per arm: against the first arm, or against the mean over arms."""
    return levels[:, 1:] - levels[:, :1] if has_control else levels - levels.mean(axis=1, keepdims=True)


def ridge(features: Floats, target: Floats, weight: Floats) -> tuple[float, Floats]:
    """Level and coefficients of a weighted ridge regression whose strength maximises the evidence."""
    total = weight.sum()
    centre = weight @ features / total
    deviation = features - centre
    mean = float(weight @ target / total)
    gram = (deviation * weight[:, None]).T @ deviation
    moment = deviation.T @ (weight * (target - mean))
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ moment
    residual = float(weight @ (target - mean) ** 2)
    if residual <= 0 or values.max(initial=0.0) <= 0:
        return mean, np.zeros(features.shape[1])
    noise = residual / len(target)
    tau = noise / max(float(values.mean()), 1e-12)
    for _ in range(100):
        kept = values / (values + noise / max(tau, 1e-300))
        found = rotated / (values + noise / max(tau, 1e-300))
        degrees = float(kept.sum())
        left = residual - 2 * float(found @ rotated) + float(values @ found**2)
        noise = max(left / max(len(target) - degrees, 1.0), 1e-300)
        updated = float(found @ found) / max(degrees, 1e-12)
        if abs(updated - tau) <= 1e-6 * tau or updated <= 0:
            break
        tau = updated
    coefficients = np.round(vectors @ (rotated / (values + noise / max(tau, 1e-300))), DECIMALS)
    return mean - float(centre @ coefficients), coefficients


def outcome_level(features: Floats, outcome: Floats, *, is_binary: bool, seed: int) -> Predictor:
    """Expected outcome given features, whatever the arm: the mean of a ridge line and boosted trees."""
    level, coefficients = ridge(features, outcome, np.ones(len(outcome)))
    sample = Sample(
        features, np.zeros(len(outcome), dtype=np.int64), outcome, np.zeros((0, 0)), np.zeros((0, 0)), 1, is_binary,
        has_control=False, seed=seed,
    )  # fmt: skip
    trees = _outcome_trees(sample, features, outcome)
    low, high = float(outcome.min()), float(outcome.max())
    return lambda rows: 0.5 * (np.clip(level + rows @ coefficients, low, high) + trees(rows))


def _outcome_trees(sample: Sample, features: Floats, outcome: Floats) -> Predictor:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if np.ptp(outcome) == 0:
        constant = float(outcome[0])
        return lambda rows: np.full(len(rows), constant)
    settings = {
        "max_iter": 35,
        "learning_rate": 0.15,
        "max_leaf_nodes": 10,
        "min_samples_leaf": max(20, len(outcome) // 100),
        "early_stopping": False,
        "random_state": sample.seed,
    }
    if sample.is_binary:
        classifier = HistGradientBoostingClassifier(**settings).fit(features, outcome)
        return lambda rows: np.asarray(classifier.predict_proba(rows)[:, 1])
    regressor = HistGradientBoostingRegressor(**settings).fit(features, outcome)
    return lambda rows: np.asarray(regressor.predict(rows))


def _regressor(sample: Sample, *, max_iter: int, learning_rate: float, max_leaf_nodes: int, leaf_share: float) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=max_iter,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=max(20, int(leaf_share * len(sample.features))),
        early_stopping=False,
        random_state=sample.seed,
    )
