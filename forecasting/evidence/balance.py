"""Was it drawn as recorded? What people did before must not tell in which arm they are.

Under a draw with known probabilities, the sum over draws of covariate times (was drawn less probability) has mean zero
and a variance that the probabilities alone give, without any model: later draws may depend on what earlier ones led to,
since each sum is a martingale. The joint test holds the sums of all covariates and arms, the constant included, which
asks whether arms are as large as their probabilities say, against a chi-square distribution.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.evidence.draws import SUM_TOLERANCE, Draws
from forecasting.inputs import MICROSECONDS_PER_DAY
from forecasting.values import Floats
from forecasting.values.evidence import EvidenceTest, Imbalance

RAREST = 10
MOST_WINDOWS = 3
ROWS_PER_COVARIATE = 15


@dataclass(frozen=True, eq=False)
class Balance:
    """What the balance test found.

    Attributes:
        test: Passed or failed, with the joint p-value.
        imbalance: Standardised mean differences by covariate and arm.
    """

    test: EvidenceTest
    imbalance: Imbalance


def balance_test(draws: Draws, *, significance: float = 0.05) -> Balance:
    """Hold what is known of units before each draw against the draw's probabilities.

    Args:
        draws: With propensities in every row.
        significance: The test fails below it.

    Raises:
        ValueError: A row has no propensity: a mistake of the caller.
    """
    from scipy.special import chdtrc

    if not draws.has_propensities or draws.propensity is None:
        raise ValueError("a balance test needs the propensity of every row")
    names, matrix = covariates_of(draws)
    statistic, freedom = _joint_statistic(draws, matrix)
    imbalance = _imbalance(draws, names, matrix)
    if freedom == 0:
        return Balance(
            EvidenceTest("balance", "unknown", "Every row was certain to get its arm, so nothing was drawn."), imbalance
        )
    p_value = float(chdtrc(freedom, statistic))
    worst = int(np.argmax(np.abs(imbalance.standardised_difference))) if len(imbalance.covariate) else None
    furthest = (
        f" The largest difference is {imbalance.standardised_difference[worst]:+.2f} standard deviations, "
        f"of {imbalance.covariate[worst]} in `{imbalance.arm[worst]}`."
        if worst is not None
        else ""
    )
    if p_value >= significance:
        said = f"Arms are as alike before the draw as a fair draw makes them (p = {p_value:.2f})."
        return Balance(EvidenceTest("balance", "passed", said + furthest, p_value), imbalance)
    said = f"Arms differ before the draw by more than a fair draw with these propensities allows (p = {p_value:.2g})."
    return Balance(EvidenceTest("balance", "failed", said + furthest, p_value), imbalance)


def covariates_of(draws: Draws) -> tuple[list[str], Floats]:
    """What was known before each draw, on scales without long tails, shape (rows, covariates).

    Past outcomes by window as signed logarithms, whether there was any, the unit's arm of the draw before, and the
    given covariates. What hardly varies is left out: a chi-square needs some of each.
    """
    columns: dict[str, Floats] = {}
    for place in range(min(draws.earlier.shape[1], MOST_WINDOWS)):
        past = draws.earlier[:, place]
        columns[f"outcome {place + 1} window{'s' if place else ''} before"] = np.sign(past) * np.log1p(np.abs(past))
        columns[f"any outcome {place + 1} window{'s' if place else ''} before"] = (past != 0).astype(np.float64)
    for name, values in draws.covariates.items():
        columns[name] = np.sign(values) * np.log1p(np.abs(values))
    for arm, flags in _arms_before(draws).items():
        columns[f"drew `{arm}` the time before"] = flags
    most = max(1, len(draws) // ROWS_PER_COVARIATE)
    kept = {name: column for name, column in columns.items() if _varies(column)}
    chosen = list(kept)[:most]
    return chosen, np.column_stack([kept[name] for name in chosen]) if chosen else np.zeros((len(draws), 0))


def independence_test(draws: Draws, *, days: float, significance: float = 0.05) -> EvidenceTest | None:
    """Whether later arms are independent of earlier ones of the same unit whose window they fall into.

    The surprise of the earlier draw (was drawn less probability) is noise that nothing can foresee. A later arm that
    goes with it was chosen in the light of the earlier one, and the earlier draw's effect cannot be told from it.

    Returns:
        None where no two draws of a unit overlap.
    """
    from scipy.special import chdtrc

    if draws.propensity is None or not draws.has_propensities:
        raise ValueError("an independence test needs the propensity of every row")
    earlier, later = _overlapping(draws, days)
    arms = draws.arms
    if len(earlier) == 0 or len(arms) == 1:
        return None
    sums, variances = [], []
    for arm in arms[:-1]:
        surprise = (draws.arm == arm) / np.where(draws.arm == arm, draws.propensity, 1.0) - 1
        is_arm = (draws.arm[later] == arm).astype(np.float64)
        expected = is_arm.mean()
        load = np.bincount(earlier, weights=is_arm - expected, minlength=len(draws))
        sums.append(float((load * surprise).sum()))
        variances.append(float((load**2 * surprise**2).sum()))
    statistic = max((total**2 / spread for total, spread in zip(sums, variances, strict=True) if spread > 0), default=0)
    p_value = min(1.0, float(chdtrc(1, statistic)) * len(sums))
    if p_value >= significance:
        said = f"Draws overlap, and later arms do not go with earlier ones (p = {p_value:.2f})."
        return EvidenceTest("independence", "passed", said, p_value)
    said = f"Later arms go with earlier ones (p = {p_value:.2g}), so their effects cannot be told apart."
    return EvidenceTest("independence", "failed", said, p_value)


def _overlapping(draws: Draws, days: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of a draw and the next one of the same unit and experiment that falls into its window."""
    experiment = draws.unit if draws.experiment is None else draws.experiment
    code = pd.MultiIndex.from_arrays([experiment, draws.unit]).factorize()[0]
    order = np.lexsort((draws.assigned_at, code))
    first, second = order[:-1], order[1:]
    apart = (draws.assigned_at[second] - draws.assigned_at[first]).astype(np.int64) / MICROSECONDS_PER_DAY
    is_pair = (code[first] == code[second]) & (apart < days)
    return first[is_pair], second[is_pair]


