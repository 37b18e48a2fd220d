"""What values are made of, under the positions of the view."""

import numpy as np
import numpy.typing as npt

from decisioning.boosts import boost_of_assets
from decisioning.ground import Reasons, Worth
from decisioning.learnt import linear_of
from decisioning.offers import least_spend, redemption_terms
from decisioning.rhythms import Pairs, Rhythms
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_coverage
from decisioning.terrain.rules import believed
from decisioning.value import asset_uplift, channel_costs, effects, insist_on_uplift, truths, usual_spend
from forecasting.values import Floats, Forecasts
from graph.view import View


def worth_of(view: View, forecasts: Forecasts, rhythms: Rhythms, settings: DecisionSettings, reasons: Reasons) -> Worth:
    """The parts of every candidate's value.

    Args:
        view: The view.
        forecasts: What will happen.
        rhythms: The forecasts of it that are aligned with the view.
        settings: Channels.
        reasons: Motives and the assets that answer them.

    Raises:
        DecisioningError: As `value.value_candidates`.
    """
    insist_on_uplift(view, forecasts, np.unique(reasons.answer_assets))
    cadence, model, coverage = rhythms.cadence, forecasts.redemption, asset_coverage(view)
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)
    fixed, share = redemption_terms(view.offers.frame, offer)
    has_offer, spend = offer >= 0, usual_spend(coverage, rhythms)
    triggers = believed(view.topic_triggers, view.triggers, view)
    costs = channel_costs(view, settings)
    automatic = truths(view.offers.frame["is_automatic"])
    return Worth(
        habit_starts=_starts(rhythms.pairs, len(view.customers)),
        habit_category=rhythms.pairs.column,
        habit_margin=cadence.margin_none,
        habit_log_none=_log_none(cadence.p_purchase),
        habit_chance=cadence.p_purchase,
        habit_spend=cadence.p_purchase * cadence.purchase_spend,
        recent_starts=_starts(rhythms.recent_pairs, len(view.customers)),
        recent_category=rhythms.recent_pairs.column,
        recent_days=rhythms.recent_days,
        covers_starts=coverage.starts,
        covers=coverage.targets,
        usual_margin=rhythms.usual.margin,
        is_typical=rhythms.has_thin_history,
        trigger_starts=triggers.starts,
        triggers=triggers.targets,
        said_starts=reasons.said_starts,
        said_assets=reasons.said_assets,
        uplift=asset_uplift(view, forecasts)[0],
        has_offer=has_offer,
        is_automatic=np.append(automatic, False)[offer],
        cost_fixed=fixed,
        cost_share=share,
        least_spend=least_spend(view.offers.frame, offer),
        usual_spend=spend,
        may_lack_cost=has_offer & np.isnan(fixed) & np.isnan(share * spend),
        redeem_customer=model.intercept + effects(view.customers, model.customer_id, model.customer_effect),
        redeem_asset=effects(view.assets, model.asset_id, model.asset_effect),
        redeem_slope=float(model.affinity_slope),
        touch_cost=costs.touch,
        opt_out_cost=costs.opt_out,
        future_margin=costs.future_margin,
        gain=linear_of(view, forecasts.response, "margin_uplift"),
        redeem=linear_of(view, forecasts.response, "p_redeem"),
        opt_out=linear_of(view, forecasts.response, "p_opt_out"),
        boost=boost_of_assets(view, settings),
    )


def _starts(pairs: Pairs, rows: int) -> npt.NDArray[np.int64]:
    return np.searchsorted(pairs.row, np.arange(rows + 1)).astype(np.int64)


def _log_none(chance: Floats) -> Floats:
    """Logarithm of P(no purchase); -inf where a purchase is certain."""
    with np.errstate(divide="ignore"):
        return np.log1p(-np.minimum(chance, 1.0))
