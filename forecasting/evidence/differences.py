"""Differences of two groups with intervals that hold where members of a household are alike.

The regression estimate is that of Lin (2013, Annals of Applied Statistics 7): outcome on arm, centred covariates and
their products, by weighted least squares. Errors are the sandwich that is robust to
clusters (Liang and Zeger 1986), with residuals divided by one less their leverage as in HC3 (MacKinnon and White 1985),
and Student's t of the smaller arm's households less one.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import TooLittleDataError
from forecasting.values import Floats, Keys
from forecasting.values.evidence import Estimate

LEAST_CLUSTERS = 2
HIGHEST_LEVERAGE = 0.99

Flags = npt.NDArray[np.bool_]


def difference(
    outcome: Floats,
    is_treated: Flags,
    cluster: Keys,
    *,
    weights: Floats | None = None,
    covariates: Sequence[Floats] = (),
    significance: float = 0.05,
) -> Estimate:
    """Treated less untreated.

    Args:
        outcome: Shape (rows,).
        is_treated: Shape (rows,).
        cluster: Rows of one cluster are not independent.
        weights: Such as 1 / propensity; taken as known.
        covariates: Known before; they make the interval narrower and do not move the estimate of a fair draw.
        significance: Two-sided; .05 gives the 95 % interval.

    Raises:
        TooLittleDataError: A group has fewer than two clusters.
    """
    from scipy.special import stdtr, stdtrit

    code = pd.factorize(cluster)[0]
    treated, untreated = len(np.unique(code[is_treated])), len(np.unique(code[~is_treated]))
    if min(treated, untreated) < LEAST_CLUSTERS:
        raise TooLittleDataError(
            f"{treated} treated and {untreated} untreated households cannot be compared.",
            where="comparison",
            remedy="Each group needs two at the very least.",
        )
    weight = np.ones(len(outcome)) if weights is None else weights
    value, error = _regression(outcome, is_treated, code, weight, _useful(covariates, weight))
    freedom = min(treated, untreated) - 1
    half = float(stdtrit(freedom, 1 - significance / 2)) * error
    p_value = float(2 * stdtr(freedom, -abs(value) / error)) if error > 0 else float(value == 0)
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        p_value=p_value,
        treated_mean=float(np.average(outcome[is_treated], weights=weight[is_treated])),
        untreated_mean=float(np.average(outcome[~is_treated], weights=weight[~is_treated])),
    )


def _useful(covariates: Sequence[Floats], weight: Floats) -> list[Floats]:
    """Centred covariates that vary and are not sums of those before them."""
    kept: list[Floats] = []
    for column in covariates:
        centred = column - np.average(column, weights=weight)
        spread = float(np.sqrt(np.average(centred**2, weights=weight)))
        if spread < 1e-9:  # noqa: PLR2004 - a constant carries nothing
            continue
        candidate = centred / spread
        if np.linalg.matrix_rank(np.column_stack([*kept, candidate]), tol=1e-6 * len(column) ** 0.5) > len(kept):
            kept.append(candidate)
    return kept


def _regression(
    outcome: Floats, is_treated: Flags, code: npt.NDArray[np.int64], weight: Floats, columns: Sequence[Floats]
) -> tuple[float, float]:
    """The coefficient of the arm and its standard error."""
    arm = is_treated.astype(np.float64)
    design = np.column_stack([np.ones(len(arm)), arm, *columns, *(arm * column for column in columns)])
    bread = np.linalg.pinv((design * weight[:, None]).T @ design)
    coefficients = bread @ (design.T @ (weight * outcome))
    # a few who spend very much pull the line towards them, so that what is left of them looks too small
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, bread, design) * weight, 0.0, HIGHEST_LEVERAGE)
    scores = design * (weight * (outcome - design @ coefficients) / (1 - leverage))[:, None]
    clusters = int(code.max()) + 1
    by_cluster = np.column_stack([np.bincount(code, weights=column, minlength=clusters) for column in scores.T])
    variance = clusters / (clusters - 1) * (bread @ (by_cluster.T @ by_cluster) @ bread)[1, 1]
    return float(coefficients[1]), float(np.sqrt(max(variance, 0.0)))
