"""Comparisons as people ask for them: one per campaign and per arm of an experiment, with the test that would tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.evidence.counted import Counted
from forecasting.inputs import MICROSECONDS_PER_DAY
from forecasting.values import Floats, Keys, Times
from forecasting.values.evidence import Lift, TestSize


@dataclass(frozen=True)
class Comparison:
    """Who got something against who did not, over a window.

    Attributes:
        name: Key of the campaign or experiment.
        kind: campaign or experiment.
        about: What is known of it in words: its channel and kind, or the arm.
        starts_at: When the window begins; of an experiment the first draw.
        days: Length of the window.
        is_open: Whether it goes on after as-of, so that only its beginning is counted.
        outcome: What was counted.
        is_money: Whether that is money.
        lift: The comparison, judged.
        notes: What a reader must know.
        earlier_means: Means of treated and untreated by window, latest first, the window itself included; for the
            picture. Empty where groups are too small to show.
    """

    name: str
    kind: str
    about: str
    starts_at: datetime | None
    days: float
    is_open: bool
    outcome: str
    is_money: bool
    lift: Lift
    notes: tuple[str, ...] = ()
    earlier_means: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Population:
    """Everybody who could have got something.

    Attributes:
        unit: Customers, shape (n,), ascending.
        household: Whom each shares a household or account with, else itself.
        joined_at: Since when they are known; NaT where nobody says, which counts as always.
    """

    unit: Keys
    household: Keys
    joined_at: Times

    def known_before(self, moment: np.datetime64) -> "Population":
        """Those who had joined by then."""
        kept = np.isnat(self.joined_at) | (self.joined_at < moment)
        return Population(self.unit[kept], self.household[kept], self.joined_at[kept])


def population(customers: pd.DataFrame) -> Population:
    """The customers in order of their key, without visitors who have not said who they are: nobody could write to them.

    Raises:
        ForecastingError: There is none.
    """
    if customers.empty:
        raise ForecastingError(
            "There is not a single customer.", where="customers", remedy="Write sources/customers.sql."
        )
    if "is_known" in customers.columns:
        customers = customers[customers["is_known"].ne(False)]
    ordered = customers.sort_values("customer_id")
    unit = ordered["customer_id"].to_numpy(dtype=object)
    household = unit
    if "household_id" in ordered.columns:
        shared = ordered["household_id"]
        household = shared.where(shared.notna(), ordered["customer_id"]).to_numpy(dtype=object)
    joined = np.full(len(unit), np.datetime64("NaT", "us"))
    if "joined_at" in ordered.columns and isinstance(ordered["joined_at"].dtype, pd.DatetimeTZDtype):
        joined = ordered["joined_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return Population(unit, household, joined)


def weekly_by_household(counted: Counted, people: Population, cut: np.datetime64, *, most: int) -> Floats:
    """What each household brought in each whole week before a moment, the latest first, shape (households, weeks)."""
    code = pd.Index(people.unit).get_indexer(pd.Index(counted.unit))
    household, names = pd.factorize(people.household)
    is_ours = (code >= 0) & (counted.occurred_at < cut)
    if not is_ours.any():
        return np.zeros((len(names), 0))
    week = (cut - counted.occurred_at[is_ours]).astype(np.int64) // (7 * MICROSECONDS_PER_DAY)
    known = int((cut - counted.occurred_at[is_ours].min()).astype(np.int64) // (7 * MICROSECONDS_PER_DAY))
    weeks = min(known, most)
    kept = week < weeks
    cell = household[code[is_ours][kept]] * weeks + week[kept]
    value = counted.value[is_ours][kept]
    order = np.lexsort((value, cell))  # one order of summation for any order of rows
    totals = np.bincount(cell[order], weights=value[order], minlength=len(names) * weeks)
    return np.asarray(totals[: len(names) * weeks].reshape(len(names), weeks), dtype=np.float64)


def asked_for(known: Mapping[str, str], wanted: str | None) -> list[str]:
    """The names to compare: all, or the one that is wanted.

    Raises:
        ForecastingError: Nothing is called so; says what is known.
    """
    if wanted is None:
        return list(known)
    if wanted not in known:
        shown = ", ".join(sorted(known)) or "none"
        raise ForecastingError(
            f"There is no campaign or experiment `{wanted}` that has begun.",
            where="--campaign",
            remedy=f"Known: {shown}.",
        )
    return [wanted]


@dataclass(frozen=True)
class Lifts:
    """All comparisons of a playbook.

    Attributes:
        comparisons: Experiments first, then campaigns by their start.
        settling: The test that would settle it; None where nothing was counted before.
        sizes: The same for other effects, smallest first.
        households: How many could be in it.
        drawn_unit: What is drawn: customers, or households where some are shared.
        is_money: Whether sizes are of money.
    """

    comparisons: tuple[Comparison, ...]
    settling: TestSize | None
    sizes: tuple[TestSize, ...]
    households: int
    drawn_unit: str = "customers"
    is_money: bool = True
