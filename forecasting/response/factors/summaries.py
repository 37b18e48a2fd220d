"""What was measured of customers where purchases do not reach back: the latest figure before a moment, by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.inputs import require, utc_times
from forecasting.values import Floats, Keys, Times

COLUMNS = ("customer_id", "name", "measured_at", "value")


@dataclass(frozen=True, eq=False)
class Summaries:
    """Figures by name, sorted by customer and time.

    Attributes:
        names: Ascending; those of single categories are left out.
        figures: Customer, time and value of each figure, by name.
    """

    names: tuple[str, ...]
    figures: Mapping[str, tuple[Keys, Times, Floats]]

    @classmethod
    def read(cls, table: pd.DataFrame | None, cut: np.datetime64) -> "Summaries":
        """From `summaries`, those measured before `cut`.

        Raises:
            ForecastingError: A column or time is missing.
        """
        if table is None or len(table) == 0:
            return cls((), {})
        require(table, "summaries", COLUMNS)
        rows = table[utc_times(table, "summaries", "measured_at") < cut]
        if "category_id" in rows.columns:
            rows = rows[rows["category_id"].isna()]
        rows = rows[np.isfinite(rows["value"].to_numpy(dtype=np.float64))]
        rows = rows.sort_values(["customer_id", "measured_at", "value"], kind="stable")
        names = tuple(sorted(rows["name"].unique()))
        figures = {}
        for name in names:
            part = rows[rows["name"] == name]
            times = utc_times(part, "summaries", "measured_at")
            figures[name] = part["customer_id"].to_numpy(dtype=object), times, part["value"].to_numpy(dtype=np.float64)
        return cls(names, figures)

    def before(self, customer: Keys, at: Times) -> Floats:
        """Signed logarithm of the latest figure before each moment, 0 where there is none; shape (rows, names)."""
        found = np.zeros((len(customer), len(self.names)))
        for place, name in enumerate(self.names):
            who, times, values = self.figures[name]
            codes, keys = pd.factorize(who, sort=True)
            moments = np.unique(times)
            width = len(moments) + 1
            key = codes * width + np.searchsorted(moments, times)
            asked = pd.Index(keys).get_indexer(pd.Index(customer))
            last = np.searchsorted(key, asked * width + np.searchsorted(moments, at)) - 1
            is_known = (asked >= 0) & (last >= 0)
            is_known &= np.append(codes, -2)[np.where(is_known, last, -1)] == asked
            value = np.append(values, 0.0)[np.where(is_known, last, -1)]
            found[:, place] = np.sign(value) * np.log1p(np.abs(value))
        return found
