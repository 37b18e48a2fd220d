"""Demand of any set of series: fitted on a long table, forecast with calibrated intervals and exact sums."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.demand.combining import Combined, combine
from forecasting.demand.ensemble import KeptChoice, named_weights
from forecasting.demand.hierarchy import no_hierarchy, with_sums
from forecasting.demand.panel import Panel, panel_of
from forecasting.demand.periods import clock_of_hours, utc_starts
from forecasting.demand.rolling import Nodes, Origin, forecast_at, past_origins
from forecasting.demand.settings import DemandSettings
from forecasting.errors import ForecastingError
from forecasting.values.demand import DemandForecast

ARRAYS = ("series", "parent", "level", "starts_at", "mean", "bounds", "coverages", "source")


class DemandModel:
    """Forecasts of many series: models of one series and pooled ones, chosen on rolling origins of the past.

    Attributes:
        forecast_: What was learnt to come.
        choice_: Which models speak for which series.
        notes_: What was done to the table: filled, added up, floored.
    """

    def __init__(self, settings: DemandSettings | None = None, *, random_state: int = 0) -> None:
        self.settings = settings
        self.random_state = random_state

    def fit(
        self,
        table: pd.DataFrame,
        *,
        as_of: datetime,
        timezone: str,
        hierarchy: pd.DataFrame | None = None,
        regressors: Sequence[str] = (),
    ) -> Self:
        """Learn from rows before the period that as-of lies in.

        Args:
            table: Columns series, time, value and the regressors; see `panel_of`.
            as_of: Aware datetime.
            timezone: IANA time zone of the periods.
            hierarchy: Columns series and parent; sums are forecast too, and add up.
            regressors: Columns that drive the value. Rows from as-of on give what is planned of them.

        Raises:
            ForecastingError: The table or the hierarchy cannot be read as such.
            TooLittleDataError: Too few periods.
        """
        settings = self.settings or DemandSettings()
        panel = panel_of(table, settings, as_of=as_of, timezone=timezone, regressors=regressors)
        nodes = no_hierarchy(panel)
        if hierarchy is not None:
            panel, nodes = with_sums(panel, hierarchy)
        return self.fit_panel(panel, nodes, timezone=timezone)

    def fit_panel(self, panel: Panel, nodes: Nodes, *, timezone: str, kept: KeptChoice | None = None) -> Self:
        """Learn from series that are a panel already; with `kept`, models speak as was chosen on an earlier day."""
        settings = self.settings or DemandSettings()
        past = [
            forecast_at(panel, nodes, length, settings, seed=self.random_state)
            for length in past_origins(panel, panel.length, settings.origins)
        ]
        now = forecast_at(panel, nodes, panel.length, settings, seed=self.random_state)
        found = combine(panel, nodes, past, now, settings, kept=kept)
        self.choice_ = KeptChoice(panel.series, found.choice.models, found.choice.weights, found.choice.judged_on)
        columns, starts_at = _starts(panel, settings, timezone)
        parents = np.array([panel.series[row] if row >= 0 else "" for row in nodes.parent], dtype=object)
        self.notes_ = panel.notes
        self.forecast_ = DemandForecast(
            series=panel.series,
            parent=parents,
            level=nodes.level,
            starts_at=starts_at,
            mean=found.mean[:, columns],
            bounds=found.bounds[:, columns],
            coverages=settings.coverages,
            source=_sources(panel, found, now),
        )
        return self

    def predict(self) -> DemandForecast:
        """Expected demand from as-of on.

        Raises:
            ForecastingError: Nothing has been fitted.
        """
        if not hasattr(self, "forecast_"):
            raise ForecastingError("The model has not been fitted.", where="demand", remedy="Call fit first.")
        return self.forecast_

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, without objects."""
        forecast = self.predict()
        texts = ("series", "parent", "source")
        kept = {name: np.asarray(getattr(forecast, name)) for name in ARRAYS}
        kept |= {name: kept[name].astype(str) for name in texts}
        return kept | {"notes": np.array(self.notes_, dtype=str), "random_state": np.array(self.random_state)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """A fitted model from its arrays."""
        model = cls(random_state=int(arrays["random_state"]))
        model.notes_ = tuple(str(note) for note in arrays["notes"])
        inner, outer = (float(coverage) for coverage in arrays["coverages"])
        model.forecast_ = DemandForecast(
            series=arrays["series"].astype(object),
            parent=arrays["parent"].astype(object),
            level=arrays["level"].astype(np.int64),
            starts_at=arrays["starts_at"].astype("datetime64[us]"),
            mean=arrays["mean"],
            bounds=arrays["bounds"],
            coverages=(inner, outer),
            source=arrays["source"].astype(object),
        )
        return model


def _starts(panel: Panel, settings: DemandSettings, timezone: str) -> tuple[npt.NDArray[np.int64], np.ndarray]:
    """Which period each start belongs to; an hour that a clock change repeats starts twice, a skipped one never."""
    ahead = panel.periods[panel.length :]
    if settings.frequency == "hour":
        return clock_of_hours(ahead, timezone)
    starts = utc_starts(ahead, settings.frequency, timezone).tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.arange(len(ahead)), starts


def _sources(panel: Panel, found: Combined, now: Origin) -> np.ndarray:
    """Who speaks for each series, and what the interval rests on."""
    texts = []
    counts = (panel.is_known & (panel.units > 0)).sum(axis=1)
    for row in range(len(panel.series)):
        weights = named_weights(found.choice, row)
        speakers = ", ".join(f"{name} {weight:.2f}" for name, weight in list(weights.items())[:4] if weight >= 0.005)  # noqa: PLR2004
        errors = int(found.calibration.errors[now.kind[row]].min())
        interval = f"interval from {errors:,} past errors" if errors else "interval assumed: normal, no past errors"
        judged = found.choice.judged_on[now.kind[row]]
        chosen = f"chosen on {judged:,} past forecasts" if judged else "fallback: nothing to choose on"
        if counts[row] == 0:
            texts.append(f"nothing sold in any period; {interval}")
        else:
            texts.append(f"{speakers}; {chosen}; {interval}")
    return np.array(texts, dtype=object)
