"""The fused pass: every candidate is met, screened, valued and ranked in one loop, and none is ever stored.

For each customer: their motives, strongest first ▶ the assets that answer ▶ the channels that these fit. A candidate is
refused by an AND of words; only what is left is valued, and of that each channel keeps the best few at the prices of
the limits. What comes out is a shortlist, counts for the funnel, and the best priced value, which certifies the bound.

Customers do not depend on each other, so the result is the same for any number of threads. All that the loop reads is
in the tuples of arrays of `decisioning.ground`, which `decisioning.terrain` fills. numba does not notice edits in other
files: compiled code that the loop calls is here, but for comparisons between the sides of a policy. Importing this
takes a second, for numba's sake, and compiling it once half a minute: import it where it is needed.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from decisioning.ground import (
    ALLOWED,
    EXPECTED_COST,
    EXPOSURE,
    MONEY,
    REACHED,
    REFUSED,
    Found,
    Hours,
    Prices,
    Reasons,
    Rules,
    Worth,
)
from decisioning.learnt import Linear
from decisioning.policies.programs import settled

Array = npt.NDArray[Any]

UNREACHED = 255


class Scratch(NamedTuple):
    """What one thread remembers of the customer at hand. A mark holds where it equals the customer's own."""

    seen: Array
    bought: Array
    objected: Array
    moved: Array
    has_habit: Array
    habit: Array
    has_recent: Array
    recent: Array
    words: Array
    stack: Array
    limit: Array
    gain_of_channel: Array
    redeem_of_channel: Array
    opt_out_of_channel: Array


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def look_through(
    first: int,
    last: int,
    each: int,
    refused_shown: int,
    reasons: Reasons,
    rules: Rules,
    worth: Worth,
    hours: Hours,
    prices: Prices,
    found: Found,
) -> None:
    """Pass over customers `first` to `last`, writing rows from 0 on.

    Args:
        first: Position of the first customer.
        last: Position after the last one.
        each: How many candidates each channel keeps.
        refused_shown: How many refused candidates are kept of customers who have no more than that many allowed ones.
        reasons: Motives and answers.
        rules: Policies.
        worth: Values.
        hours: Times.
        prices: What the limits cost.
        found: Where to write; refusals are counted when it has columns for them.
    """
    scratch = _blank(reasons, rules, worth)
    for customer in range(first, last):
        row = customer - first
        if _open(customer, reasons, rules, worth, scratch):
            _meet(customer, row, REACHED, each, reasons, rules, worth, hours, prices, scratch, found)
            _set_limits(customer, reasons, scratch)
        _meet(customer, row, ALLOWED, each, reasons, rules, worth, hours, prices, scratch, found)
        if found.counts[row, 1] <= refused_shown and found.counts[row, 1] < found.counts[row, 0]:
            _meet(customer, row, REFUSED, each, reasons, rules, worth, hours, prices, scratch, found)
        _drop_repetition(row, each * len(worth.touch_cost), found)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _meet(
    customer: int,
    row: int,
    wanted: int,
    each: int,
    reasons: Reasons,
    rules: Rules,
    worth: Worth,
    hours: Hours,
    prices: Prices,
    scratch: Scratch,
    found: Found,
) -> None:
    """Meet every candidate of a customer and keep the best of those that are wanted."""
    channels = len(worth.touch_cost)
    counts, mark = found.counts[row], 3 * customer + wanted
    keeps_account = found.refused.shape[1] > 0 and wanted == ALLOWED
    first_motive = reasons.motive_starts[customer]
    for motive in range(first_motive, reasons.motive_starts[customer + 1]):
        answer = reasons.answer[motive]
        for place in range(reasons.answer_starts[answer], reasons.answer_starts[answer + 1]):
            asset = reasons.answer_assets[place]
            if reasons.is_for_new[answer] and scratch.bought[asset] == customer:
                continue
            if scratch.seen[asset] == mark:
                continue  # a stronger motive speaks for it
            scratch.seen[asset] = mark
            is_objected = scratch.objected[asset] == customer and not rules.is_service[asset]
            waits = wanted != REACHED and _waits(customer, motive, asset, reasons, scratch)
            is_valued, margin, chance, cost = False, 0.0, 0.0, 0.0
            # What an offer costs may depend on what is spent where nobody ever bought anything.
            if worth.may_lack_cost[asset]:
                margin, chance, cost = _of_pair(customer, asset, worth, scratch)
                is_valued = True
            is_cost_unknown = math.isnan(cost)
            for channel in range(channels):
                if not reasons.fits[asset, channel]:
                    continue
                has_hour = _has_hour(customer, asset, channel, motive, reasons, hours)
                is_refused = _is_refused(customer, asset, channel, rules, scratch)
                is_refused = is_refused or is_objected or is_cost_unknown or waits or not has_hour
                if wanted == ALLOWED:
                    counts[0] += 1
                    if is_refused and keeps_account:
                        refused = found.refused[row]
                        _account(refused, scratch.words, rules, is_objected, is_cost_unknown, has_hour, waits)
                if is_refused != (wanted == REFUSED) or is_cost_unknown:
                    continue
                if not is_valued:
                    margin, chance, cost = _of_pair(customer, asset, worth, scratch)
                    is_valued = True
                value, expected_cost = _value(customer, asset, channel, margin, chance, cost, worth, scratch)
                if wanted == REACHED:
                    if value > 0.0:
                        _reach(motive, motive - first_motive, asset, reasons, scratch)
                    continue
                priced = value - _paid(customer, asset, channel, expected_cost, cost, worth, prices)
                which = asset, channel, motive
                worths = value, priced, expected_cost, cost
                if wanted == REFUSED:
                    _keep(row, each * channels + 1, found.asset.shape[1], priced, True, which, worths, found)
                    continue
                counts[1] += 1
                _keep(row, each * channels, each * channels + 1, value, False, which, worths, found)
                if (value <= 0.0 and not prices.keeps_losses) or not prices.has_room[asset, channel]:
                    continue
                counts[2] += value > 0.0
                found.best[row] = max(found.best[row], priced)
                _keep(row, each * channel, each * (channel + 1), priced, True, which, worths, found)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _waits(customer: int, motive: int, asset: int, reasons: Reasons, scratch: Scratch) -> bool:
    """Whether an asset waits until something else was tried, by its motive's order or by another motive's."""
    if len(reasons.ranks) == 0:
        return False
    first = reasons.motive_starts[customer]
    if reasons.order[motive] >= 0 and reasons.ranks[reasons.order[motive], asset] > scratch.limit[motive - first]:
        return True
    for other in range(first, reasons.motive_starts[customer + 1]):
        limit = scratch.limit[other - first]
        if reasons.order[other] >= 0 and limit < UNREACHED and reasons.elsewhere[reasons.order[other], asset] > limit:
            return True
    return False


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _reach(motive: int, place: int, asset: int, reasons: Reasons, scratch: Scratch) -> None:
    """Note the lowest rank of a motive's order that may be sent and was not tried of late."""
    if reasons.order[motive] >= 0:
        rank = reasons.ranks[reasons.order[motive], asset]
        if rank > reasons.tried[motive] and rank < scratch.limit[place]:
            scratch.limit[place] = rank


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _set_limits(customer: int, reasons: Reasons, scratch: Scratch) -> None:
    """What was tried stays possible; where nothing is left to try, nothing waits."""
    first = reasons.motive_starts[customer]
    for motive in range(first, reasons.motive_starts[customer + 1]):
        if scratch.limit[motive - first] < UNREACHED:
            scratch.limit[motive - first] = max(scratch.limit[motive - first], reasons.tried[motive])


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _is_refused(customer: int, asset: int, channel: int, rules: Rules, scratch: Scratch) -> bool:
    """Both sides' words, ANDed into `scratch.words`, less the comparisons between them that do not hold."""
    is_refused = False
    for place in range(len(scratch.words)):
        word = rules.customer_words[customer, channel, place] & rules.asset_words[asset, channel, place]
        if word & rules.programs.gates[place]:
            word = settled(rules.programs, scratch.stack, place, word, customer, asset, channel)
        scratch.words[place] = word
        is_refused = is_refused or (word & rules.refusing[place]) != 0
    return is_refused


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _account(
    refused: Array, words: Array, rules: Rules, is_objected: bool, is_cost_unknown: bool, has_hour: bool, waits: bool
) -> None:
    """Count one refused candidate for every policy that refuses it."""
    for policy in range(len(rules.masks)):
        hit = np.uint64(0)
        for word in range(len(words)):
            hit |= words[word] & rules.masks[policy, word]
        refused[policy] += hit != 0
    if is_objected:
        refused[rules.objection] += 1
    if is_cost_unknown and not _refuses(rules.cost_unknown, words, rules):
        refused[rules.cost_unknown] += 1
    if not has_hour and not _refuses(rules.out_of_dates, words, rules):
        refused[rules.no_hour] += 1
    if waits:
        refused[rules.waiting] += 1


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _refuses(policy: int, words: Array, rules: Rules) -> bool:
    for word in range(len(words)):
        if words[word] & rules.masks[policy, word]:
            return True
    return False


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _has_hour(customer: int, asset: int, channel: int, motive: int, reasons: Reasons, hours: Hours) -> bool:
    """Whether the day has a moment outside quiet hours within the motive's and the asset's dates."""
    earliest = max(max(reasons.starts_at[motive], hours.day_starts), hours.opens[asset])
    earliest = max(earliest, hours.sends_at[customer, channel])
    latest = min(min(reasons.until[motive], hours.day_ends), hours.closes[asset])
    spans = hours.spans[hours.zone[customer], channel]
    for span in range(len(spans)):
        if max(earliest, spans[span, 0]) < min(latest, spans[span, 1]):
            return True
    return False


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _of_pair(customer: int, asset: int, worth: Worth, scratch: Scratch) -> tuple[float, float, float]:
    """Margin without a touch, chance of redemption and cost of one, for a customer and an asset on any channel."""
    margin, usual, log_none, chance, spend, recent = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    takes_usual = worth.is_typical[customer] or scratch.moved[asset] == customer
    for place in range(worth.covers_starts[asset], worth.covers_starts[asset + 1]):
        category = worth.covers[place]
        if scratch.has_habit[category] == customer:
            own = scratch.habit[category]
            margin += own[0]
            log_none += own[1]
            chance += own[2]
            spend += own[3]
        elif takes_usual:
            usual += worth.usual_margin[category]
        if scratch.has_recent[category] == customer:
            recent += scratch.recent[category]
    if not worth.has_offer[asset]:
        return margin + usual, 0.0, 0.0
    cost = worth.cost_fixed[asset]
    if math.isnan(cost):
        cost = worth.cost_share[asset] * (spend / chance if chance > 0.0 else worth.usual_spend[asset])
    if worth.is_automatic[asset]:
        return margin + usual, -math.expm1(log_none), cost
    odds = worth.redeem_customer[customer] + worth.redeem_asset[asset] + worth.redeem_slope * math.log1p(recent)
    return margin + usual, 1.0 / (1.0 + math.exp(-odds)), cost


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _value(
    customer: int,
    asset: int,
    channel: int,
    margin: float,
    chance: float,
    cost: float,
    worth: Worth,
    scratch: Scratch,
) -> tuple[float, float]:
    """The candidate's value and its expected offer cost."""
    gain = margin * worth.uplift[asset]
    if _knows(customer, asset, channel, worth.gain):
        gain = _linear(customer, asset, worth.gain) + scratch.gain_of_channel[channel]
    if worth.has_offer[asset] and not worth.is_automatic[asset] and _knows(customer, asset, channel, worth.redeem):
        odds = _linear(customer, asset, worth.redeem) + scratch.redeem_of_channel[channel]
        chance = 1.0 / (1.0 + math.exp(-odds))
    opt_out = worth.opt_out_cost[channel]
    if _knows(customer, asset, channel, worth.opt_out):
        odds = _linear(customer, asset, worth.opt_out) + scratch.opt_out_of_channel[channel]
        opt_out = worth.future_margin[channel] / (1.0 + math.exp(-odds))
    expected_cost = chance * cost
    return gain - expected_cost - opt_out - worth.touch_cost[channel], expected_cost


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _knows(customer: int, asset: int, channel: int, target: Linear) -> bool:
    return bool(target.is_there and target.knows_customer[customer] and target.knows_place[asset, channel])


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _linear(customer: int, asset: int, target: Linear) -> float:
    """What the customer and the asset bring; the channel's part is added apart."""
    total = 0.0
    for factor in range(target.customer_factor.shape[1]):
        total += np.float64(target.customer_factor[customer, factor]) * target.asset_factor[asset, factor]
    return target.intercept + target.customer_effect[customer] + target.asset_effect[asset] + total


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _paid(
    customer: int, asset: int, channel: int, expected_cost: float, cost: float, worth: Worth, prices: Prices
) -> float:
    """What the candidate pays for the limits that it uses."""
    paid = prices.of_place[asset, channel]
    if worth.has_offer[asset]:
        paid += prices.of_expected_cost[asset, channel] * expected_cost + prices.of_exposure[asset, channel] * cost
    for family in range(len(prices.unit)):
        of_customer = prices.group_of_customer[family, customer]
        of_place = prices.group_of_place[family, asset, channel]
        if of_customer >= 0 and of_place >= 0:
            amount, unit = 1.0, prices.unit[family]
            if unit == MONEY:
                amount = worth.touch_cost[channel]
            elif unit == EXPECTED_COST:
                amount = expected_cost
            elif unit == EXPOSURE:
                amount = cost
            paid += prices.group_price[family, of_customer * prices.groups_of_place[family] + of_place] * amount
    return paid


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _keep(
    row: int,
    start: int,
    end: int,
    rank: float,
    is_priced: bool,
    which: tuple[int, int, int],
    worths: tuple[float, float, float, float],
    found: Found,
) -> None:
    """Put a candidate among the slots of its row, the best first, lower keys first among equals."""
    asset, channel, _ = which
    at = end
    while at > start:
        before = at - 1
        if found.asset[row, before] >= 0:
            other = found.priced[row, before] if is_priced else found.value[row, before]
            is_lower = asset < found.asset[row, before] or (
                asset == found.asset[row, before] and channel < found.channel[row, before]
            )
            if rank < other or (rank == other and not is_lower):
                break
            if at < end:
                _move(row, before, at, found)
        at = before
    if at < end:
        found.asset[row, at], found.channel[row, at], found.motive[row, at] = which
        found.value[row, at], found.priced[row, at], found.expected_cost[row, at], found.cost[row, at] = worths


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _move(row: int, start: int, end: int, found: Found) -> None:
    found.asset[row, end] = found.asset[row, start]
    found.channel[row, end] = found.channel[row, start]
    found.motive[row, end] = found.motive[row, start]
    found.value[row, end] = found.value[row, start]
    found.priced[row, end] = found.priced[row, start]
    found.expected_cost[row, end] = found.expected_cost[row, start]
    found.cost[row, end] = found.cost[row, start]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _drop_repetition(row: int, most_valuable: int, found: Found) -> None:
    """Empty the slot of the most valuable candidate where its channel has kept it as well."""
    for slot in range(most_valuable):
        is_same = found.asset[row, slot] == found.asset[row, most_valuable]
        if is_same and found.channel[row, slot] == found.channel[row, most_valuable]:
            found.asset[row, most_valuable] = -1


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _open(customer: int, reasons: Reasons, rules: Rules, worth: Worth, scratch: Scratch) -> bool:
    """Spread what is known of a customer over categories and assets, so that each candidate only has to look.

    Returns:
        Whether an order of messages holds for some of the motives.
    """
    for place in range(worth.habit_starts[customer], worth.habit_starts[customer + 1]):
        category = worth.habit_category[place]
        scratch.has_habit[category] = customer
        scratch.habit[category, 0] = worth.habit_margin[place]
        scratch.habit[category, 1] = worth.habit_log_none[place]
        scratch.habit[category, 2] = worth.habit_chance[place]
        scratch.habit[category, 3] = worth.habit_spend[place]
    for place in range(worth.recent_starts[customer], worth.recent_starts[customer + 1]):
        scratch.has_recent[worth.recent_category[place]] = customer
        scratch.recent[worth.recent_category[place]] = worth.recent_days[place]
    for place in range(rules.objection_starts[customer], rules.objection_starts[customer + 1]):
        _mark(customer, rules.objections[place], reasons.said_starts, reasons.said_assets, scratch.objected)
    for place in range(worth.trigger_starts[customer], worth.trigger_starts[customer + 1]):
        _mark(customer, worth.triggers[place], reasons.said_starts, reasons.said_assets, scratch.moved)
    for place in range(reasons.bought_starts[customer], reasons.bought_starts[customer + 1]):
        product = reasons.bought_products[place]
        _mark(customer, product, reasons.product_starts, reasons.product_assets, scratch.bought)
    _open_channels(customer, worth.gain, scratch.gain_of_channel)
    _open_channels(customer, worth.redeem, scratch.redeem_of_channel)
    _open_channels(customer, worth.opt_out, scratch.opt_out_of_channel)
    has_order = False
    for place, motive in enumerate(range(reasons.motive_starts[customer], reasons.motive_starts[customer + 1])):
        scratch.limit[place] = UNREACHED
        has_order = has_order or reasons.order[motive] >= 0
    return has_order


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _mark(customer: int, subject: int, starts: Array, assets: Array, marks: Array) -> None:
    for place in range(starts[subject], starts[subject + 1]):
        marks[assets[place]] = customer


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _open_channels(customer: int, target: Linear, of_channel: Array) -> None:
    if target.is_there:
        for channel in range(len(of_channel)):
            total = target.channel_effect[channel]
            for factor in range(target.customer_factor.shape[1]):
                total += np.float64(target.customer_factor[customer, factor]) * target.channel_factor[channel, factor]
            of_channel[channel] = total


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # as above
def _blank(reasons: Reasons, rules: Rules, worth: Worth) -> Scratch:
    assets, channels = reasons.fits.shape
    categories = len(worth.usual_margin)
    return Scratch(
        np.full(assets, -1, np.int64),
        np.full(assets, -1, np.int32),
        np.full(assets, -1, np.int32),
        np.full(assets, -1, np.int32),
        np.full(categories, -1, np.int32),
        np.zeros((categories, 4)),
        np.full(categories, -1, np.int32),
        np.zeros(categories),
        np.zeros(rules.customer_words.shape[2], np.uint64),
        np.zeros(rules.programs.depth),
        np.full(np.diff(reasons.motive_starts).max() if len(reasons.motive_starts) > 1 else 0, UNREACHED, np.int64),
        np.zeros(channels),
        np.zeros(channels),
        np.zeros(channels),
    )
