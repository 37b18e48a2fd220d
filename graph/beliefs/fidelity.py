"""How much a signal tells of what somebody wants: from 0, noise, to 1, a deed.

Names are those of Segment's specification (e-commerce, business-to-business, video), and the usual ones beside it. The
defaults are a judgement, in three ranks: acts that cost the customer something (0.5 and more), acts that point at
something (0.1 to 0.5), and what happens by itself on the way (below 0.1). An opened e-mail ranks lowest of all
answers, because mail programmes open by themselves. The playbook overrides any of them under `beliefs.fidelity`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

UNKNOWN_SIGNAL: Final = 0.05
"""Fidelity of a name that nobody has rated."""

LOW_FIDELITY: Final = 0.3
"""Below it, a flood of signals is damped."""

MOST_PER_HOUR: Final = 60
"""Signals of low fidelity in one hour of one customer that still count in full; nobody reads faster."""

SIGNAL_FIDELITY: Mapping[str, float] = MappingProxyType(
    {
        "Page Viewed": 0.005,
        "Screen Viewed": 0.005,
        "Promotion Viewed": 0.005,
        "Email Opened": 0.005,
        "Product List Viewed": 0.02,
        "Product List Filtered": 0.05,
        "Product Viewed": 0.05,
        "Product Clicked": 0.05,
        "Shipping Page Viewed": 0.1,
        "Returns Page Viewed": 0.1,
        "Video Playback Started": 0.1,
        "Promotion Clicked": 0.1,
        "Product Removed": 0.1,
        "Content Viewed": 0.15,
        "Article Viewed": 0.15,
        "Products Searched": 0.25,
        "Search Performed": 0.25,
        "Email Link Clicked": 0.3,
        "Cart Viewed": 0.25,
        "Video Playback Completed": 0.3,
        "Pricing Page Viewed": 0.35,
        "Product Shared": 0.4,
        "Content Downloaded": 0.5,
        "Document Downloaded": 0.5,
        "Product Added": 0.5,
        "Product Added to Wishlist": 0.5,
        "Coupon Entered": 0.6,
        "Form Submitted": 0.6,
        "Webinar Registered": 0.6,
        "Product Reviewed": 0.6,
        "Webinar Attended": 0.7,
        "Checkout Started": 0.8,
        "Checkout Step Completed": 0.8,
        "Account Created": 0.8,
        "Signed Up": 0.8,
        "Payment Info Entered": 0.9,
        "Demo Requested": 0.95,
        "Trial Started": 0.95,
        "Order Completed": 1.0,
    }
)
"""Default fidelity by the signal's name."""

ANSWER_FIDELITY: Mapping[str, float] = MappingProxyType(
    {"clicked": 0.3, "replied": 0.6, "redeemed": 0.9, "converted": 1.0}
)
"""Fidelity of what comes back on a message; other outcomes show no interest."""

PAGES: Mapping[str, str] = MappingProxyType(
    {"pricing": "Pricing Page Viewed", "shipping": "Shipping Page Viewed", "returns": "Returns Page Viewed"}
)
"""A page viewed about one of these topics is the signal of that name, however it was recorded."""


def spoken_names(signals: pd.DataFrame) -> pd.Series:
    """The names of signals, where `Page Viewed` about pricing is a `Pricing Page Viewed`.

    Args:
        signals: name, topic.
    """
    pages = signals["topic"].map(dict(PAGES))
    is_page = signals["name"].isin(["Page Viewed", "Screen Viewed"]) & pages.notna()
    return pages.where(is_page, signals["name"])


def fidelity(signals: pd.DataFrame, stated: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """The fidelity of each signal, shape (signals,).

    Args:
        signals: name (as spoken), source.
        stated: What the playbook says, by name or, which goes first, by `<source>/<name>`.
    """
    by_name = signals["name"].map({**SIGNAL_FIDELITY, **stated}).astype(np.float64)
    by_source = (signals["source"].astype(str) + "/" + signals["name"].astype(str)).map(dict(stated))
    found = by_source.astype(np.float64).fillna(by_name).fillna(UNKNOWN_SIGNAL)
    return np.asarray(found, dtype=np.float64)
