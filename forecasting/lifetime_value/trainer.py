"""Lifetime value as a model that is kept: what was learnt from everybody, judged by what customers then bought."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.inputs import local_days, moment
from forecasting.lifetime_value.backtest import what_happened
from forecasting.lifetime_value.forecast import as_table
from forecasting.lifetime_value.histories import CustomerHistories, days_of_customers, histories_of
from forecasting.lifetime_value.model import LifetimeValueModel
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.training import Arrays


@dataclass(frozen=True)
class LifetimeValueTrainer:
    """Fits BG/NBD and Gamma-Gamma, and loses the squared error of shopping days within the window of the backtest."""

    settings: LifetimeValueSettings

    @property
    def metric(self) -> str:
        """Name of the loss."""
        return f"squared error of shopping days within {self.settings.backtest_days} days"

    @property
    def holdout_days(self) -> int:
        """Days that are kept from fitting."""
        return self.settings.backtest_days

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""
        return asdict(self.settings)

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Learn from purchases before `as_of`; nothing is random.

        Raises:
            TooLittleDataError: Too few customers bought.
        """
        del seed
        return LifetimeValueModel(level=self.settings.level).fit(self._histories(tables, as_of, timezone)).arrays()

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """A row per customer known at `origin`: the squared error of shopping days until `until`."""
        known = self._histories(tables, origin, timezone)
        days = days_of_customers(tables, as_of=until, timezone=timezone, margin_pct=self.settings.margin_pct)
        first, last = local_days(np.array([moment(origin), moment(until)]), timezone)
        window = int(last - first)
        expected, _ = LifetimeValueModel.from_arrays(arrays).expected(known, window)
        happened, _ = what_happened(days, known.customer_id, int(first), window)
        return pd.DataFrame({"unit": known.customer_id, "loss": (expected - happened) ** 2, "weight": 1.0})

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """What the kept model says of every customer's purchases until `as_of`; columns as `forecast_value`."""
        del seed
        model = LifetimeValueModel.from_arrays(arrays)
        known = self._histories(tables, as_of, timezone)
        return as_table(model.predict(known, horizon_days=self.settings.horizon_days, as_of=as_of))

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """`shopping_days` and `spend_per_day` of everybody who bought within the window before `as_of`."""
        days = days_of_customers(tables, as_of=as_of, timezone=timezone, margin_pct=self.settings.margin_pct)
        today = int(local_days(np.array([moment(as_of)]), timezone)[0])
        recent = days.day >= today - self.settings.backtest_days
        counts = np.bincount(days.pair[recent], minlength=len(days))
        spend = np.bincount(days.pair[recent], days.spend[recent], minlength=len(days))
        bought = counts > 0
        return pd.DataFrame({"shopping_days": counts[bought], "spend_per_day": spend[bought] / counts[bought]})

    def _histories(self, tables: Mapping[str, pd.DataFrame], as_of: datetime, timezone: str) -> CustomerHistories:
        days = days_of_customers(tables, as_of=as_of, timezone=timezone, margin_pct=self.settings.margin_pct)
        return histories_of(days, as_of=as_of, timezone=timezone)
