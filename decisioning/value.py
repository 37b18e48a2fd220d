"""What a candidate is worth: expected incremental margin, term by term, and how sure we are that it is above zero.

value = E[margin | touch] - E[margin | none]
        - p(redeem | touch) × offer cost we fund - ΔP(opt out) × future margin - touch cost

E[margin | touch] = E[margin | none] × (1 + uplift of the asset's kind), over the categories that the asset is about. A
coupon costs on every redemption, those of people who would have bought anyway included: for them it is negative. An
offer that asks for a larger basket than is plausible for a customer is not redeemed by them, and brings nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.beliefs import is_moved_by
from decisioning.boosts import boost_of_assets
from decisioning.candidates import Candidates
from decisioning.errors import DecisioningError
from decisioning.gather import gather
from decisioning.learnt import Linear, is_known, linear_of, linear_sd, linear_values
from decisioning.offers import is_out_of_reach, least_spend, redemption_cost
from decisioning.rhythms import Rhythms
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_coverage, expanded
from forecasting.values import Floats, Forecasts, Keys, Redemption
from graph.view import Links, Nodes, Positions, View

INTERVAL_95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Values:
    """The terms of every candidate's value, each of shape (n,), in currency unless said otherwise.

    Attributes:
        margin_none: E[margin | none] over the value window, in the asset's categories.
        gain: E[margin | touch] - E[margin | none].
        gain_sd: Standard deviation of what is believed about it.
        p_redeem: P(redeem | touch); 0 without an offer.
        redemption_cost: What one redemption costs us; 0 without an offer, NaN when it cannot be known.
        opt_out_cost: ΔP(opt out) × future incremental margin through the channel.
        touch_cost: Cost of one touch on the channel.
        value: Expected incremental margin; -inf when the offer's cost cannot be known.
        confidence: P(value > 0) under the gain's posterior, capped by its evidence grade, times the settings' trust.
        evidence_grade: How the gain was identified.
        is_out_of_reach: Whether the offer asks for a larger basket than is plausible: nobody redeems it then, and
            nothing is gained.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` (no margin at all), or a mixture.
        boost: What people favour the asset by, which is ranked by and is no margin.
    """

    margin_none: Floats
    gain: Floats
    gain_sd: Floats
    p_redeem: Floats
    redemption_cost: Floats
    opt_out_cost: Floats
    touch_cost: Floats
    value: Floats
    confidence: Floats
    evidence_grade: npt.NDArray[np.object_]
    is_out_of_reach: npt.NDArray[np.bool_]
    margin_basis: str
    boost: Floats

    @property
    def ranked(self) -> Floats:
        """What the choice ranks by: the value, and what people favour the asset by."""
        return self.value + self.boost

    @property
    def offer_cost(self) -> Floats:
        """p(redeem | touch) × what a redemption costs us."""
        return self.p_redeem * self.redemption_cost

    @property
    def uplift(self) -> Floats:
        """The gain as a share of the margin without a touch; 0 where nothing would come anyway."""
        return _share(self.gain, self.margin_none)

    @property
    def uplift_sd(self) -> Floats:
        """Standard deviation of that share."""
        return _share(self.gain_sd, self.margin_none)

    @property
    def low(self) -> Floats:
        """Lower end of the value's 95 % interval; uncertainty is that of the gain."""
        return self.value - INTERVAL_95 * self.gain_sd

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
    p_redeem, cost, is_beyond = _offers(view, forecasts.redemption, habits, customer, asset)
    margin_none, beyond = habits.margin_none[pair_of], is_beyond[pair_of]
    gain, gain_sd, grade = _gains(view, candidates, forecasts, margin_none)
    gain, gain_sd = np.where(beyond, 0.0, gain), np.where(beyond, 0.0, gain_sd)
    chance = np.where(beyond, 0.0, _chances(view, candidates, forecasts, p_redeem[pair_of]))
    costs = channel_costs(view, settings)
    opt_out_cost = _opt_out_costs(view, candidates, forecasts, costs)
    touch_cost = costs.touch[candidates.channel]
    net = gain - chance * cost[pair_of] - opt_out_cost - touch_cost
    value = np.where(np.isnan(net), -np.inf, net)
    return Values(
        margin_none=margin_none,
        gain=gain,
        gain_sd=gain_sd,
        p_redeem=chance,
        redemption_cost=cost[pair_of],
        opt_out_cost=opt_out_cost,
        touch_cost=touch_cost,
        value=value,
        confidence=settings.trust * confidence(value, gain_sd, _caps(grade, settings)),
        evidence_grade=grade,
        is_out_of_reach=beyond,
        margin_basis=forecasts.cadence.margin_basis,
        boost=boost_of_assets(view, settings)[candidates.asset],
    )


def _gains(
    view: View, candidates: Candidates, forecasts: Forecasts, margin_none: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.object_]]:
    """What each touch changes, how sure that is, and how it is known: learnt where it was, else the stated prior."""
    places = candidates.customer, candidates.asset, candidates.channel
    learnt = linear_of(view, forecasts.response, "margin_uplift")
    is_learnt = is_known(learnt, *places)
    insist_on_uplift(view, forecasts, candidates.asset[~is_learnt])
    mean, deviation = (of_asset[candidates.asset] for of_asset in asset_uplift(view, forecasts))
    grade = np.full(len(candidates), forecasts.uplift.grade, dtype=object)
    if not is_learnt.any() or forecasts.response is None:
        return margin_none * mean, margin_none * deviation, grade
    linear = linear_values(learnt, *places)
    sd = linear_sd(view, forecasts.response, "margin_uplift", places, linear)
    grade[is_learnt] = forecasts.response.targets["margin_uplift"].grade
    return np.where(is_learnt, linear, margin_none * mean), np.where(is_learnt, sd, margin_none * deviation), grade


def _chances(view: View, candidates: Candidates, forecasts: Forecasts, stated: Floats) -> Floats:
    """P(redeem | touch): learnt where it was; of offers that nobody has to claim, and of none, as stated."""
    learnt = linear_of(view, forecasts.response, "p_redeem")
    if not learnt.is_there:
        return stated
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)
    is_automatic = gather(truths(view.offers.frame["is_automatic"]), offer, missing=False)
    has_to_be_claimed = ((offer >= 0) & ~is_automatic)[candidates.asset]
    return _learnt_chance(learnt, candidates, np.where(has_to_be_claimed, np.nan, stated), stated)


def _opt_out_costs(view: View, candidates: Candidates, forecasts: Forecasts, costs: "ChannelCosts") -> Floats:
    """P(opt out) × future margin: learnt where it was, else as stated."""
    learnt = linear_of(view, forecasts.response, "p_opt_out")
    stated = costs.opt_out[candidates.channel]
    if not learnt.is_there:
        return stated
    open_ones = np.full(len(candidates), np.nan)
    chance = _learnt_chance(learnt, candidates, open_ones, open_ones)
    return np.where(np.isnan(chance), stated, chance * costs.future_margin[candidates.channel])


def _learnt_chance(learnt: Linear, candidates: Candidates, given: Floats, otherwise: Floats) -> Floats:
    """`given` where there is a number, else the learnt chance, else `otherwise`."""
    from scipy.special import expit

    places = candidates.customer, candidates.asset, candidates.channel
    chance = np.where(is_known(learnt, *places), expit(linear_values(learnt, *places)), otherwise)
    return np.where(np.isnan(given), chance, given)


def confidence(value: Floats, deviation: Floats, cap: Floats | float) -> Floats:
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
        purchase_spend=np.where(np.isnan(own_spend), usual_spend(coverage, rhythms)[asset], own_spend),
        recent_days=_sums(owner[seen], rhythms.recent_days[recent[seen]], count),
    )


def _sums(at: npt.NDArray[np.int64], amounts: Floats, count: int) -> Floats:
    """The sum of the amounts at each of `count` places."""
    return np.bincount(at, amounts, minlength=count).astype(np.float64)


def usual_spend(coverage: Links, rhythms: Rhythms) -> Floats:
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

    customer_effect = effects(view.customers, model.customer_id, model.customer_effect)
    asset_effect = effects(view.assets, model.asset_id, model.asset_effect)
    log_odds = model.intercept + customer_effect[customer] + asset_effect[asset]
    return np.asarray(expit(log_odds + model.affinity_slope * np.log1p(recent_days)), dtype=np.float64)


def effects(nodes: Nodes, keys: Keys, stated: Floats) -> Floats:
    """Stated effects under the positions of nodes; 0 for what nothing is stated about, shape (nodes,)."""
    positions = nodes.positions(keys)
    known = positions >= 0
    result = np.zeros(len(nodes))
    result[positions[known]] = stated[known]
    return result


def _pairs(candidates: Candidates) -> tuple[npt.NDArray[np.int64], Positions, Positions]:
    """Which distinct (customer, asset) each candidate is about, and these pairs."""
    is_new = np.ones(len(candidates), dtype=np.bool_)
    is_new[1:] = (np.diff(candidates.customer) != 0) | (np.diff(candidates.asset) != 0)
    return np.cumsum(is_new) - 1, candidates.customer[is_new], candidates.asset[is_new]


def _offers(
    view: View, model: Redemption, habits: Habits, customer: Positions, asset: Positions
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """P(redeem | touch), what one redemption costs us, and which offers ask for too much, per (customer, asset)."""
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)[asset]
    has_offer = offer >= 0
    predicted = p_redemption(view, model, habits.recent_days, customer, asset)
    is_automatic = truths(view.offers.frame["is_automatic"])
    # What nobody has to claim, everybody gets who buys.
    chance = np.where(gather(is_automatic, offer, missing=False), habits.p_purchase, predicted)
    cost = redemption_cost(view.offers.frame, offer, habits.purchase_spend)
    is_beyond = is_out_of_reach(least_spend(view.offers.frame, offer), habits.purchase_spend)
    return np.where(has_offer, chance, 0.0), np.where(has_offer, cost, 0.0), is_beyond


def truths(column: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    """Where a column says yes; what is missing says no, shape (n,)."""
    return np.array([value is True or value is np.True_ for value in column], dtype=np.bool_)


def asset_uplift(view: View, forecasts: Forecasts) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the uplift of each asset's kind; NaN where nothing is stated, shape (assets,)."""
    kinds = pd.Index(view.assets.frame["kind"].to_numpy(dtype=object))
    of_asset = np.asarray(pd.Index(forecasts.uplift.asset_kind).get_indexer(kinds), dtype=np.int64)
    return gather(forecasts.uplift.mean, of_asset, np.nan), gather(forecasts.uplift.sd, of_asset, np.nan)


def insist_on_uplift(view: View, forecasts: Forecasts, asset: Positions) -> None:
    """Refuse assets of a kind that nothing is stated about.

    Raises:
        DecisioningError: Names the kind.
    """
    unknown = np.flatnonzero(np.isnan(asset_uplift(view, forecasts)[0][asset]))
    if len(unknown):
        kind = view.assets.frame["kind"].to_numpy(dtype=object)[asset[unknown[0]]]
        stated = ", ".join(map(str, forecasts.uplift.asset_kind)) or "none"
        raise DecisioningError(
            f"Nothing says how much an asset of the kind `{kind}` changes.",
            where="uplift",
            remedy=f"State its prior under uplift in warrant.yaml; stated: {stated}.",
        )


@dataclass(frozen=True, eq=False)
class ChannelCosts:
    """What a touch costs on each channel; shape (channels,), in currency.

    Attributes:
        touch: Cost of one touch.
        opt_out: P(opt out) × future margin, as the playbook states it.
        future_margin: Incremental margin that an opt-out loses.
    """

    touch: Floats
    opt_out: Floats
    future_margin: Floats


def channel_costs(view: View, settings: DecisionSettings) -> ChannelCosts:
    """The playbook's costs under the channels of the view."""
    stated = {each.channel_id: each for each in settings.channels}
    channels = [stated[key] for key in view.channels.keys]
    future_margin = np.array([each.future_margin for each in channels], dtype=np.float64)
    p_opt_out = np.array([each.p_opt_out for each in channels], dtype=np.float64)
    touch = np.array([each.cost_per_touch for each in channels], dtype=np.float64)
    return ChannelCosts(touch, p_opt_out * future_margin, future_margin)


def _caps(grades: npt.NDArray[np.object_], settings: DecisionSettings) -> Floats:
    """The largest confidence that each grade allows, shape of `grades`."""
    distinct, place = np.unique(grades.astype(str), return_inverse=True)
    for grade in distinct:
        if grade not in settings.confidence_cap:
            raise DecisioningError(
                f"No largest confidence is stated for the evidence grade `{grade}`.",
                where="confidence caps",
                remedy="State one for each of assumed, adjusted, randomised.",
            )
    caps = np.array([settings.confidence_cap[str(grade)] for grade in distinct], dtype=np.float64)
    return caps[place] if len(caps) else np.zeros(0)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
