"""Which categories every asset is about, and how often a customer shopped in them before a touch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.shopping_days import Positions, ShoppingDays, totals
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class Topics:
    """Categories of every asset in compressed rows: asset i is about category[starts[i]:starts[i + 1]].

    Attributes:
        assets: Keys of assets with an offer, ascending.
        starts: Shape (assets + 1,).
        category: Positions in the categories of `ShoppingDays`, -1 where nobody knows the category.
    """

    assets: Keys
    starts: Positions
    category: Positions

    @property
    def counts(self) -> Positions:
        """Categories per asset."""
        return np.diff(self.starts)

    @property
    def owner(self) -> Positions:
        """The asset of every entry of `category`."""
        return np.repeat(np.arange(len(self.assets), dtype=np.int64), self.counts)

    def of(self, asset: Positions) -> tuple[Positions, Positions]:
        """For every category of each asset: the row of `asset` it belongs to, and the category."""
        counts = self.counts[asset]
        row = np.repeat(np.arange(len(asset), dtype=np.int64), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, self.category[self.starts[asset][row] + within]

    @classmethod
    def read(cls, assets: pd.DataFrame, keys: Keys, categories: Keys) -> "Topics":
        """The categories of the assets `keys`, of an asset's last version."""
        latest = assets.sort_values([key for key in ("asset_id", "version") if key in assets.columns], kind="stable")
        listed = latest[latest["offer_id"].notna()].drop_duplicates("asset_id", keep="last").set_index("asset_id")
        lists = [
            sorted(set(entry)) if isinstance(entry, Sequence | np.ndarray) else []
            for entry in listed["categories"].reindex(keys)
        ]
        starts = np.concatenate([[0], np.cumsum([len(entry) for entry in lists], dtype=np.int64)])
        names = pd.Index([name for entry in lists for name in entry], dtype=object)
        return cls(keys, starts, pd.Index(categories, dtype=object).get_indexer(names).astype(np.int64))


def affinity(
    days: ShoppingDays, topics: Topics, customer: Positions, asset: Positions, day: npt.NDArray[np.integer]
) -> Floats:
    """Shopping days of each customer in each asset's categories (summed) in the 91 days before `day`, shape (rows,)."""
    row, category = topics.of(asset)
    pair = days.pairs_of(customer[row], category)
    counted = days.days_between(pair, day[row] - AFFINITY_WINDOW_DAYS, day[row])
    return totals(row, counted, len(asset))


def mean_by_asset(topics: Topics, of_category: Floats) -> Floats:
    """Mean of a value per category over each asset's categories, 0 where an asset has none; shape (assets,)."""
    values = np.append(of_category, 0.0)[topics.category]
    return totals(topics.owner, values, len(topics.assets)) / np.maximum(topics.counts, 1)
