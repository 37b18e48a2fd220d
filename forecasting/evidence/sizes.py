"""How large and how long a randomised test must be to find an effect, from what units brought in the past.

Two equal arms, outcome adjusted by what the same units brought in the two windows before (Deng, Xu, Kohavi and Walker
2013): units per arm = 2 (z(1 - significance/2) + z(power))² σ² (1 - ρ²) / effect².
"""

from collections.abc import Iterable, Sequence

import numpy as np

from forecasting.evidence.settings import EvidenceSettings
from forecasting.values import Floats
from forecasting.values.evidence import TestSize

MOST_COVARIATES = 2


def sizes_by_weeks(weekly: Floats, settings: EvidenceSettings, *, share: float | None = None) -> list[TestSize]:
    """The size of the test for every length that the past can tell about.

    Args:
        weekly: What each unit brought in each week, the latest week first, shape (units, weeks). Units are what is
            drawn: households where their members share what is sent.
        settings: Significance, power, the effect sought and the longest test.
        share: The effect sought as a share of what a unit brings, in place of the settings'.

    Returns:
        One per number of weeks; empty where fewer than two weeks or two units are known, or where units bring nothing.
    """
    units, known = weekly.shape
    if units < 2:  # noqa: PLR2004 - one unit has no spread
        return []
    sought = settings.sought_share if share is None else share
    return list(_sizes(weekly, units, min(known // 2, settings.longest_test_weeks), sought, settings))


def settling_test(weekly: Floats, settings: EvidenceSettings, *, share: float | None = None) -> TestSize | None:
    """The shortest test that the units there are can settle; else the one that comes nearest to it.

    Returns:
        None where nothing is known, as `sizes_by_weeks`.
    """
    sizes = sizes_by_weeks(weekly, settings, share=share)
    possible = [size for size in sizes if size.is_possible]
    if possible:
        return possible[0]
    return min(sizes, key=lambda size: (size.units, size.weeks)) if sizes else None


def _sizes(weekly: Floats, units: int, longest: int, sought: float, settings: EvidenceSettings) -> Iterable[TestSize]:
    from scipy.special import ndtri

    z_total = float(ndtri(1 - settings.significance / 2) + ndtri(settings.power))
    running = np.cumsum(np.column_stack([np.zeros(units), weekly]), axis=1)
    for weeks in range(1, longest + 1):
        ends = range(weeks, running.shape[1], weeks)[: 1 + MOST_COVARIATES]
        windows = [running[:, end] - running[:, end - weeks] for end in ends]
        mean, variance = float(windows[0].mean()), _variance_left(windows[0], windows[1:])
        if mean <= 0 or variance <= 0:
            continue
        per_arm = int(np.ceil(2 * z_total**2 * variance / (sought * mean) ** 2))
        detectable = float(np.sqrt(4 * z_total**2 * variance / units)) / mean
        yield TestSize(sought, weeks, sought * mean, per_arm, 2 * per_arm, 2 * per_arm <= units, detectable)


def _variance_left(outcome: Floats, before: Sequence[Floats]) -> float:
    """The outcome's variance that what came before does not explain, as far as a straight line can."""
    design = np.column_stack([np.ones(len(outcome)), *before])
    left = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return float((left**2).sum() / max(len(outcome) - design.shape[1], 1))
