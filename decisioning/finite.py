"""Forecasts are numbers: one that is not, or is infinite, stops the day instead of winning or losing it silently."""

import numpy as np

from decisioning.errors import DecisioningError
from forecasting.values import Floats, Forecasts, Keys

OF_CADENCE = ("interval_days", "survival", "survival_week_ago", "p_purchase", "margin_none", "purchase_spend")


def insist_on_finite(forecasts: Forecasts) -> None:
    """Refuse forecasts that are no finite numbers. A kind of asset without any uplift is told of where it is used.

    Raises:
        DecisioningError: Names the first one, and whom it is about.
    """
    cadence, uplift, redemption = forecasts.cadence, forecasts.uplift, forecasts.redemption
    for name in OF_CADENCE:
        _insist(name, getattr(cadence, name), "customer", cadence.customer_id, cadence.category_id)
    stated = ~np.isnan(uplift.mean)
    _insist("uplift", uplift.mean[stated], "kind", uplift.asset_kind[stated])
    _insist("sd of the uplift", uplift.sd[stated], "kind", uplift.asset_kind[stated])
    _insist("redemption", redemption.customer_effect, "customer", redemption.customer_id)
    _insist("redemption", redemption.asset_effect, "asset", redemption.asset_id)
    common = np.array([redemption.intercept, redemption.affinity_slope])
    _insist("redemption", common, "term", np.array(["intercept", "affinity slope"], dtype=object))


def _insist(name: str, values: Floats, what: str, keys: Keys, categories: Keys | None = None) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        at = wrong[0]
        within = "" if categories is None else f" in the category {categories[at]}"
        raise DecisioningError(
            f"The forecast `{name}` of the {what} {keys[at]}{within} is {values[at]} ({len(wrong)} such).",
            where="forecasts",
            remedy="Correct what supplies it; a model that forecasts it is a defect. Nothing was decided.",
        )
