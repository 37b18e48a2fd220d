"""What one redemption of an offer costs us."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.gather import gather
from forecasting.values import Floats
from graph.view import Positions


def redemption_cost(offers: pd.DataFrame, offer: Positions, purchase_spend: Floats) -> Floats:
    """What one redemption costs us, in currency, shape (n,).

    `unit_cost` where it is given; else the face value, or else the discount on what the customer spends on a day of
    purchase, each without the share that others fund.

    Args:
        offers: The view's offers.
        offer: Position of each entry's offer, -1 without one, shape (n,).
        purchase_spend: What each customer is expected to spend on a day of purchase, shape (n,).

    Returns:
        NaN without an offer and where the cost cannot be known.
    """
    unit_cost, face_value, discount_pct, funded_pct = (
        gather(_numbers(offers, name), offer, np.nan)
        for name in ("unit_cost", "face_value", "discount_pct", "funded_pct")
    )
    our_share = 1.0 - np.nan_to_num(funded_pct, nan=0.0) / 100.0
    off_the_price = discount_pct / 100.0 * purchase_spend
    conceded = np.where(np.isnan(face_value), off_the_price, face_value) * our_share
    return np.asarray(np.where(np.isnan(unit_cost), conceded, unit_cost), dtype=np.float64)


def is_cost_known(offers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether anything states what a redemption of each offer costs, shape (offers,)."""
    stated = [~np.isnan(_numbers(offers, name)) for name in ("unit_cost", "face_value", "discount_pct")]
    return np.asarray(stated[0] | stated[1] | stated[2])


def _numbers(offers: pd.DataFrame, name: str) -> Floats:
    return np.asarray(offers[name].to_numpy(dtype=np.float64, na_value=np.nan))
