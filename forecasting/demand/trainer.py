"""Demand as a model that is kept: which models speak for which series. Levels, seasons and intervals are of the day."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.demand.ensemble import KeptChoice
from forecasting.demand.model import DemandModel
from forecasting.demand.settings import DemandSettings, Frequency
from forecasting.demand.tables import read_panel
from forecasting.errors import TooLittleDataError
from forecasting.training import Arrays
from forecasting.values.demand import DemandForecast

DAYS: Final[Mapping[Frequency, int]] = {"hour": 1, "day": 1, "week": 7, "month": 31}
"""So many days a period lasts at most; an hour is judged by the day."""


@dataclass(frozen=True)
class DemandTrainer:
    """Chooses models per series on rolling origins, and loses the absolute error of units within the horizon."""

    settings: DemandSettings

    @property
    def metric(self) -> str:
        """Name of the loss."""
        return f"absolute error of units within {self.settings.horizon} {self.settings.frequency}s, by series"

    @property
    def holdout_days(self) -> int:
        """Days that are kept from fitting: the horizon, and the period that has begun."""
        return (self.settings.horizon + 1) * DAYS[self.settings.frequency]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""
        said = asdict(self.settings)
        return said | {"holidays": [[name, day.isoformat()] for name, day in self.settings.holidays]}

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Choose on what was sold before `as_of`; the arrays hold names of series and weights of models.

        Raises:
            TooLittleDataError: Too few periods.
        """
        panel, nodes = read_panel(tables, self.settings, as_of=as_of, timezone=timezone)
        choice = DemandModel(self.settings, random_state=seed).fit_panel(panel, nodes, timezone=timezone).choice_
        return {
            "series": choice.series.astype(str),
            "models": np.array(choice.models, dtype=str),
            "weights": np.round(choice.weights, 9),
            "judged_on": np.array(choice.judged_on),
            "seed": np.array(seed),
        }

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """A row per series: how far the units forecast at `origin` were off, over the periods that are over by now."""
        said = self._said(arrays, tables, origin, timezone, seed=int(arrays["seed"]))
        panel, nodes = read_panel(tables, self.settings, as_of=until, timezone=timezone, largest_by=origin)
        earlier, _ = read_panel(tables, self.settings, as_of=origin, timezone=timezone)
        first = int(np.searchsorted(panel.periods, earlier.periods[earlier.length]))
        over = min(panel.length - first, said.mean.shape[1])
        if over < 1:
            raise TooLittleDataError(
                "No period is over since the origin.", where="demand", remedy="Train as of a later day."
            )
        place = pd.Index(said.series).get_indexer(pd.Index(panel.series))
        judged = (place >= 0) & nodes.is_bottom
        missed = np.abs(said.mean[place[judged], :over] - panel.units[judged, first : first + over])
        counted = np.where(panel.is_known[judged, first : first + over], missed, 0.0).sum(axis=1)
        return pd.DataFrame({"unit": panel.series[judged], "loss": counted, "weight": 1.0})

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """What the kept choice says of the periods after `as_of`; columns as `forecast_demand`."""
        return self._said(arrays, tables, as_of, timezone, seed=seed).to_frame()

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """How series sold lately: `units` and `empty_share` of the last 13 periods, a row per series."""
        panel, nodes = read_panel(tables, self.settings, as_of=as_of, timezone=timezone)
        lately = panel.units[nodes.is_bottom][:, -13:]
        return pd.DataFrame({"units": lately.mean(axis=1), "empty_share": (lately <= 0).mean(axis=1)})

    def _said(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], as_of: datetime, timezone: str, *, seed: int
    ) -> DemandForecast:
        kept = KeptChoice(
            arrays["series"].astype(object),
            tuple(str(name) for name in arrays["models"]),
            np.asarray(arrays["weights"], dtype=np.float64),
            tuple(int(count) for count in arrays["judged_on"]),
        )
        panel, nodes = read_panel(tables, self.settings, as_of=as_of, timezone=timezone)
        model = DemandModel(self.settings, random_state=seed)
        return model.fit_panel(panel, nodes, timezone=timezone, kept=kept).predict()
