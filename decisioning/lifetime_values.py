"""The lifetime value that policies and audiences read: what was supplied, and where nothing was, what is forecast."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.values.lifetime_value import LifetimeValue
from graph.view import View

COLUMN = "pclv"


def with_lifetime_values(view: View, value: LifetimeValue | None) -> View:
    """The view with `customer.pclv` of the forecast wherever no estimate of it was supplied.

    Supplied estimates override the model's. A customer of whom neither says anything stays without one; policies that
    read it then refuse, as they do for everything that is missing.

    Args:
        view: What is known; it is not changed.
        value: The forecast; None leaves the view as it is.
    """
    if value is None or len(value.customer_id) == 0:
        return view
    frame = view.customers.frame
    place = pd.Index(value.customer_id).get_indexer(pd.Index(view.customers.keys))
    forecast = np.append(value.pclv, np.nan)[place]
    nothing = np.full(len(frame), np.nan)
    supplied = frame[COLUMN].to_numpy(dtype=np.float64) if COLUMN in frame.columns else nothing
    filled = np.where(np.isnan(supplied), forecast, supplied)
    return replace(view, customers=replace(view.customers, frame=frame.assign(**{COLUMN: filled})))
