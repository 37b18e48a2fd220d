"""Scores by origin, gathered into the tables of a backtest."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS
from forecasting.lifetime_value.losses import Losses, difference, score
from forecasting.values import Floats, Keys

Parts = dict[tuple[str, str], tuple[list[Keys], list[Floats]]]


@dataclass
class Tally:
    """What was scored so far.

    Attributes:
        ours: Names of our own models.
        higher_better: Metrics of which more is better.
    """

    ours: Collection[str]
    higher_better: Collection[str]
    _means: Parts = field(default_factory=lambda: defaultdict(lambda: ([], [])))
    _single: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    _by_origin: list[tuple[np.datetime64, str, str, float, int]] = field(default_factory=list)

    def add(self, origin: np.datetime64, model: str, metric: str, customers: Keys, values: Floats) -> None:
        """A metric that is a mean over rows, each of a customer."""
        if len(values):
            keys, parts = self._means[model, metric]
            keys.append(customers)
            parts.append(np.asarray(values, dtype=np.float64))
            self._by_origin.append((origin, model, metric, float(np.mean(values)), len(values)))

    def note(self, origin: np.datetime64, model: str, metric: str, value: float, rows: int) -> None:
        """One number of one origin."""
        self._by_origin.append((origin, model, metric, value, rows))

    def conclude(self, model: str, metric: str, value: float, rows: int) -> None:
        """One number over all origins."""
        self._single[model, metric] = (value, rows)

    def scores(self) -> pd.DataFrame:
        """Columns `SCORE_COLUMNS`; intervals of means only, with customers as the sample."""
        rows = [
            (model, metric, *score("mean", found), found.rows)
            for (model, metric), parts in self._means.items()
            for found in [Losses.of(*parts)]
        ]
        rows += [(*named, value, np.nan, np.nan, number) for named, (value, number) in self._single.items()]
        flagged = [(*row, row[0] in self.ours, row[1] not in self.higher_better) for row in rows]
        return pd.DataFrame(flagged, columns=list(SCORE_COLUMNS))

    def against(self, ours: str, metric: str) -> pd.DataFrame:
        """Columns `AGAINST_COLUMNS`: one of our models against all that were scored on the very same rows."""
        mine = Losses.of(*self._means[ours, metric])
        rows = []
        for (model, name), parts in self._means.items():
            if name == metric and model not in self.ours:
                change, low, high = difference("mean", mine, Losses.of(*parts))
                rows.append((model, metric, change, low, high, low > 0 if metric in self.higher_better else high < 0))
        return pd.DataFrame(rows, columns=list(AGAINST_COLUMNS))

    def by_origin(self) -> pd.DataFrame:
        """Columns `ORIGIN_COLUMNS`."""
        table = pd.DataFrame(self._by_origin, columns=list(ORIGIN_COLUMNS))
        table["origin"] = pd.to_datetime(table["origin"]).dt.tz_localize("UTC").astype("datetime64[us, UTC]")
        return table
