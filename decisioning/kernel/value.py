"""The second step of the pass: the terms of each listed candidate's value, as `decisioning.value` says them."""
# ruff: noqa: C901, PLR0912, PLR0915, PLR0917 -- compiled loops take arrays one by one, in one piece

import math

import numpy as np
from numba import njit

from decisioning.ground import Array, Listed, Worth
from decisioning.kernel.marks import mark, marks
from decisioning.learnt import Linear
from decisioning.offers import LARGEST_BASKET


@njit(nogil=True, cache=True)
def value(first: int, size: int, worth: Worth, listed: Listed) -> None:
    """Value the first candidates that are listed, and what their offers are expected to cost.

    Args:
        first: Position of the customer of row 0.
        size: How many candidates are listed.
        worth: What values are made of.
        listed: Candidates, in order of customer; value, expected cost and cost are written.
    """
    covers_starts, covers, usual_margin, usual_spend = (
        worth.covers_starts,
        worth.covers,
        worth.usual_margin,
        worth.usual_spend,
    )
    uplift, has_offer, is_automatic, is_typical = worth.uplift, worth.has_offer, worth.is_automatic, worth.is_typical
    cost_fixed, cost_share, least_spend = worth.cost_fixed, worth.cost_share, worth.least_spend
    redeem_customer, redeem_asset, redeem_slope = worth.redeem_customer, worth.redeem_asset, worth.redeem_slope
    touch_costs, opt_out_costs, future_margins = worth.touch_cost, worth.opt_out_cost, worth.future_margin
    gain_effect, gain_factor, gain_knows = worth.gain.asset_effect, worth.gain.asset_factor, worth.gain.knows_place
    assets, channels, categories = len(uplift), len(touch_costs), len(usual_margin)
    moved, has_habit, has_recent = marks(assets), marks(categories), marks(categories)
    habit, recent_days = np.zeros((categories, 4)), np.zeros(categories)
    gains, redeems, opt_outs = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    own = np.zeros(gain_factor.shape[1])
    knows_gain, base, is_out_of_reach = False, 0.0, False
    customer, asset, chance, margin, cost, gain_of_asset = -1, -1, 0.0, 0.0, 0.0, 0.0
    for place in range(size):
        if first + listed.row[place] != customer:
            customer, asset = first + listed.row[place], -1
            _open(customer, worth, moved, has_habit, habit, has_recent, recent_days)
            base = _open_target(customer, worth.gain, own, gains)
            _open_channels(customer, worth.redeem, redeems)
            _open_channels(customer, worth.opt_out, opt_outs)
            knows_gain = bool(worth.gain.is_there and worth.gain.knows_customer[customer])
        if listed.asset[place] != asset:
            asset = listed.asset[place]
            margin, usual, log_none, spent, weight, recent = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            takes_usual = is_typical[customer] or moved[asset] == customer
            for link in range(covers_starts[asset], covers_starts[asset + 1]):
                category = covers[link]
                if has_habit[category] == customer:
                    margin += habit[category, 0]
                    log_none += habit[category, 1]
                    weight += habit[category, 2]
                    spent += habit[category, 3]
                elif takes_usual:
                    usual += usual_margin[category]
                if has_recent[category] == customer:
                    recent += recent_days[category]
            margin += usual
            chance, cost, is_out_of_reach = 0.0, 0.0, False
            if has_offer[asset]:
                cost, least = cost_fixed[asset], least_spend[asset]
                spend = spent / weight if weight > 0.0 else usual_spend[asset]
                is_out_of_reach = least > LARGEST_BASKET * spend
                if math.isnan(cost):
                    largest = least if spend < least else spend  # noqa: FURB136 -- unknown spend must stay unknown
                    cost = cost_share[asset] * largest
                odds = redeem_customer[customer] + redeem_asset[asset] + redeem_slope * math.log1p(recent)
                chance = -math.expm1(log_none) if is_automatic[asset] else 1.0 / (1.0 + math.exp(-odds))
            if knows_gain:
                gain_of_asset = gain_effect[asset]
                for factor in range(len(own)):
                    gain_of_asset += own[factor] * gain_factor[asset, factor]
        channel = listed.channel[place]
        gain = margin * uplift[asset]
        if knows_gain and gain_knows[asset, channel]:
            gain = base + gain_of_asset + gains[channel]
        redeemed = chance
        if has_offer[asset] and not is_automatic[asset] and _knows(customer, asset, channel, worth.redeem):
            redeemed = 1.0 / (1.0 + math.exp(-_linear(customer, asset, worth.redeem) - redeems[channel]))
        if is_out_of_reach:
            gain, redeemed = 0.0, 0.0
        opt_out = opt_out_costs[channel]
        if _knows(customer, asset, channel, worth.opt_out):
            odds = _linear(customer, asset, worth.opt_out) + opt_outs[channel]
            opt_out = future_margins[channel] / (1.0 + math.exp(-odds))
        listed.cost[place] = cost
        listed.expected_cost[place] = redeemed * cost
        listed.value[place] = gain - redeemed * cost - opt_out - touch_costs[channel]


@njit(nogil=True, cache=True)
def _open(
    customer: int, worth: Worth, moved: Array, has_habit: Array, habit: Array, has_recent: Array, recent_days: Array
) -> None:
    """Spread what is known of a customer over categories and assets, so that each candidate only has to look."""
    for place in range(worth.habit_starts[customer], worth.habit_starts[customer + 1]):
        category = worth.habit_category[place]
        has_habit[category] = customer
        habit[category, 0] = worth.habit_margin[place]
        habit[category, 1] = worth.habit_log_none[place]
        habit[category, 2] = worth.habit_chance[place]
        habit[category, 3] = worth.habit_spend[place]
    for place in range(worth.recent_starts[customer], worth.recent_starts[customer + 1]):
        has_recent[worth.recent_category[place]] = customer
        recent_days[worth.recent_category[place]] = worth.recent_days[place]
    for place in range(worth.trigger_starts[customer], worth.trigger_starts[customer + 1]):
        mark(customer, worth.triggers[place], worth.said_starts, worth.said_assets, moved)


@njit(nogil=True, cache=True)
def _open_target(customer: int, target: Linear, own: Array, of_channel: Array) -> float:
    """A customer's own factors, what channels add for them, and what holds for all of their candidates."""
    if not target.is_there:
        return 0.0
    for factor in range(len(own)):
        own[factor] = target.customer_factor[customer, factor]
    _open_channels(customer, target, of_channel)
    return float(target.intercept + target.customer_effect[customer])


@njit(nogil=True, cache=True)
def _open_channels(customer: int, target: Linear, of_channel: Array) -> None:
    if target.is_there:
        for channel in range(len(of_channel)):
            total = target.channel_effect[channel]
            for factor in range(target.customer_factor.shape[1]):
                total += np.float64(target.customer_factor[customer, factor]) * target.channel_factor[channel, factor]
            of_channel[channel] = total


@njit(nogil=True, cache=True)
def _knows(customer: int, asset: int, channel: int, target: Linear) -> bool:
    return bool(target.is_there and target.knows_customer[customer] and target.knows_place[asset, channel])


@njit(nogil=True, cache=True)
def _linear(customer: int, asset: int, target: Linear) -> float:
    """What the customer and the asset bring; the channel's part is added apart."""
    total = target.intercept + target.customer_effect[customer] + target.asset_effect[asset]
    for factor in range(target.customer_factor.shape[1]):
        total += np.float64(target.customer_factor[customer, factor]) * target.asset_factor[asset, factor]
    return float(total)
