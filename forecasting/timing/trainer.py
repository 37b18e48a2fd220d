"""Habits as a model that is kept: those of segments, and how customers differ from them; nobody's own hours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.inputs import moment
from forecasting.timing.engagement import engagement
from forecasting.timing.favourite_hour import FavouriteHourModel
from forecasting.timing.forecast import as_table, fitted, send_windows
from forecasting.timing.settings import TimingSettings
from forecasting.timing.trying import share_held
from forecasting.training import Arrays

HOLDOUT_DAYS = 28
RECENT_DAYS = 91


@dataclass(frozen=True)
class TimingTrainer:
    """Fits habits of segments, and loses what customers' send windows did not hold of their later engagement."""

    settings: TimingSettings

    @property
    def metric(self) -> str:
        """Name of the loss."""
        return f"share of engagement outside the window of {self.settings.window_hours} hours"

    @property
    def holdout_days(self) -> int:
        """Days that are kept from fitting."""
        return HOLDOUT_DAYS

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""
        return {**asdict(self.settings), "segment_columns": list(self.settings.segment_columns)}

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Learn habits from engagement before `as_of`.

        Raises:
            TooLittleDataError: No customers, or nobody engaged.
        """
        engaged = engagement(tables, self.settings, as_of=as_of, timezone=timezone)
        return fitted(engaged, self.settings, as_of=as_of, seed=seed).arrays()

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """A row per customer who engaged between `origin` and `until`: what of it the window did not hold."""
        before = engagement(tables, self.settings, as_of=origin, timezone=timezone)
        after = engagement(tables, self.settings, as_of=until, timezone=timezone)
        place = pd.Index(after.customer_id).get_indexer(pd.Index(before.customer_id))
        later = np.where((place >= 0)[:, None], after.counts(since=moment(origin))[place], 0.0)
        rows = np.flatnonzero(later.sum(axis=1) > 0)
        habits = FavouriteHourModel.from_arrays(arrays).predict(before.counts()[rows], before.segment[rows])
        held = share_held(later[rows], habits.window_start, self.settings.window_hours)
        return pd.DataFrame({"unit": before.customer_id[rows], "loss": np.maximum(1 - held, 0.0), "weight": 1.0})

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """Send windows of everybody by the kept habits and their own hours until `as_of`."""
        windows = send_windows(tables, self.settings, as_of=as_of, timezone=timezone, seed=seed, kept=arrays)
        return as_table(windows, self.settings)

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """How much and when customers engaged lately: `engaged_hours`, share on weekends, share in the evening."""
        engaged = engagement(tables, self.settings, as_of=as_of, timezone=timezone)
        counts = engaged.counts(since=moment(as_of) - np.timedelta64(RECENT_DAYS, "D"))
        counts = counts[counts.sum(axis=1) > 0]
        total, days = counts.sum(axis=1), counts.reshape(-1, 7, 24)
        return pd.DataFrame(
            {
                "engaged_hours": total,
                "on_weekends": days[:, 5:].sum(axis=(1, 2)) / total,
                "in_the_evening": days[:, :, 18:].sum(axis=(1, 2)) / total,
            }
        )
