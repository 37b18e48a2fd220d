"""Whether a return can be known: how spend came about, tested before anything is believed.

Somebody who spends more when demand is high sees sales follow spend that did nothing. Spend that is said to be set by
chance must look like it: neither what was spent nor what was sold before predicts it, and channels do not move
together. Other spend must not follow from earlier outcomes given earlier spend (pre-period), spend of the next period
must not explain this period's outcome given spend until now (placebo), and it must have variation of its own that
neither the baseline nor other channels explain (overlap). No test sees demand that moves a single channel and sales
within one and the same period. Hence a channel is `randomised` only where the playbook says that chance set its spend,
`adjusted` only where a control measures demand, and otherwise `assumed`, however well the tests turn out.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.media_mix.baseline import columns
from forecasting.media_mix.panel import Panel
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.values import EvidenceGrade, Floats

LAGS = 3
LEVEL = 0.01
"""Chance that any of the tests finds a fault where there is none, shared among channels and tests (Bonferroni)."""
LEAST_OWN_VARIATION = 0.05
"""Share of a channel's variance that the baseline and other channels must leave unexplained."""
LEAST_SPREAD = 0.05
"""Standard deviation of a channel's spend, relative to its mean."""


@dataclass(frozen=True)
class Grade:
    """How well a channel's return can be known, and why."""

    grade: EvidenceGrade
    source: str


def grades(panel: Panel, settings: MediaMixSettings) -> tuple[Grade, ...]:
    """One per channel of the panel, in its order."""
    has_demand = any(name.startswith(f"{kind} of ") for name in panel.control_names for kind in settings.demand_kinds)
    return tuple(_grade(panel, settings, place, has_demand=has_demand) for place in range(len(panel.channel_id)))


def _grade(panel: Panel, settings: MediaMixSettings, place: int, *, has_demand: bool) -> Grade:
    is_stated = panel.channel_id[place] in settings.randomised_channels
    fault = _without_variation(panel, place)
    if fault is None:
        fault = _not_by_chance(panel, settings, place) if is_stated else _follows_demand(panel, place)
    if fault is not None:
        return Grade("assumed", f"prior only: {fault}")
    if is_stated:
        return Grade("randomised", "spend was set by chance as stated, and nothing before it or beside it predicts it")
    if has_demand:
        return Grade("adjusted", "demand is a control; pre-period, placebo and overlap tests passed")
    return Grade("assumed", "prior only: nothing tells spend from the demand of the same period; randomise spend")


def _without_variation(panel: Panel, place: int) -> str | None:
    """What keeps a channel's return from being seen at all."""
    own = panel.spend[:, place]
    if own.std() < LEAST_SPREAD * own.mean():
        return "spend hardly varies"
    others = np.delete(panel.spend, place, axis=1)
    left = _residual(own, np.column_stack([columns(panel), others])).var() / own.var()
    return f"only {left:.0%} of its variation is its own" if left < LEAST_OWN_VARIATION else None


def _not_by_chance(panel: Panel, settings: MediaMixSettings, place: int) -> str | None:
    """What contradicts a statement that chance set a channel's spend."""
    spend, held = panel.spend, settings.randomised_for_periods
    # one row per draw: spend that is held for several periods only repeats itself
    rows = np.arange(LAGS + held - 1, panel.periods, held)
    before = range(held, held + LAGS)
    others = np.delete(spend, place, axis=1)
    suspects = (
        ("spend follows past demand", np.column_stack([panel.outcome[rows - lag] for lag in before])),
        (
            "spend follows earlier spend, so chance did not set it",
            np.column_stack([spend[rows - lag, place] for lag in before]),
        ),
        ("spend moves with that of other channels, so something moves both", others[rows]),
    )
    level = LEVEL / len(panel.channel_id) / len(suspects)
    for what, suspect in suspects:
        chance = _f_test(spend[rows, place], columns(panel)[rows], suspect) if suspect.shape[1] else 1.0
        if chance < level:
            return f"{what} (p = {chance:.1g})"
    return None


def _follows_demand(panel: Panel, place: int) -> str | None:
    """Signs that demand, beyond the controls, moves a channel's spend."""
    spend, level = panel.spend, LEVEL / len(panel.channel_id) / 2
    own, fixed = spend[:, place], columns(panel)
    past = np.column_stack([fixed[LAGS:], *(_lagged(spend, lag) for lag in range(1, LAGS + 1))])
    outcomes = np.column_stack([_lagged(panel.outcome[:, None], lag) for lag in range(1, LAGS + 1)])
    chance = _f_test(own[LAGS:], past, outcomes)
    if chance < level:
        return f"spend follows past demand (p = {chance:.1g})"
    until_now = np.column_stack([fixed[LAGS:], *(_lagged(spend, lag) for lag in range(LAGS + 1)), outcomes])
    chance = _f_test(panel.outcome[LAGS:-1], until_now[:-1], own[LAGS + 1 :, None])
    if chance < level:
        return f"later spend explains earlier outcomes (p = {chance:.1g})"
    return None


def _lagged(values: Floats, lag: int) -> Floats:
    return values[LAGS - lag : len(values) - lag]


def _residual(values: Floats, explained_by: Floats) -> Floats:
    scaled = explained_by / np.maximum(np.abs(explained_by).max(axis=0), 1e-300)
    found, *_ = np.linalg.lstsq(scaled, values, rcond=None)
    return np.asarray(values - scaled @ found)


def _f_test(values: Floats, known: Floats, added: Floats) -> float:
    """P of explaining so much more with the added columns by chance; 1 where too few rows are left to tell."""
    from scipy.special import fdtrc

    both = np.column_stack([known, added])
    rank = int(np.linalg.matrix_rank(both / np.maximum(np.abs(both).max(axis=0), 1e-300)))
    free = len(values) - rank
    if free < LAGS:
        return 1.0
    without = float((_residual(values, known) ** 2).sum())
    full = float((_residual(values, both) ** 2).sum())
    gained = max(without - full, 0.0) / added.shape[1]
    return float(fdtrc(added.shape[1], free, gained / max(full / free, 1e-300)))
