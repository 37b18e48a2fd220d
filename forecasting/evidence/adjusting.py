"""Comparing the treated with untreated units that were like them, and asking whether that comparison can be trusted.

The untreated get the weights of the treated by their odds of treatment (Hirano, Imbens and Ridder 2003), which a
logistic regression on past outcomes estimates. The same comparison is then made one window earlier and more, where
nothing had been sent yet: what it finds there is its bias. Where the groups' scores lie more than half a standard
deviation apart, adjusting extrapolates and is not trusted (Rubin 2001, Health Services and Outcomes Research
Methodology 2).
"""

from dataclasses import dataclass

import numpy as np

from forecasting.evidence.differences import Flags, difference
from forecasting.evidence.draws import Draws
from forecasting.evidence.settings import EvidenceSettings
from forecasting.regression import fit_logistic, log_odds, probability
from forecasting.values import Floats
from forecasting.values.evidence import Estimate, EvidenceTest

LONG_HISTORY = 4
FURTHEST_ODDS = 50.0


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The weighted comparison, in the window and moved back.

    Attributes:
        estimate: In the window.
        earlier: The same comparison one window earlier, two windows earlier, ….
        overlap: Whether the treated have somebody to be compared with.
    """

    estimate: Estimate
    earlier: tuple[Estimate, ...]
    overlap: EvidenceTest


def adjusted_comparison(draws: Draws, is_treated: Flags, settings: EvidenceSettings) -> Adjusted | None:
    """The weighted comparison; None where no earlier window is known to weight by.

    Args:
        draws: Of two arms.
        is_treated: Shape (rows,).
        settings: Thresholds.
    """
    windows = np.column_stack([draws.outcome, draws.earlier])
    known = 2 if draws.earlier.shape[1] >= LONG_HISTORY else 1
    shifts = draws.earlier.shape[1] - known
    if shifts < 0:
        return None
    estimates, chances = [], None
    for shift in range(min(shifts, settings.most_earlier) + 1):
        past = windows[:, shift + 1 : shift + 1 + known]
        chance = _chance_of_treatment(past, draws, is_treated)
        chances = chance if chances is None else chances
        weights = np.where(is_treated, 1.0, np.minimum(chance / (1 - chance), FURTHEST_ODDS))
        estimates.append(
            difference(
                windows[:, shift],
                is_treated,
                draws.cluster,
                weights=weights,
                covariates=list(past.T),
                significance=settings.significance,
            )
        )
    return Adjusted(estimates[0], tuple(estimates[1:]), _overlap(np.asarray(chances), is_treated, settings))


def no_bias(
    name: str, estimates: tuple[Estimate, ...], what: str, level: float, settings: EvidenceSettings
) -> EvidenceTest:
    """Whether comparisons of times before the treatment find nothing, and could have found something.

    Args:
        name: Of the test.
        estimates: All of them count; their p-values are corrected for their number (Holm's first step).
        what: What was compared, as the beginning of a sentence.
        level: What an untreated unit brings in a window, against which a bias is small or large.
        settings: Thresholds.
    """
    if not estimates:
        said = f"{what}: there is no window that early in the data, so nobody can say."
        return EvidenceTest(name, "unknown", said)
    p_value = min(1.0, min(estimate.p_value for estimate in estimates) * len(estimates))
    worst = min(estimates, key=lambda estimate: estimate.p_value)
    found = f"{worst.value:+,.2f} [{worst.low:+,.2f}, {worst.high:+,.2f}]"
    if p_value < settings.significance:
        said = f"{what}: {found} where nothing had been done yet, so the groups differ by themselves."
        return EvidenceTest(name, "failed", said, p_value)
    widest = max(estimates, key=lambda estimate: estimate.half_width)
    tolerated = settings.tolerated_share * abs(level)
    if not widest.half_width <= tolerated:
        said = (
            f"{what}: {found}, which is nothing, but ±{widest.half_width:,.2f} is too wide to rule out a bias of "
            f"{settings.tolerated_share:.0%} of what the untreated bring ({tolerated:,.2f})."
        )
        return EvidenceTest(name, "unknown", said, p_value)
    return EvidenceTest(name, "passed", f"{what}: {found}, nothing, as it should be.", p_value)


def _chance_of_treatment(past: Floats, draws: Draws, is_treated: Flags) -> Floats:
    """P(treated | what was known), shape (rows,)."""
    columns = [np.sign(column) * np.log1p(np.abs(column)) for column in past.T]
    columns += [column**2 for column in columns]
    columns += [(column != 0).astype(np.float64) for column in past.T]
    columns += [np.sign(values) * np.log1p(np.abs(values)) for values in draws.covariates.values()]
    model = fit_logistic(columns, is_treated.astype(np.float64), None, random_state=0)
    return np.clip(probability(model.value(columns)), 1e-6, 1 - 1e-6)


def _overlap(chance: Floats, is_treated: Flags, settings: EvidenceSettings) -> EvidenceTest:
    """Whether enough of the treated have a chance that untreated units share, and the weights rest on enough units."""
    highest = min(float(chance[~is_treated].max()), settings.overlap_limit)
    share = float((chance[is_treated] <= highest).mean())
    odds = chance[~is_treated] / (1 - chance[~is_treated])
    effective = float(odds.sum() ** 2 / (odds**2).sum())
    score = log_odds(chance)
    spread = float(np.sqrt((score[is_treated].var() + score[~is_treated].var()) / 2))
    apart = float(score[is_treated].mean() - score[~is_treated].mean()) / spread if spread > 0 else 0.0
    said = (
        f"{share:.0%} of the treated have untreated units like them, whose weights rest on as much as {effective:,.0f} "
        f"untreated units; by what was known before, the groups lie {apart:.1f} standard deviations apart "
        f"(at most {settings.most_apart:g})."
    )
    is_enough = share >= settings.overlap_share and effective >= settings.minimum_clusters
    is_enough = is_enough and apart <= settings.most_apart
    return EvidenceTest("overlap", "passed" if is_enough else "failed", said)
