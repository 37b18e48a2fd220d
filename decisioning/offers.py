"""What one redemption of an offer costs us, and whose spend is enough for one."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.gather import gather
from forecasting.values import Floats
from graph.view import Positions, View

LARGEST_BASKET = 3.0
"""The largest basket that is plausible, in what is spent on a day of purchase: were baskets spread exponentially about
it, one in twenty (exp -3) would be larger."""


def least_spend(offers: pd.DataFrame, offer: Positions) -> Floats:
    """The `min_spend` of each entry's offer, in currency; 0 where it asks for none, shape (n,)."""
    if "min_spend" not in offers.columns:
        return np.zeros(len(offer))
    return np.asarray(np.nan_to_num(gather(_numbers(offers, "min_spend"), offer, 0.0), nan=0.0))


def is_out_of_reach(least: Floats, purchase_spend: Floats) -> npt.NDArray[np.bool_]:
    """Whether no plausible basket is as large as an offer asks for; where spend is not known, it may be, shape (n,)."""
    return np.asarray(least > LARGEST_BASKET * purchase_spend)


def redemption_cost(offers: pd.DataFrame, offer: Positions, purchase_spend: Floats) -> Floats:
    """What one redemption costs us, in currency, shape (n,).

    `unit_cost` where it is given; else the face value, or else the discount on what the customer spends on a day of
    purchase, and at least on what the offer asks for; each without the share that others fund.

    Args:
        offers: The view's offers.
        offer: Position of each entry's offer, -1 without one, shape (n,).
        purchase_spend: What each customer is expected to spend on a day of purchase, shape (n,).

    Returns:
        NaN without an offer and where the cost cannot be known.
    """
    fixed, share = redemption_terms(offers, offer)
    least = least_spend(offers, offer)
    spend = np.where(purchase_spend < least, least, purchase_spend)
    return np.asarray(np.where(np.isnan(fixed), share * spend, fixed), dtype=np.float64)


def redemption_terms(offers: pd.DataFrame, offer: Positions) -> tuple[Floats, Floats]:
    """What one redemption costs us as a sum, or else as a share of what the customer spends; NaN for either.

    Args:
        offers: The view's offers.
        offer: Position of each entry's offer, -1 without one, shape (n,).

    Returns:
        Currency, shape (n,), and the share, shape (n,); where both are there the sum counts.
    """
    unit_cost, face_value, discount_pct, funded_pct = (
        gather(_numbers(offers, name), offer, np.nan)
        for name in ("unit_cost", "face_value", "discount_pct", "funded_pct")
    )
    our_share = 1.0 - np.nan_to_num(funded_pct, nan=0.0) / 100.0
    fixed = np.where(np.isnan(unit_cost), face_value * our_share, unit_cost)
    return np.asarray(fixed), np.asarray(discount_pct / 100.0 * our_share)


def exposure_of(view: View) -> Floats:
    """What one redemption of each asset's offer costs us at most, as far as it is a sum, shape (assets,).

    NaN where it is a share of what will be spent: nobody knows beforehand; 0 without an offer.
    """
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)
    return np.where(offer < 0, 0.0, redemption_terms(view.offers.frame, offer)[0])


def is_cost_known(offers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether anything states what a redemption of each offer costs, shape (offers,)."""
    stated = [~np.isnan(_numbers(offers, name)) for name in ("unit_cost", "face_value", "discount_pct")]
    return np.asarray(stated[0] | stated[1] | stated[2])


def _numbers(offers: pd.DataFrame, name: str) -> Floats:
    return np.asarray(offers[name].to_numpy(dtype=np.float64, na_value=np.nan))
