"""What the outcome would be without spend: level, trend, season, controls and errors that last.

The baseline is integrated out: with a wide prior for its coefficients, and errors of which a part carries over from
one period to the next, the outcome's covariance is known up to its size, and multiplying by the inverse of its root
leaves independent errors. How much of the errors lasts, and for how long, is the likeliest of a few choices.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.media_mix.panel import Panel
from forecasting.values import Floats

WIDE = 1e4
YEAR_DAYS = 365.25
WEEK_DAYS = 7
LASTING = ((0.0, 0.0), (0.3, 0.8), (0.6, 0.8), (0.85, 0.8), (0.3, 0.95), (0.6, 0.95), (0.85, 0.95))
"""Share of the errors' variance that lasts, and how much of it stays from one week to the next."""


@dataclass(frozen=True, eq=False)
class Whitening:
    """Makes errors independent: multiply series by `root`, shape (periods, periods).

    Attributes:
        root: Inverse of the Cholesky root of the covariance.
        log_determinant: Of the covariance.
        covariance: Relative to the errors' variance, shape (periods, periods).
    """

    root: Floats
    log_determinant: float
    covariance: Floats


def columns(panel: Panel) -> Floats:
    """Level, trend, yearly season where there is a year or more, weekdays where periods are days, and controls.

    Shape (periods, columns), of size one.
    """
    count = panel.periods
    time = np.linspace(-1, 1, count)
    found = [np.ones(count), time]
    angle = 2 * np.pi * panel.first_day / YEAR_DAYS
    span = count * panel.days
    for harmonic in range(1, 1 + (span >= YEAR_DAYS) + (span >= 1.5 * YEAR_DAYS)):
        found += [np.sin(harmonic * angle), np.cos(harmonic * angle)]
    if panel.days == 1:
        weekday = panel.first_day % WEEK_DAYS
        found += [(weekday == day) - 1 / WEEK_DAYS for day in range(1, WEEK_DAYS)]
    return np.column_stack([*found, panel.controls])


def whitenings(panel: Panel) -> tuple[Whitening, ...]:
    """One per choice in `LASTING`."""
    fixed = columns(panel)
    wide = WIDE * (fixed @ fixed.T)
    apart = np.abs(np.subtract.outer(np.arange(panel.periods), np.arange(panel.periods)))
    found = []
    for share, stays in LASTING:
        lasting = stays ** (apart * panel.days / WEEK_DAYS) if share else np.zeros_like(wide)
        covariance = wide + share * lasting + (1 - share) * np.eye(panel.periods)
        root = np.linalg.cholesky(covariance)
        found.append(
            Whitening(np.linalg.inv(root), 2 * float(np.log(np.diag(root)).sum()), covariance),
        )
    return tuple(found)
