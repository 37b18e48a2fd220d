"""Categories whose offers are redeemed more often than the campaign they were sent in would let one expect."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.cadence.shopping_days import Positions, totals
from forecasting.response.asset_topics import Topics
from forecasting.response.mailings import Mailings
from forecasting.values import Floats

CATEGORY_STRENGTH = 2.0  # expected redemptions that "the category is like all others" is worth


@dataclass(frozen=True, eq=False)
class CategoryResponse:
    """Redemptions per category against what each campaign's own rate expects, apart for every campaign.

    Attributes:
        topics: Categories of the assets.
        redeemed: Redemptions, an asset's shared by its categories, shape (campaigns + 1, categories); the last row
            holds touches without a campaign.
        expected: What would have been redeemed if all assets of a campaign were alike, same shape.
    """

    topics: Topics
    redeemed: Floats
    expected: Floats

    @classmethod
    def measure(
        cls, sent: Mailings, usable: npt.NDArray[np.bool_], topics: Topics, category_count: int
    ) -> "CategoryResponse":
        """Count over the usable exposures."""
        campaigns = int(sent.campaign.max(initial=-1)) + 2
        campaign, asset = sent.campaign[usable] % campaigns, sent.asset[usable]  # -1 becomes the last row
        labels, share = sent.is_redeemed[usable].astype(np.float64), sent.share[usable]
        rate = totals(campaign, labels, campaigns) / np.maximum(totals(campaign, share, campaigns), 1e-12)
        cells, cell = np.unique(campaign * len(topics.assets) + asset, return_inverse=True)
        of_cell = totals(cell, labels, len(cells)), totals(cell, share, len(cells)) * rate[cells // len(topics.assets)]
        row, category = topics.of(cells % len(topics.assets))
        known = category >= 0
        row, category = row[known], category[known]
        place = (cells // len(topics.assets))[row] * category_count + category
        part = 1 / topics.counts[cells % len(topics.assets)][row]
        shape = (campaigns, category_count)
        redeemed, expected = (
            totals(place, values[row] * part, campaigns * category_count).reshape(shape) for values in of_cell
        )
        return cls(topics, redeemed, expected)

    def overall(self) -> Floats:
        """Log of redeemed over expected per category, shrunk to 0; shape (categories,)."""
        return _log_ratio(self.redeemed.sum(axis=0), self.expected.sum(axis=0))

    def without_own(self, asset: Positions, campaign: Positions) -> Floats:
        """Mean of that over each asset's categories, from all other campaigns; shape of `asset`."""
        others = _log_ratio(self.redeemed.sum(axis=0) - self.redeemed, self.expected.sum(axis=0) - self.expected)
        cells, cell = np.unique((campaign % len(others)) * len(self.topics.assets) + asset, return_inverse=True)
        row, category = self.topics.of(cells % len(self.topics.assets))
        padded = np.column_stack([others, np.zeros(len(others))])  # the category -1 says nothing
        values = padded[(cells // len(self.topics.assets))[row], category]
        counts = np.maximum(self.topics.counts[cells % len(self.topics.assets)], 1)
        mean: Floats = totals(row, values, len(cells)) / counts
        return np.asarray(mean[cell])


def _log_ratio(redeemed: Floats, expected: Floats) -> Floats:
    ratio = (np.maximum(redeemed, 0) + CATEGORY_STRENGTH) / (np.maximum(expected, 0) + CATEGORY_STRENGTH)
    return np.asarray(np.log(ratio), dtype=np.float64)
