"""What a model must offer to be trained, kept and judged behind the gate: its arrays, and what it loses by them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import numpy.typing as npt
import pandas as pd

Arrays = Mapping[str, npt.NDArray[Any]]


class Trainer(Protocol):
    """Fits a model into arrays, and judges such arrays on what came later.

    Attributes:
        metric: What is lost, in words; lower is better.
        holdout_days: How many days before as-of are kept from fitting, to judge by.
        parameters: Settings that stand on the card; plain JSON.
    """

    @property
    def metric(self) -> str:
        """Name of the loss."""

    @property
    def holdout_days(self) -> int:
        """Days that are kept from fitting."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Learn from rows before `as_of` alone; the arrays hold sums and coefficients, nobody's rows.

        Raises:
            TooLittleDataError: There is too little to learn from.
        """

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """What the model loses when it forecasts at `origin` what happens until `until`.

        Returns:
            A row per unit: `unit`, `loss` (not negative) and `weight` (above zero).
        """

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """What the kept model says as of a day, in the columns of the forecast that is fitted for the day."""

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """What the model sees at a moment, to be held against what it learnt from: a row per unit, no keys."""
