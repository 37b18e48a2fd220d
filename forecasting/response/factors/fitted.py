"""One target's regression with the keys of its levels, and how it comes back from arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.response.factors.hierarchical import HierarchicalRegression, Level
from forecasting.values import EvidenceGrade, Keys
from forecasting.values.response import Link, Target

LINKS: Mapping[Target, Link] = {
    "p_response": "logit",
    "p_redeem": "logit",
    "p_opt_out": "logit",
    "margin_uplift": "identity",
    "response_uplift": "identity",
}
LEVELS = ("segment", "customer", "kind", "topic", "asset", "channel")


@dataclass(frozen=True, eq=False)
class Fitted:
    """One target's regression and the keys of its levels.

    Attributes:
        regression: The fit.
        keys: Keys of the groups of each level, ascending.
        is_fatigue_fitted: Whether the effect of recent touches is among the coefficients.
        has_picked: Whether exposures of picked assets have columns of their own, the last two.
        fatigue: Stated change of the linear value per unit of log(1 + recent touches), where it is not fitted.
        grade: How the target is identified.
        source: What it was fitted on.
    """

    regression: HierarchicalRegression
    keys: Mapping[str, Keys]
    is_fatigue_fitted: bool
    has_picked: bool
    fatigue: float
    grade: EvidenceGrade
    source: str


def fitted_arrays(target: Target, fitted: Fitted, *, with_customers: bool) -> dict[str, np.ndarray]:
    """What was learnt of a target, as arrays by name, with effects of single customers or without."""
    found: dict[str, np.ndarray] = {}
    regression = fitted.regression
    for name in (
        "intercept_",
        "coefficients_",
        "centre_",
        "intercept_variance_",
        "coefficient_variance_",
        "half_",
        "noise_",
        "intercept_spread_",
    ):
        found[f"{target}/{name}"] = np.asarray(getattr(regression, name))
    for name, keys in fitted.keys.items():
        level = regression.levels_[name]
        if name != "customer" or with_customers:
            found[f"{target}/{name}/keys"] = keys.astype(str)
            found[f"{target}/{name}/mean"], found[f"{target}/{name}/variance"] = level.mean, level.variance
        found[f"{target}/{name}/spread"] = np.asarray(level.spread)
        found[f"{target}/{name}/average"] = np.asarray(level.average)
    found[f"{target}/facts"] = np.array([fitted.is_fatigue_fitted, fitted.has_picked, fitted.fatigue])
    found[f"{target}/words"] = np.array([fitted.grade, fitted.source])
    return found


def restored(target: Target, arrays: Mapping[str, np.ndarray]) -> Fitted:
    """What `ResponseModel.arrays` was made of."""
    regression = HierarchicalRegression(link=LINKS[target])
    for name in (
        "intercept_",
        "coefficients_",
        "centre_",
        "intercept_variance_",
        "coefficient_variance_",
        "half_",
        "noise_",
        "intercept_spread_",
    ):
        value = arrays[f"{target}/{name}"]
        setattr(regression, name, float(value) if value.ndim == 0 else value)
    keys, levels = {}, {}
    for name in LEVELS:
        if f"{target}/{name}/keys" in arrays:
            keys[name] = arrays[f"{target}/{name}/keys"].astype(object)
            mean, variance = arrays[f"{target}/{name}/mean"], arrays[f"{target}/{name}/variance"]
            spread, average = (float(arrays[f"{target}/{name}/{said}"]) for said in ("spread", "average"))
            levels[name] = Level(mean, variance, spread, average)
    regression.levels_ = levels
    fatigue_fitted, has_picked, fatigue = arrays[f"{target}/facts"]
    grade, source = arrays[f"{target}/words"]
    return Fitted(regression, keys, bool(fatigue_fitted), bool(has_picked), float(fatigue), str(grade), str(source))  # type: ignore[arg-type]
