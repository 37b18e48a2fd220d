"""The forecasts there are, by the word that `--what` takes: what each reads, how it is scored, made and trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from forecasting.backtest import Backtest
from forecasting.training import Trainer
from pipelines.playbook import Playbook

Tables = Mapping[str, pd.DataFrame]


class Backtesting(Protocol):
    """Scores a forecast against its rivals."""

    def __call__(
        self,
        tables: Tables,
        settings: Any,
        *,
        as_of: datetime,
        timezone: str,
        seed: int,
        report: Callable[[str], None],
    ) -> Backtest:
        """The backtest; `report` is told what is being done."""


class Making(Protocol):
    """Makes a forecast."""

    def __call__(self, tables: Tables, settings: Any, *, as_of: datetime, timezone: str, seed: int) -> pd.DataFrame:
        """A long table."""


@dataclass(frozen=True)
class Part:
    """One forecast.

    Attributes:
        what: Its name.
        about: What it says, in words.
        tables: Canonical tables it reads; one without a source is empty.
        settings: What the playbook says of it.
        backtest: Scores it.
        make: Makes it as a table; None where only a score exists.
        trainer: Fits what is kept in the registry; None where nothing outlives the day.
    """

    what: str
    about: str
    tables: tuple[str, ...]
    settings: Callable[[Playbook], Any]
    backtest: Backtesting | None
    make: Making | None
    trainer: Callable[[Playbook], Trainer] | None = None
