"""Forecasts addressed by the view's positions, so that plays and values find a pair without comparing texts."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.errors import DecisioningError
from forecasting.values import Cadence, Keys, RecentPurchases
from graph.view import Nodes, Positions, View

# Shopping days within 91 days below which a customer counts as one of whom little is known.
THIN_HISTORY_DAYS = 4


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of positions (row, column), sorted by both and unique.

    Attributes:
        row: Shape (n,).
        column: Shape (n,).
        width: Number of possible columns.
    """

    row: Positions
    column: Positions
    width: int

    def find(self, row: npt.ArrayLike, column: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Index of each asked pair, -1 where it is not here; shape of the arguments."""
        if not len(self.row):
            return np.full(np.shape(row), -1, dtype=np.int64)
        keys = self.row.astype(np.int64) * self.width + self.column
        wanted = np.asarray(row, dtype=np.int64) * self.width + np.asarray(column, dtype=np.int64)
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[found] == wanted, found, -1)


@dataclass(frozen=True, eq=False)
class Usual:
    """What everybody does in a category, counted over all customers; each array has shape (categories,).

    Attributes:
        margin: What a customer with any rhythm at all spends over the value window without a touch, as margin in
            currency, those who never buy there included.
        spend: Expected spend on a day of purchase, summed over everybody with a rhythm there.
        rhythms: How many have one.
    """

    margin: npt.NDArray[np.float64]
    spend: npt.NDArray[np.float64]
    rhythms: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rhythms:
    """Cadence and recent purchases, aligned with a view.

    Attributes:
        pairs: Customer × category of every cadence.
        cadence: The forecasts, in the order of `pairs`.
        recent_pairs: Customer × category bought within the last 91 days.
        recent_days: Shopping days of each, shape (len(recent_pairs),).
        usual: What everybody does.
        has_thin_history: Who has shopped too little for their own rhythms to say all, shape (customers,).
    """

    pairs: Pairs
    cadence: Cadence
    recent_pairs: Pairs
    recent_days: npt.NDArray[np.float64]
    usual: Usual
    has_thin_history: npt.NDArray[np.bool_]


def align(view: View, cadence: Cadence, recent: RecentPurchases, usual: Usual | None = None) -> Rhythms:
    """Forecasts under the positions of the view.

    Args:
        view: What is known.
        cadence: Rhythms.
        recent: What was bought lately.
        usual: What everybody did when this was first decided, where some of them are not here any more.

    Raises:
        DecisioningError: A forecast about somebody or something that the view does not know, or two about one pair.
    """
    pairs, order = _pairs(view, cadence.customer_id, cadence.category_id, "cadence")
    values: dict[str, Any] = {each.name: getattr(cadence, each.name) for each in fields(Cadence)}
    values = {name: value[order] if isinstance(value, np.ndarray) else value for name, value in values.items()}
    recent_pairs, recent_order = _pairs(view, recent.customer_id, recent.category_id, "recent purchases")
    aligned = Cadence(**values)
    recently = view.customers.frame["shopping_days_91d"].to_numpy(dtype=np.float64, na_value=0.0)
    return Rhythms(
        pairs=pairs,
        cadence=aligned,
        recent_pairs=recent_pairs,
        recent_days=recent.shopping_days[recent_order].astype(np.float64),
        usual=usual or _usual(pairs, aligned),
        has_thin_history=recently < THIN_HISTORY_DAYS,
    )


def _usual(pairs: Pairs, cadence: Cadence) -> Usual:
    everybody = max(1, len(np.unique(pairs.row)))
    return Usual(
        margin=np.bincount(pairs.column, cadence.margin_none, minlength=pairs.width) / everybody,
        spend=np.bincount(pairs.column, cadence.purchase_spend, minlength=pairs.width).astype(np.float64),
        rhythms=np.bincount(pairs.column, minlength=pairs.width).astype(np.float64),
    )


def _pairs(view: View, customers: Keys, categories: Keys, what: str) -> tuple[Pairs, npt.NDArray[np.int64]]:
    row = _known(view.customers, customers, what, "customer")
    column = _known(view.categories, categories, what, "category")
    order = np.lexsort((column, row))
    row, column = row[order], column[order]
    again = np.flatnonzero((np.diff(row) == 0) & (np.diff(column) == 0))
    if len(again):
        where = order[again[0]]
        raise DecisioningError(
            f"There are two forecasts for {customers[where]} and {categories[where]}.",
            where=what,
            remedy="Forecast each pair once.",
        )
    return Pairs(row, column, len(view.categories)), order


def _known(nodes: Nodes, keys: Keys, what: str, kind: str) -> Positions:
    positions = nodes.positions(keys)
    unknown = np.flatnonzero(positions < 0)
    if len(unknown):
        raise DecisioningError(
            f"The {kind} {keys[unknown[0]]} has a forecast, but the view does not know it ({len(unknown)} such).",
            where=what,
            remedy="Make the forecasts and the view from the same tables.",
        )
    return positions
