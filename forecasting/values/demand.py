"""What demand forecasting hands on: units by series and period, with intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.values import Floats, Keys, Times


@dataclass(frozen=True, eq=False)
class DemandForecast:
    """Expected units of n series in h periods.

    Attributes:
        series: Keys of series and of their sums, shape (n,).
        parent: Key of what the series is part of, empty at the top, shape (n,).
        level: 0 for what is not divided further, then upwards, shape (n,).
        starts_at: Start of each period, UTC datetime64[us], shape (h,).
        mean: Expected units, shape (n, h); those of a parent are exactly the sum of its parts'.
        bounds: Outer low, inner low, inner high, outer high, shape (n, h, 4).
        coverages: Probability of the inner and the outer interval.
        source: Which models speak for the series and what they and the interval were judged on, shape (n,).
    """

    series: Keys
    parent: Keys
    level: npt.NDArray[np.int64]
    starts_at: Times
    mean: Floats
    bounds: Floats
    coverages: tuple[float, float]
    source: Keys

    def to_frame(self) -> pd.DataFrame:
        """A long table, sorted by level from the top, series and time.

        Columns: series, parent, level, starts_at, mean, low_80, high_80, low_95, high_95 (by the coverages), source,
        grade. The grade is always
        `forecast`: what is expected anyway, no effect of an act.
        """
        n_series, n_periods = self.mean.shape
        inner, outer = (f"{round(100 * coverage):d}" for coverage in self.coverages)
        frame = pd.DataFrame(
            {
                "series": np.repeat(self.series, n_periods),
                "parent": np.repeat(self.parent, n_periods),
                "level": np.repeat(self.level, n_periods),
                "starts_at": pd.DatetimeIndex(np.tile(self.starts_at, n_series)).tz_localize("UTC").as_unit("us"),
                "mean": self.mean.ravel(),
                f"low_{inner}": self.bounds[:, :, 1].ravel(),
                f"high_{inner}": self.bounds[:, :, 2].ravel(),
                f"low_{outer}": self.bounds[:, :, 0].ravel(),
                f"high_{outer}": self.bounds[:, :, 3].ravel(),
                "source": np.repeat(self.source, n_periods),
                "grade": np.full(n_series * n_periods, "forecast", dtype=object),
            }
        )
        frame["parent"] = frame["parent"].where(frame["parent"] != "", None)
        return frame.sort_values(["level", "series", "starts_at"], ascending=[False, True, True], ignore_index=True)
