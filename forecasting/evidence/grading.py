"""From draws to a judged comparison: the grade, the estimate it speaks of, and what may be said."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.errors import TooLittleDataError
from forecasting.evidence.adjusting import Adjusted, adjusted_comparison, no_bias
from forecasting.evidence.balance import balance_test, independence_test
from forecasting.evidence.differences import Flags, difference
from forecasting.evidence.draws import NOTHING, Draws, arms_missing
from forecasting.evidence.settings import EvidenceSettings
from forecasting.values import EvidenceGrade, Floats
from forecasting.values.evidence import Estimate, EvidenceTest, Graded, Lift, Verdict

DEFAULTS = EvidenceSettings()
MOST_COVARIATES = 2


def grade(draws: Draws, settings: EvidenceSettings = DEFAULTS, *, days: float, control: str = NOTHING) -> Graded:
    """How well effects in these draws are known.

    Args:
        draws: All arms.
        settings: Thresholds.
        days: Length of the window in which the outcome was counted.
        control: The arm to which others are compared.
    """
    randomised = _grade_of_the_draw(draws, settings, days)
    if randomised.grade == "randomised":
        return randomised
    others = [arm for arm in draws.arms if arm != control]
    if not others or control not in draws.arms:
        return Graded("assumed", (*randomised.reasons, _nobody_to_compare(draws, control)), randomised.tests)
    compared = [_grade_of_the_comparison(draws.between(arm, control), arm, settings)[0] for arm in others]
    weakest = next((one for one in compared if one.grade == "assumed"), compared[0])
    return Graded(weakest.grade, (*randomised.reasons, *weakest.reasons), (*randomised.tests, *weakest.tests))


def lift(draws: Draws, arm: str, settings: EvidenceSettings = DEFAULTS, *, days: float, control: str = NOTHING) -> Lift:
    """Compare an arm with the control arm, and judge the comparison.

    Args:
        draws: All arms of the draw, on which balance is tested.
        arm: Whose effect is asked for.
        settings: Thresholds.
        days: Length of the window in which the outcome was counted.
        control: With which arm.

    Raises:
        ForecastingError: There is no such arm among the draws, and none that is the control.
    """
    if control not in draws.arms or arm not in draws.arms or arm == control:
        if arm not in draws.arms:
            draws.between(arm, arm)  # says which arms there are
        return nothing_to_compare(arm, control, (_nobody_to_compare(draws, control),), treated=len(draws))
    by_draw = _grade_of_the_draw(draws, settings, days)
    pair = draws.between(arm, control)
    if by_draw.grade == "randomised" and (certain := np.asarray(pair.propensity) >= 1).any() and not certain.all():
        said = f"{int(certain.sum()):,} assignments were certain, so they compare with nobody and are left out."
        by_draw = Graded("randomised", (*by_draw.reasons, said), by_draw.tests)
        pair = pair.where(~certain)
    is_treated = np.asarray(pair.arm == arm, dtype=np.bool_)
    treated, untreated = (len(set(pair.cluster[flags])) for flags in (is_treated, ~is_treated))
    if min(treated, untreated) < settings.minimum_clusters:
        got_it = f"{treated:,} household{'' if treated == 1 else 's'} got it and {untreated:,} did not."
        least = settings.minimum_clusters
        reason = f"{got_it} Less than {least} on a side say nothing, and their means would tell what single people do."
        return nothing_to_compare(
            arm, control, (reason,), treated=int(is_treated.sum()), untreated=int((~is_treated).sum())
        )
    effect: Estimate | None
    if by_draw.grade == "randomised":
        graded, effect = by_draw, _effect_of_the_draw(pair, is_treated, settings)
    else:
        compared, adjusted = _grade_of_the_comparison(pair, arm, settings)
        reasons = by_draw.reasons if pair.propensity is not None else ()
        graded = Graded(compared.grade, (*reasons, *compared.reasons), (*by_draw.tests, *compared.tests))
        effect = adjusted.estimate if adjusted is not None and compared.grade == "adjusted" else None
    plain = _plain_differences(pair, is_treated, settings)
    return Lift(
        arm=arm,
        control=control,
        treated=int(is_treated.sum()),
        untreated=int((~is_treated).sum()),
        naive=plain.naive,
        pre_period=plain.pre_period,
        did=plain.did,
        placebos=plain.placebos,
        effect=effect,
        graded=graded,
        verdict=_verdict(effect),
    )


def nothing_to_compare(
    arm: str, control: str, reasons: tuple[str, ...], *, treated: int = 0, untreated: int = 0
) -> Lift:
    """A comparison that cannot be made, and why."""
    graded = Graded("assumed", reasons)
    return Lift(arm, control, treated, untreated, None, None, None, (), None, graded, "nothing_to_compare")


def _grade_of_the_draw(draws: Draws, settings: EvidenceSettings, days: float) -> Graded:
    """`randomised` when arms were drawn with known probabilities and what came before does not tell them."""
    if draws.propensity is None:
        return Graded("assumed", ("Nobody drew who got it: there are no assignments with propensities.",))
    if not draws.has_propensities:
        unknown = int(np.isnan(draws.propensity).sum())
        reason = f"{unknown:,} of {len(draws):,} assignments do not say with which probability they were drawn."
        return Graded("assumed", (reason,))
    if len(draws.arms) == 1:
        return Graded("assumed", (f"Everybody is in the arm `{draws.arms[0]}`.",))
    if (missing := arms_missing(draws)) is not None:
        return Graded("assumed", (missing,))
    balance = balance_test(draws, significance=settings.significance).test
    independence = independence_test(draws, days=days, significance=settings.significance)
    tests: tuple[EvidenceTest, ...] = (balance,) if independence is None else (balance, independence)
    reasons = tuple(test.sentence for test in tests)
    is_fair = all(test.answer == "passed" for test in tests)
    return Graded("randomised" if is_fair else "assumed", reasons, tests)


def _grade_of_the_comparison(pair: Draws, arm: str, settings: EvidenceSettings) -> tuple[Graded, Adjusted | None]:
    """`adjusted` when the treated have their like, and neither way of comparing finds anything before the treatment."""
    pair = _first_draws(pair)
    is_treated = np.asarray(pair.arm == arm, dtype=np.bool_)
    if is_treated.all() or not is_treated.any():
        return Graded("assumed", ("By what everybody got first, all are in one group.",)), None
    try:
        adjusted = adjusted_comparison(pair, is_treated, settings)
        differences = _plain_differences(pair, is_treated, settings)
    except TooLittleDataError as error:
        return Graded("assumed", (error.what,)), None
    if adjusted is None:
        said = "Nothing is known from before it began, so nobody can say whether the groups were alike."
        return Graded("assumed", (said,), (EvidenceTest("pre_period", "unknown", said),)), None
    like, level = "Those who were alike before, compared", differences.naive.untreated_mean
    tests = (
        adjusted.overlap,
        no_bias("pre_period", adjusted.earlier[:1], f"{like} in the window before", level, settings),
        no_bias("placebo", adjusted.earlier[1:], f"{like} in windows before that", level, settings),
        no_bias("placebo", differences.placebos, "The difference of changes, moved back", level, settings),
    )
    before = (differences.pre_period,) if differences.pre_period else ()
    plain = no_bias(
        "naive", before, "Everybody who got it against everybody who did not, in the window before", level, settings
    )
    name: EvidenceGrade = "adjusted" if all(test.answer == "passed" for test in tests) else "assumed"
    made = tests if name == "adjusted" else (plain, *tests)
    reasons = tuple(test.sentence for test in made if name == "adjusted" or test.answer != "passed")
    return Graded(name, reasons, (plain, *tests)), adjusted


def _first_draws(pair: Draws) -> Draws:
    """One row per unit, its first: without a draw, a unit that comes again is no new evidence."""
    order = np.lexsort((pair.arm.astype(str), pair.assigned_at))
    first = np.zeros(len(pair), dtype=np.bool_)
    first[order[~pd.Series(pair.unit[order]).duplicated().to_numpy()]] = True
    return pair if first.all() else pair.where(first)


def _effect_of_the_draw(pair: Draws, is_treated: Flags, settings: EvidenceSettings) -> Estimate:
    """Weighted by what was drawn, narrowed by what was known before."""
    return difference(
        pair.outcome,
        is_treated,
        pair.cluster,
        weights=1 / np.asarray(pair.propensity),
        covariates=list(pair.earlier[:, :MOST_COVARIATES].T),
        significance=settings.significance,
    )


@dataclass(frozen=True)
class Differences:
    """Naive, pre-period, difference of changes, and the latter moved back window by window."""

    naive: Estimate
    pre_period: Estimate | None
    did: Estimate | None
    placebos: tuple[Estimate, ...]


def _plain_differences(pair: Draws, is_treated: Flags, settings: EvidenceSettings) -> Differences:
    """Nothing adjusted, but weighted by propensities where arms were drawn with them."""
    weights = None if pair.propensity is None or not pair.has_propensities else 1 / pair.propensity

    def compared(outcome: Floats) -> Estimate:
        return difference(outcome, is_treated, pair.cluster, weights=weights, significance=settings.significance)

    windows = np.column_stack([pair.outcome, pair.earlier])
    changes = windows[:, :-1] - windows[:, 1:]
    moved = [compared(changes[:, place]) for place in range(min(changes.shape[1], settings.most_earlier))]
    pre_period = compared(windows[:, 1]) if windows.shape[1] > 1 else None
    return Differences(compared(pair.outcome), pre_period, moved[0] if moved else None, tuple(moved[1:]))


def _verdict(effect: Estimate | None) -> Verdict:
    if effect is None:
        return "cannot_tell"
    if not effect.excludes_zero:
        return "none_found"
    return "lift" if effect.low > 0 else "loss"


def _nobody_to_compare(draws: Draws, control: str) -> str:
    if draws.arms == [control]:
        return "Nobody got anything."
    if control not in draws.arms:
        return f"Everybody got something ({', '.join(draws.arms)}): there is no control group `{control}`."
    return f"Only `{control}` was to be compared."
