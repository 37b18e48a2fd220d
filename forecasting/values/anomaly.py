"""What leaves anomaly detection: alarms with their evidence, and drift of columns, as frozen arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats, Keys

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Anomalies:
    """Alarms, one entry each, ascending by series and day. An alarm lasts while days keep it up.

    Attributes:
        series_id: Which metric.
        found_at: First day on which it was found, datetime64[D].
        since: Day on which it began as far as one can tell, at most `window_days` - 1 before `found_at`.
        until: Last day on which it was kept up.
        is_open: Whether that is the last day of the series.
        value: The metric: mean of the window's days that found it.
        expected: What the baseline expected of them.
        low: Lower end of what would have been no alarm.
        high: Upper end.
        change: value / expected - 1; nan-free: zero where nothing was expected and nothing came.
        window_days: How many days together gave the alarm, 1 or 3.
        notes: Series that could not be watched, days that were missing.
    """

    series_id: Keys
    found_at: Days
    since: Days
    until: Days
    is_open: Flags
    value: Floats
    expected: Floats
    low: Floats
    high: Floats
    change: Floats
    window_days: npt.NDArray[np.int32]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Drift:
    """How columns differ between two tables, one entry per column, in the reference's order.

    Attributes:
        column: Name.
        kind: `number`, `category`, or `missing` where the current table lacks it or it is empty in one of them.
        psi: Population stability index over ten bins of the reference, or its categories.
        psi_by_chance: The index that equal distributions give with so many rows on average.
        p_value: Of Kolmogorov-Smirnov (numbers) or chi-squared (categories), missing values included.
        adjusted_p: The same, adjusted for the number of columns (Holm).
        missing_reference: Share of missing values.
        missing_current: The same in the current table.
        is_drifted: Whether the difference is both beyond chance and large.
        reason: In words.
        reference_rows: Rows of the reference.
        current_rows: Rows of the current table.
    """

    column: Keys
    kind: Keys
    psi: Floats
    psi_by_chance: Floats
    p_value: Floats
    adjusted_p: Floats
    missing_reference: Floats
    missing_current: Floats
    is_drifted: Flags
    reason: Keys
    reference_rows: int
    current_rows: int

    @property
    def has_drifted(self) -> bool:
        """Whether any column has: a reason to retrain what was learnt from the reference."""
        return bool(self.is_drifted.any())
