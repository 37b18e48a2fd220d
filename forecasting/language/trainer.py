"""Reading messages as a model that is kept: learnt from labelled examples, judged by hands it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import TooLittleDataError
from forecasting.inputs import moment, utc_times
from forecasting.language.backtest import METRIC, divided, losses_of, read_by
from forecasting.language.forecast import INBOUND, forecast_language
from forecasting.language.model import LanguageModel
from forecasting.language.settings import HAND, LanguageSettings
from forecasting.language.wording import masked, words
from forecasting.training import Arrays


@dataclass(frozen=True)
class LanguageTrainer:
    """Fits on the examples of all hands but the held ones, and loses wrong and missing answers on those."""

    settings: LanguageSettings

    @property
    def metric(self) -> str:
        """Name of the loss."""
        return METRIC

    @property
    def holdout_days(self) -> int:
        """None: examples have no time; what is kept from the fit is hands."""
        return 0

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""
        return {
            "tasks": {task.name: list(task.labels) for task in self.settings.tasks},
            "sure_from": {task.name: task.sure_from for task in self.settings.tasks},
            "longest": self.settings.longest,
            "examples": len(self.settings.examples),
            "hands": int(self.settings.examples[HAND].nunique()),
        }

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Learn from the examples; messages of customers are not looked at.

        Raises:
            TooLittleDataError: There are too few examples or hands, or no task can be learnt from them.
        """
        del tables, as_of, timezone
        learnt_from, _ = divided(self.settings)
        model = LanguageModel(self.settings.tasks, longest=self.settings.longest, random_state=seed).fit(learnt_from)
        if not model.coefficients_:
            raise TooLittleDataError(
                "No task has enough labelled examples.",
                where="language.csv",
                remedy="Each label needs five examples, of two hands at least.",
            )
        return model.arrays()

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """A row per task and example of the held hands, which neither model has learnt from."""
        del tables, origin, until, timezone
        _, held = divided(self.settings)
        rows = read_by(LanguageModel.from_arrays(arrays), self.settings.tasks, held)
        loss = losses_of(rows["truth"], rows["label"])
        return pd.DataFrame({"unit": rows["unit"], "loss": loss, "weight": np.ones(len(rows))})

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """What the kept model reads in every inbound message before `as_of`; columns as `forecast_language`."""
        model = LanguageModel.from_arrays(arrays)
        return forecast_language(tables, self.settings, as_of=as_of, timezone=timezone, seed=seed, model=model)

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """How long inbound messages were: `words`, a row per message."""
        del timezone
        messages = tables["messages"]
        is_read = (messages["direction"] == INBOUND) & (utc_times(messages, "messages", "occurred_at") < moment(as_of))
        counts = [len(words(masked(str(text)))) for text in messages.loc[is_read, "text"]]
        return pd.DataFrame({"words": np.array(counts, dtype=np.float64)})