def _arms_before(draws: Draws) -> dict[str, Floats]:
    earlier, later = _overlapping(draws, np.inf)
    flags = {}
    for arm in draws.arms[:-1]:
        column = np.zeros(len(draws))
        column[later] = draws.arm[earlier] == arm
        flags[arm] = column
    return flags if len(earlier) else {}


def _varies(column: Floats) -> bool:
    most_common = pd.Series(column).value_counts().iloc[0]
    return bool(len(column) - most_common >= RAREST)


def _standardised(matrix: Floats) -> Floats:
    spread = matrix.std(axis=0)
    return np.asarray((matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1.0), dtype=np.float64)


def _probabilities(draws: Draws) -> Floats | None:
    """P(arm) of every row and arm, shape (rows, arms), where own propensities tell it; else None."""
    given, arms = np.asarray(draws.propensity), draws.arms
    if len(arms) == 2:  # noqa: PLR2004 - the other arm has the rest
        first = np.where(draws.arm == arms[0], given, 1 - given)
        return np.column_stack([first, 1 - first])
    experiments = np.full(len(draws), "", dtype=object) if draws.experiment is None else draws.experiment
    table = np.zeros((len(draws), len(arms)))
    for experiment in pd.unique(experiments):
        rows = experiments == experiment
        for place, arm in enumerate(arms):
            own = given[rows & (draws.arm == arm)]
            if len(own) and np.ptp(own) > SUM_TOLERANCE:
                return None
            table[rows, place] = own[0] if len(own) else 0.0
    return table


def _joint_statistic(draws: Draws, matrix: Floats) -> tuple[float, int]:
    """The quadratic form of all sums, and its degrees of freedom."""
    covariates = np.column_stack([np.ones(len(draws)), _standardised(matrix)])
    drawn = np.column_stack([draws.arm == arm for arm in draws.arms]).astype(np.float64)
    chances = _probabilities(draws)
    if chances is not None:
        surprise = drawn - chances
        spread = [
            [(chances[:, one] * ((one == other) - chances[:, other])) for other in range(drawn.shape[1])]
            for one in range(drawn.shape[1])
        ]
        blocks = [[covariates.T @ (covariates * part[:, None]) for part in row] for row in spread]
        sums = (surprise.T @ covariates).ravel()
        return _quadratic(sums, np.block(blocks))
    given = np.asarray(draws.propensity)
    surprise = drawn / given[:, None] - 1
    sums = (surprise.T @ covariates).ravel()
    terms = (surprise[:, :, None] * covariates[:, None, :]).reshape(len(draws), -1)
    centred = terms - terms.mean(axis=0)
    return _quadratic(sums, centred.T @ centred)


def _quadratic(sums: Floats, variance: Floats) -> tuple[float, int]:
    values, vectors = np.linalg.eigh(variance)
    is_real = values > 1e-8 * max(float(values.max()), 1e-12)
    turned = vectors[:, is_real].T @ sums
    return float((turned**2 / values[is_real]).sum()), int(is_real.sum()) if float(values.max()) > 0 else 0


def _imbalance(draws: Draws, names: list[str], matrix: Floats) -> Imbalance:
    scaled, rows = _standardised(matrix), []
    weight = 1 / np.asarray(draws.propensity)
    arms = draws.arms if len(draws.arms) > 2 else draws.arms[:1]  # noqa: PLR2004 - two arms differ by one number
    for arm in arms:
        inside = draws.arm == arm
        if inside.all():
            continue
        for place, name in enumerate(names):
            ours = np.average(scaled[inside, place], weights=weight[inside])
            others = np.average(scaled[~inside, place], weights=weight[~inside])
            rows.append((name, arm, float(ours - others)))
    return Imbalance(
        np.array([row[0] for row in rows], dtype=object),
        np.array([row[1] for row in rows], dtype=object),
        np.array([row[2] for row in rows], dtype=np.float64),
    )
