"""What a candidate is worth: expected incremental margin, term by term, and how sure we are that it is above zero.

value = E[margin | touch] - E[margin | none]
        - p(redeem | touch) × offer cost we fund - ΔP(opt out) × future margin - touch cost

E[margin | touch] = E[margin | none] × (1 + uplift of the asset's kind), over the categories that the asset is about. A
coupon costs on every redemption, those of people who would have bought anyway included: for them it is negative.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.beliefs import is_moved_by
from decisioning.candidates import Candidates
from decisioning.errors import DecisioningError
from decisioning.gather import gather
from decisioning.offers import redemption_cost
from decisioning.rhythms import Rhythms
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_coverage, expanded
from forecasting.values import Floats, Forecasts, Redemption
from graph.view import Links, Positions, View

INTERVAL_95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Values:
    """The terms of every candidate's value, each of shape (n,), in currency unless said otherwise.

    Attributes:
        margin_none: E[margin | none] over the value window, in the asset's categories.
        uplift: Relative uplift by the touch (0.04 = 4 %).
        uplift_sd: Standard deviation of what is believed about it.
        p_redeem: P(redeem | touch); 0 without an offer.
        redemption_cost: What one redemption costs us; 0 without an offer, NaN when it cannot be known.
        opt_out_cost: ΔP(opt out) × future incremental margin through the channel.
        touch_cost: Cost of one touch on the channel.
        value: Expected incremental margin; -inf when the offer's cost cannot be known.
        confidence: P(value > 0) under the uplift's posterior, capped by its evidence grade, times the settings' trust.
        evidence_grade: How the uplift was identified; one for all candidates.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` (no margin at all), or a mixture.
    """

    margin_none: Floats
    uplift: Floats
    uplift_sd: Floats
    p_redeem: Floats
    redemption_cost: Floats
    opt_out_cost: Floats
    touch_cost: Floats
    value: Floats
    confidence: Floats
    evidence_grade: str
    margin_basis: str

    @property
    def offer_cost(self) -> Floats:
        """p(redeem | touch) × what a redemption costs us."""
        return self.p_redeem * self.redemption_cost

    @property
    def low(self) -> Floats:
        """Lower end of the value's 95 % interval; uncertainty is that of the uplift."""
        return self.value - INTERVAL_95 * self.margin_none * self.uplift_sd

    @property
    def high(self) -> Floats:
        """Upper end of the value's 95 % interval."""
        return self.value + INTERVAL_95 * self.margin_none * self.uplift_sd


def value_candidates(
    view: View, candidates: Candidates, forecasts: Forecasts, rhythms: Rhythms, settings: DecisionSettings
) -> Values:
    """Value every candidate.

    Raises:
        DecisioningError: No uplift is stated for a kind of asset among the candidates, or no cap for its grade.
    """
    pair_of, customer, asset = _pairs(candidates)
    is_moved = is_moved_by(view, customer, asset)
    habits = habits_in_assets(asset_coverage(view), rhythms, customer, asset, is_moved=is_moved)
    p_redeem, cost = _offers(view, forecasts.redemption, habits, customer, asset)
    mean, deviation = _uplift(view, forecasts, asset)
    touch_cost, opt_out_cost = _channel_costs(view, candidates.channel, settings)
    margin_none = habits.margin_none[pair_of]
    offer_cost = (p_redeem * cost)[pair_of]
    gain = margin_none * mean[pair_of] - offer_cost - opt_out_cost - touch_cost
    value = np.where(np.isnan(gain), -np.inf, gain)
    return Values(
        margin_none=margin_none,
        uplift=mean[pair_of],
        uplift_sd=deviation[pair_of],
        p_redeem=p_redeem[pair_of],
        redemption_cost=cost[pair_of],
        opt_out_cost=opt_out_cost,
        touch_cost=touch_cost,
        value=value,
        confidence=settings.trust * confidence(value, margin_none * deviation[pair_of], _cap(forecasts, settings)),
        evidence_grade=forecasts.uplift.grade,
        margin_basis=forecasts.cadence.margin_basis,
    )


def confidence(value: Floats, deviation: Floats, cap: float) -> Floats:
    """P(value > 0) for a normal posterior, at most `cap`; certain where nothing is uncertain."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        standardised = np.where(deviation > 0, value / deviation, np.where(value > 0, np.inf, -np.inf))
    return np.minimum(np.asarray(ndtr(standardised), dtype=np.float64), cap)


@dataclass(frozen=True, eq=False)
class Habits:
    """What customers do anyway in the categories of assets; one entry per (customer, asset).

    Attributes:
        margin_none: Expected margin over the value window without a touch.
        p_purchase: P(at least one purchase in any of the categories within the window), taken as independent.
        purchase_spend: Expected spend on a day of purchase, weighted by the chance of one; where the customer never
            bought there, the mean over those who did; NaN when nobody did.
        recent_days: Shopping days in the categories within the last 91 days, summed.
    """

    margin_none: Floats
    p_purchase: Floats
    purchase_spend: Floats
    recent_days: Floats


def habits_in_assets(
    coverage: Links,
    rhythms: Rhythms,
    customer: Positions,
    asset: Positions,
    *,
    is_moved: npt.NDArray[np.bool_] | None = None,
) -> Habits:
    """Add up each customer's rhythms over the categories of each asset.

    Args:
        coverage: Assets × categories.
        rhythms: Forecasts aligned with the view.
        customer: Positions, shape (n,).
        asset: Positions, shape (n,).
        is_moved: Whether the asset speaks of what moves the customer to act, shape (n,); None for nobody.
    """
    count = len(customer)
    owner, links = expanded(coverage, asset)
    category = coverage.targets[links]
    found = rhythms.pairs.find(customer[owner], category)
    at, of = owner[found >= 0], found[found >= 0]
    cadence = rhythms.cadence
    chance, spend = cadence.p_purchase[of], cadence.purchase_spend[of]
    margin = _sums(at, cadence.margin_none[of], count)
    # Of whom little is known, or who shows that they want it now, nothing bought does not mean that nothing would be:
    # they are taken as typical customers.
    is_typical = rhythms.has_thin_history[customer]
    unknown = (found < 0) & (is_typical if is_moved is None else is_typical | is_moved)[owner]
    margin += _sums(owner[unknown], rhythms.usual.margin[category[unknown]], count)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_purchase = -np.expm1(_sums(at, np.log1p(-np.minimum(chance, 1.0)), count))
        own_spend = _sums(at, chance * spend, count) / _sums(at, chance, count)
    recent = rhythms.recent_pairs.find(customer[owner], category)
    seen = recent >= 0
    return Habits(
        margin_none=margin,
        p_purchase=p_purchase,
        purchase_spend=np.where(np.isnan(own_spend), _usual_spend(coverage, rhythms)[asset], own_spend),
        recent_days=_sums(owner[seen], rhythms.recent_days[recent[seen]], count),
    )


def _sums(at: npt.NDArray[np.int64], amounts: Floats, count: int) -> Floats:
    """The sum of the amounts at each of `count` places."""
    return np.bincount(at, amounts, minlength=count).astype(np.float64)


def _usual_spend(coverage: Links, rhythms: Rhythms) -> Floats:
    """Mean spend on a day of purchase over everybody who buys in an asset's categories, shape (assets,)."""
    total, count = rhythms.usual.spend, rhythms.usual.rhythms
    assets, about = len(coverage.starts) - 1, coverage.targets
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.bincount(coverage.sources, total[about], minlength=assets) / np.bincount(
            coverage.sources, count[about], minlength=assets
        )


def p_redemption(view: View, model: Redemption, recent_days: Floats, customer: Positions, asset: Positions) -> Floats:
    """P(redeem | touch) per (customer, asset); who or what the model has not seen has no effect of its own."""
    from scipy.special import expit

    customer_effect = _effects(view.customers.positions(model.customer_id), model.customer_effect, len(view.customers))
    asset_effect = _effects(view.assets.positions(model.asset_id), model.asset_effect, len(view.assets))
    log_odds = model.intercept + customer_effect[customer] + asset_effect[asset]
    return np.asarray(expit(log_odds + model.affinity_slope * np.log1p(recent_days)), dtype=np.float64)


def _effects(positions: Positions, effects: Floats, count: int) -> Floats:
    known = positions >= 0
    result = np.zeros(count)
    result[positions[known]] = effects[known]
    return result


def _pairs(candidates: Candidates) -> tuple[npt.NDArray[np.int64], Positions, Positions]:
    """Which distinct (customer, asset) each candidate is about, and these pairs."""
    is_new = np.ones(len(candidates), dtype=np.bool_)
    is_new[1:] = (np.diff(candidates.customer) != 0) | (np.diff(candidates.asset) != 0)
    return np.cumsum(is_new) - 1, candidates.customer[is_new], candidates.asset[is_new]


def _offers(
    view: View, model: Redemption, habits: Habits, customer: Positions, asset: Positions
) -> tuple[Floats, Floats]:
    """P(redeem | touch) and what one redemption costs us, per (customer, asset)."""
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)[asset]
    has_offer = offer >= 0
    predicted = p_redemption(view, model, habits.recent_days, customer, asset)
    is_automatic = _truths(view.offers.frame["is_automatic"])
    # What nobody has to claim, everybody gets who buys.
    chance = np.where(gather(is_automatic, offer, missing=False), habits.p_purchase, predicted)
    cost = redemption_cost(view.offers.frame, offer, habits.purchase_spend)
    return np.where(has_offer, chance, 0.0), np.where(has_offer, cost, 0.0)


def _truths(column: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    return np.array([value is True or value is np.True_ for value in column], dtype=np.bool_)


def _uplift(view: View, forecasts: Forecasts, asset: Positions) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the uplift of each asset's kind."""
    kinds = view.assets.frame["kind"].to_numpy(dtype=object)
    stated = pd.Index(forecasts.uplift.asset_kind)
    of_asset = np.asarray(stated.get_indexer(pd.Index(kinds)), dtype=np.int64)[asset]
    if (of_asset < 0).any():
        kind = kinds[asset[int(np.argmax(of_asset < 0))]]
        raise DecisioningError(
            f"Nothing says how much an asset of the kind `{kind}` changes.",
            where="uplift",
            remedy=f"State its prior under uplift in warrant.yaml; stated: {', '.join(map(str, stated)) or 'none'}.",
        )
    return forecasts.uplift.mean[of_asset], forecasts.uplift.sd[of_asset]


def _channel_costs(view: View, channel: Positions, settings: DecisionSettings) -> tuple[Floats, Floats]:
    """Cost of a touch, and of the opt-outs that it risks, per candidate."""
    stated = {each.channel_id: each for each in settings.channels}
    channels = [stated[key] for key in view.channels.keys]
    touch = np.array([each.cost_per_touch for each in channels], dtype=np.float64)
    opt_out = np.array([each.p_opt_out * each.future_margin for each in channels], dtype=np.float64)
    return touch[channel], opt_out[channel]


def _cap(forecasts: Forecasts, settings: DecisionSettings) -> float:
    grade = forecasts.uplift.grade
    if grade not in settings.confidence_cap:
        raise DecisioningError(
            f"No largest confidence is stated for the evidence grade `{grade}`.",
            where="confidence caps",
            remedy="State one for each of assumed, adjusted, randomised.",
        )
    return settings.confidence_cap[grade]
