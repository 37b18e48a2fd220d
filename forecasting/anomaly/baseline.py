"""What a metric was expected to be, one day ahead, robustly: level, trend and weekday.

Exponential smoothing in which a surprise counts at most two of the usual ones (robust Holt-Winters; Gelper, Fried and
Croux 2010), so that an outlier does not become the baseline. Positive metrics are smoothed as logarithms, small counts
and metrics with zeros as roots, others as they are: a rise by a third is then as large a surprise as the fall that
undoes it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats

WEEK = 7
START_DAYS = 28
LEVEL, TREND, SEASON, SCALE = 0.1, 0.004, 0.05, 0.03
CLIP = 2.0
NORMAL_MAD = 1.4826
SMALLEST_SCALE = 1e-3
"""Of the usual surprise, relative to the metric: a metric that never moved is not known more exactly than that."""

SPARSE = 5.0
"""Typical counts up to which chance alone makes days differ as much as it does for a Poisson count."""
SPARSE_SCALE = 0.7
SMALL_COUNT = 20
"""Counts that come so low are smoothed as roots: chance makes their logarithms lopsided."""
FORM_DAYS = 56
LEAST_SHARE = 1e-3
"""Of the smallest early value: what a logarithm takes for zero, so that an outage is a huge surprise and no error."""

Forms = npt.NDArray[np.int64]
LOGARITHM, ROOT, PLAIN = 0, 1, 2
COUNT_SHIFT = 0.375  # Anscombe's


@dataclass(frozen=True, eq=False)
class Expected:
    """Day by day, in transformed units; shapes (series, days).

    Attributes:
        centre: Expected of the day, known the day before.
        surprise: What came, less that; nan where the day is missing.
        scale: Usual size of a surprise, known the day before.
        form: Which transformation, shape (series,).
        unit: What values were divided by before it, shape (series,).
    """

    centre: Floats
    surprise: Floats
    scale: Floats
    form: Forms
    unit: Floats

    def back(self, transformed: Floats) -> Floats:
        """To the metric's own units; shape (series, anything)."""
        form, unit = self.form[:, None], self.unit[:, None]
        root = np.maximum(transformed, 0.0)
        values = np.where(
            form == LOGARITHM,
            np.exp(np.minimum(np.where(form == LOGARITHM, transformed, 0.0), 700.0)),
            np.where(form == ROOT, np.maximum(root**2 / 4 - COUNT_SHIFT, 0.0), transformed),
        )
        return np.asarray(values * unit)


def expected(values: Floats) -> Expected:
    """Smooth metrics of shape (series, days); days are consecutive, missing ones nan."""
    form, unit = _forms(values)
    series = _transformed(values, form, unit)
    level, season, scale = _start(series[:, :START_DAYS])
    floor = _floor(series, form)
    scale = np.maximum(scale, floor)
    trend = np.zeros(len(series))
    centre, surprise, scales = (np.empty_like(series) for _ in range(3))
    for day in range(series.shape[1]):
        weekday = day % WEEK
        centre[:, day] = level + trend + season[:, weekday]
        scales[:, day] = scale
        surprise[:, day] = series[:, day] - centre[:, day]
        counted = np.where(np.isnan(surprise[:, day]), 0.0, np.clip(surprise[:, day], -CLIP * scale, CLIP * scale))
        is_there = ~np.isnan(surprise[:, day])
        level = level + trend + LEVEL * counted
        trend = trend + TREND * counted
        season[:, weekday] += SEASON * counted
        # clipped squares are a little too small for normal surprises; the factor makes up for it
        spread = np.sqrt((1 - SCALE) * scale**2 + SCALE * 1.29 * counted**2)
        scale = np.where(is_there, np.maximum(spread, floor), scale)
    return Expected(centre, surprise, scales, form, unit)


def _forms(values: Floats) -> tuple[Forms, Floats]:
    """Decided by the first eight weeks (and by any negative value), so that later days do not change earlier ones."""
    early = values[:, :FORM_DAYS]
    least = np.nanmin(early, axis=1)
    is_whole = (np.isnan(early) | (early == np.round(early))).all(axis=1)
    form = np.where(least > np.where(is_whole, SMALL_COUNT, 0.0), LOGARITHM, ROOT)
    form[np.nanmin(values, axis=1) < 0] = PLAIN
    size = np.nanmedian(np.abs(early), axis=1)
    # money with days of none is counted in typical days, so that it may be taken for a count
    positive = np.where(early > 0, early, np.nan)
    has_one = (early > 0).any(axis=1)
    typical = np.ones(len(values))
    typical[has_one] = np.nanmedian(positive[has_one], axis=1)
    unit = np.where((form == PLAIN) & (size > 0), size, np.where((form == ROOT) & ~is_whole, typical, 1.0))
    return form.astype(np.int64), unit


def _transformed(values: Floats, form: Forms, unit: Floats) -> Floats:
    scaled = values / unit[:, None]
    rows = form[:, None]
    least = np.nanmin(np.where(scaled[:, :FORM_DAYS] > 0, scaled[:, :FORM_DAYS], np.inf), axis=1)[:, None]
    positive = np.where(rows == LOGARITHM, np.maximum(scaled, LEAST_SHARE * np.where(np.isinf(least), 1, least)), 1.0)
    counted = np.where(rows == ROOT, np.maximum(scaled, 0.0), 0.0)
    return np.asarray(
        np.where(
            rows == LOGARITHM,
            np.log(positive),
            np.where(rows == ROOT, 2 * np.sqrt(counted + COUNT_SHIFT), scaled),
        )
    )


def _floor(series: Floats, form: Forms) -> Floats:
    size = np.nanmedian(np.abs(series[:, :START_DAYS]), axis=1)
    floor = np.where(form == LOGARITHM, SMALLEST_SCALE, SMALLEST_SCALE * np.maximum(size, SMALLEST_SCALE))
    is_sparse = (form == ROOT) & (size <= 2 * np.sqrt(SPARSE + COUNT_SHIFT))
    return np.asarray(np.where(is_sparse, SPARSE_SCALE, floor))


def _start(series: Floats) -> tuple[Floats, Floats, Floats]:
    """Level, season per weekday and scale from the first four weeks."""
    level = np.nanmedian(series, axis=1)
    season = np.zeros((len(series), WEEK))
    for weekday in range(WEEK):
        days = series[:, weekday::WEEK] - level[:, None]
        known = (~np.isnan(days)).any(axis=1)
        season[known, weekday] = np.nanmedian(days[known], axis=1)
    rest = series - level[:, None] - np.tile(season, (1, series.shape[1] // WEEK + 1))[:, : series.shape[1]]
    return level, season, NORMAL_MAD * np.nanmedian(np.abs(rest), axis=1)
