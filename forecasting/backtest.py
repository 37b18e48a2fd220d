"""What every backtest gives: the score of each model beside its rivals, by rolling origin, with intervals and curves.

A backtest fits on what was known at an origin and judges by what followed. Where a method is chosen, it is chosen on
weeks before those reported (nested backtest). `insist_on_no_leak` holds a forecaster to it: what it says must not
change when everything from the origin on is taken away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import moment, utc_times
from forecasting.settings import NORMAL_95
from forecasting.values import Floats, Keys
from lake.tables import TABLES

SCORE_COLUMNS = ("model", "metric", "value", "low", "high", "rows", "is_ours", "is_lower_better")
AGAINST_COLUMNS = ("rival", "metric", "difference", "low", "high", "wins")
ORIGIN_COLUMNS = ("origin", "model", "metric", "value", "rows")


def silent(_: str) -> None:
    """Report nothing: what a backtest tells when nobody listens."""


class LeakError(ForecastingError):
    """A forecast changed when the future was taken away, so it had read the future."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Something to look at.

    Attributes:
        title: What it shows, as a sentence.
        x_label: With its unit.
        y_label: With its unit.
        kind: `reliability` adds the diagonal, `lines` joins points, `points` does not.
        series: x and y by name, each pair of one shape (n,).
        bands: Low and high of a series' interval, by its name, shapes (n,).
    """

    title: str
    x_label: str
    y_label: str
    kind: Literal["reliability", "lines", "points"]
    series: Mapping[str, tuple[Floats, Floats]]
    bands: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a backtest found.

    Attributes:
        what: demand, response, value, cadence, timing or media.
        subject: What is forecast, in words, with its unit.
        splits: What was fitted on, chosen on and reported on, with dates.
        seed: Of everything random.
        scores: Columns `SCORE_COLUMNS`; low and high are a 95 % interval, nan where none was computed.
        against: Columns `AGAINST_COLUMNS`; ours minus the rival's with a paired 95 % interval. `wins` says that the
            whole interval is on our side.
        by_origin: Columns `ORIGIN_COLUMNS`; origin is datetime64[us, UTC] or a text that names a split.
        curves: What to draw.
        notes: What a reader must know before trusting the numbers.
        is_better: Whether the model beats what it has to beat, and may be used.
    """

    what: str
    subject: str
    splits: str
    seed: int
    scores: pd.DataFrame
    against: pd.DataFrame
    by_origin: pd.DataFrame
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    is_better: bool


def mean_interval(values: Floats, customer: Keys) -> tuple[float, float, float]:
    """Mean over rows and its 95 % interval, with all rows of one customer taken together.

    Args:
        values: A loss, a share or a difference of such, shape (rows,).
        customer: Whose row it is, shape (rows,).
    """
    code, keys = pd.factorize(customer)
    mean = float(values.mean())
    sums = np.bincount(code, values - mean, minlength=len(keys))
    error = float(np.sqrt((sums**2).sum() * len(keys) / max(len(keys) - 1, 1))) / len(values)
    return mean, mean - NORMAL_95 * error, mean + NORMAL_95 * error


def known_before(tables: Mapping[str, pd.DataFrame], origin: datetime) -> dict[str, pd.DataFrame]:
    """The tables as they stood at an origin: rows whose time lies before it; tables without a time stay whole.

    Raises:
        ForecastingError: `origin` has no time zone, or a time column is not one.
    """
    cut = moment(origin)

    def before(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        column = TABLES[name].event_time if name in TABLES else None
        if column is None or column not in frame.columns:
            return frame
        return frame[utc_times(frame, name, column) < cut]

    return {name: before(name, frame) for name, frame in tables.items()}


def insist_on_no_leak(
    forecaster: Callable[[Mapping[str, pd.DataFrame], datetime], pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    origin: datetime,
    *,
    tolerance: float = 1e-9,
) -> pd.DataFrame:
    """The forecast from the tables at the origin, which the forecaster must give from the whole tables too.

    Args:
        forecaster: Takes tables and an origin and gives a table of forecasts.
        tables: Canonical tables with rows before and after the origin.
        origin: Aware datetime.
        tolerance: How far numbers may differ, relative to their size.

    Raises:
        LeakError: Rows from the origin on change the forecast; names the first column that differs.
    """
    honest = forecaster(known_before(tables, origin), origin).reset_index(drop=True)
    seen = forecaster(tables, origin).reset_index(drop=True)
    differing = _first_difference(honest, seen, tolerance)
    if differing is not None:
        raise LeakError(
            f"Taking away the rows from {origin.isoformat()} on changes the forecast ({differing}).",
            where="backtest",
            remedy="Cut every table at the origin before anything is computed from it.",
        )
    return honest


def _first_difference(honest: pd.DataFrame, seen: pd.DataFrame, tolerance: float) -> str | None:
    if list(honest.columns) != list(seen.columns):
        return "its columns"
    if len(honest) != len(seen):
        return f"{len(honest)} rows become {len(seen)}"
    for column in honest.columns:
        left, right = honest[column], seen[column]
        if pd.api.types.is_float_dtype(left):
            is_same = np.allclose(left, right, rtol=tolerance, atol=tolerance, equal_nan=True)
        else:
            is_same = left.equals(right)
        if not is_same:
            return f"column {column}"
    return None
