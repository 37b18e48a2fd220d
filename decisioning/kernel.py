"""The compiled pass: every candidate of a stretch of customers is met, screened, valued and ranked, and few are kept.

    screen   motives, strongest first ▶ assets that answer ▶ channels that these fit; a candidate is refused by an AND
             of words, and only what is left (or, asked for it, what is not) is written down
    value    the terms of what is left
    hold     what waits behind other messages of its motive's order is taken out again
    keep     of each channel the best few at the prices of the limits, and the most valuable of all

Nothing longer than a stretch's allowed candidates is ever held. Customers do not depend on each other, so neither the
stretches nor the number of threads changes the result. Each step takes the arrays out of its tuples once, before its
loop: a compiled loop that does so for each candidate spends its time on counting references. numba does not notice
edits in other files: what the loops call is here, but for comparisons between the sides of a policy. Importing this
takes a second, for numba's sake, and compiling it, once, some more: import it where it is needed.
"""
# ruff: noqa: C901, PLR0912, PLR0915, PLR0917, PLW3301, SIM110 -- compiled loops take arrays one by one, in one piece

import math

import numpy as np
from numba import njit

from decisioning.ground import (
    EXPECTED_COST,
    EXPOSURE,
    MONEY,
    Array,
    Found,
    Hours,
    Listed,
    Prices,
    Reasons,
    Rules,
    Worth,
)
from decisioning.learnt import Linear
from decisioning.policies.programs import AT_LEAST, AT_MOST, DIFFERENT, EQUAL, LESS, MORE, settled

UNREACHED = 255


@njit(nogil=True, cache=True)
def screen(
    customers: Array,
    rows: Array,
    wants_refused: bool,
    keeps_account: bool,
    reasons: Reasons,
    rules: Rules,
    worth: Worth,
    hours: Hours,
    found: Found,
    listed: Listed,
) -> int:
    """Write down all candidates of some customers that are allowed, or else all that are refused.

    Args:
        customers: Positions of customers, ascending.
        rows: The row of `found` of each.
        wants_refused: Whether refused candidates are wanted; those whose offer's cost is unknown never are.
        keeps_account: Whether refusals are counted.
        reasons: Motives and answers.
        rules: Policies.
        worth: For what an offer costs.
        hours: Times.
        found: Counts are written here, of allowed candidates only.
        listed: Candidates are written here; it has room for all of these customers.

    Returns:
        How many were written.
    """
    motive_starts, answers, is_for_new, fits = reasons.motive_starts, reasons.answer, reasons.is_for_new, reasons.fits
    answer_starts, answer_assets = reasons.answer_starts, reasons.answer_assets
    customer_words, asset_words, refusing, gates = rules.customer_words, rules.asset_words, rules.refusing, rules.gates
    masks, is_service, programs, plain = rules.masks, rules.is_service, rules.programs, rules.plain
    plain_word, plain_bit, operations = plain.word, plain.bit, plain.operation
    plain_customer, plain_asset = plain.customer, plain.asset
    customer_values, asset_values = rules.customer_values, rules.asset_values
    cost_unknown, out_of_dates, no_hour = rules.cost_unknown, rules.out_of_dates, rules.no_hour
    may_lack_cost, is_dated, counts, refusals = worth.may_lack_cost, hours.is_dated, found.counts, found.refused
    of_asset, of_channel, of_motive, of_row = listed.asset, listed.channel, listed.motive, listed.row
    assets, channels = fits.shape
    seen, bought, objected = _marks(assets), _marks(assets), _marks(assets)
    words, hour = np.zeros(len(refusing), np.uint64), np.zeros(channels, np.bool_)
    stack, comparisons, size = np.zeros(programs.depth), len(plain_word), 0
    for place in range(len(customers)):
        customer, row = customers[place], rows[place]
        _mark_objections(customer, reasons, rules, objected)
        _mark_bought(customer, reasons, bought)
        theirs, refused = customer_words[customer], refusals[row]
        met, before = 0, size
        for motive in range(motive_starts[customer], motive_starts[customer + 1]):
            answer = answers[motive]
            _set_hours(customer, motive, reasons, hours, hour)
            for link in range(answer_starts[answer], answer_starts[answer + 1]):
                asset = answer_assets[link]
                if seen[asset] == customer or (is_for_new[answer] and bought[asset] == customer):
                    continue  # a stronger motive speaks for it, or it is nothing new
                seen[asset] = customer
                is_objected = objected[asset] == customer and not is_service[asset]
                is_cost_unknown = may_lack_cost[asset] and _lacks_cost(customer, asset, worth)
                is_stopped = is_objected or is_cost_unknown
                for channel in range(channels):
                    if not fits[asset, channel]:
                        continue
                    met += 1
                    is_refused = bool(is_stopped)
                    for at in range(len(words)):
                        word = theirs[channel, at] & asset_words[asset, channel, at]
                        for number in range(comparisons):
                            if word & plain_bit[number] and plain_word[number] == at:
                                left, right = plain_customer[number], plain_asset[number]
                                if _is_broken(
                                    operations[number],
                                    customer_values[left[0] + customer * left[1] + channel * left[2]],
                                    asset_values[right[0] + asset * right[1] + channel * right[2]],
                                ):
                                    word &= ~plain_bit[number]
                        if word & gates[at]:
                            word = settled(programs, stack, at, word, customer, asset, channel)
                        words[at] = word
                        is_refused = is_refused or (word & refusing[at]) != 0
                    has_hour = hour[channel]
                    if is_dated[asset]:
                        has_hour = _has_hour(customer, asset, channel, motive, reasons, hours)
                    is_refused = is_refused or not has_hour
                    if is_refused and keeps_account:
                        for policy in range(len(masks)):
                            hit = words[0] & masks[policy, 0]
                            for at in range(1, len(words)):
                                hit |= words[at] & masks[policy, at]
                            refused[policy] += hit != 0
                        if is_objected:
                            refused[rules.objection] += 1
                        if is_cost_unknown and not _refuses(masks[cost_unknown], words):
                            refused[cost_unknown] += 1
                        if not has_hour and not _refuses(masks[out_of_dates], words):
                            refused[no_hour] += 1
                    if is_refused == wants_refused and not is_cost_unknown:
                        of_asset[size], of_channel[size], of_motive[size], of_row[size] = asset, channel, motive, row
                        size += 1
        if not wants_refused:
            counts[row, 0], counts[row, 1] = met, size - before
    return size


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
    cost_fixed, cost_share = worth.cost_fixed, worth.cost_share
    redeem_customer, redeem_asset, redeem_slope = worth.redeem_customer, worth.redeem_asset, worth.redeem_slope
    touch_costs, opt_out_costs, future_margins = worth.touch_cost, worth.opt_out_cost, worth.future_margin
    gain_effect, gain_factor, gain_knows = worth.gain.asset_effect, worth.gain.asset_factor, worth.gain.knows_place
    assets, channels, categories = len(uplift), len(touch_costs), len(usual_margin)
    moved, has_habit, has_recent = _marks(assets), _marks(categories), _marks(categories)
    habit, recent_days = np.zeros((categories, 4)), np.zeros(categories)
    gains, redeems, opt_outs = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    own = np.zeros(gain_factor.shape[1])
    knows_gain, base = False, 0.0
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
            chance, cost = 0.0, 0.0
            if has_offer[asset]:
                cost = cost_fixed[asset]
                if math.isnan(cost):
                    cost = cost_share[asset] * (spent / weight if weight > 0.0 else usual_spend[asset])
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
        opt_out = opt_out_costs[channel]
        if _knows(customer, asset, channel, worth.opt_out):
            odds = _linear(customer, asset, worth.opt_out) + opt_outs[channel]
            opt_out = future_margins[channel] / (1.0 + math.exp(-odds))
        listed.cost[place] = cost
        listed.expected_cost[place] = redeemed * cost
        listed.value[place] = gain - redeemed * cost - opt_out - touch_costs[channel]


@njit(nogil=True, cache=True)
def hold(
    first: int, size: int, keeps_account: bool, reasons: Reasons, rules: Rules, found: Found, listed: Listed
) -> int:
    """Take out what waits behind other messages, and count it as refused.

    Of a motive with an order only messages of the lowest rank that is allowed, worth something and was not tried of
    late are left, with those that were tried. What such a motive puts last waits whatever motive it answers.

    Returns:
        How many candidates are left in the list.
    """
    start, left = 0, 0
    limit = np.full(_most_motives(reasons), UNREACHED, np.int64)
    while start < size:
        row, end = listed.row[start], start
        first_motive, last_motive = reasons.motive_starts[first + row], reasons.motive_starts[first + row + 1]
        limit[: last_motive - first_motive] = UNREACHED
        while end < size and listed.row[end] == row:
            motive = listed.motive[end]
            if reasons.order[motive] >= 0 and listed.value[end] > 0.0:
                rank = reasons.ranks[reasons.order[motive], listed.asset[end]]
                if rank > reasons.tried[motive]:
                    limit[motive - first_motive] = min(limit[motive - first_motive], rank)
            end += 1
        for motive in range(first_motive, last_motive):
            if limit[motive - first_motive] < UNREACHED:
                # What was tried stays possible; where nothing is left to try, nothing waits.
                limit[motive - first_motive] = max(limit[motive - first_motive], reasons.tried[motive])
        for place in range(start, end):
            if _waits(listed.motive[place], listed.asset[place], first_motive, last_motive, limit, reasons):
                found.counts[row, 1] -= 1
                if keeps_account:
                    found.refused[row, rules.waiting] += 1
            else:
                _move(place, left, listed)
                left += 1
        start = end
    return left


@njit(nogil=True, cache=True)
def _waits(motive: int, asset: int, first: int, last: int, limit: Array, reasons: Reasons) -> bool:
    order = reasons.order[motive]
    if order >= 0 and reasons.ranks[order, asset] > limit[motive - first]:
        return True
    for other in range(first, last):
        order = reasons.order[other]
        if order >= 0 and limit[other - first] < UNREACHED and reasons.elsewhere[order, asset] > limit[other - first]:
            return True
    return False


@njit(nogil=True, cache=True)
def keep(
    first: int, size: int, each: int, are_refused: bool, worth: Worth, prices: Prices, found: Found, listed: Listed
) -> None:
    """Keep the best of what is listed in the slots of its customer.

    Args:
        first: Position of the customer of row 0.
        size: How many candidates are listed.
        each: Slots of each channel.
        are_refused: Whether they are refused; those have the last slots.
        worth: Costs of touches.
        prices: What the limits cost.
        found: Slots, best priced values and counts of affordable candidates.
        listed: Valued candidates.
    """
    touch_costs, has_offer = worth.touch_cost, worth.has_offer
    of_place, of_expected_cost, of_exposure = prices.of_place, prices.of_expected_cost, prices.of_exposure
    has_room, keeps_losses, families = prices.has_room, prices.keeps_losses, len(prices.unit)
    rows, assets, channel_of, values = listed.row, listed.asset, listed.channel, listed.value
    expected_costs, costs, best, counts = listed.expected_cost, listed.cost, found.best, found.counts
    slots, by_value, by_price = found.slot, listed.value, listed.priced
    last_slot, valuable = slots.shape[1], each * len(touch_costs)
    for place in range(size):
        row, asset, channel, worthy = rows[place], assets[place], channel_of[place], values[place]
        paid = of_place[asset, channel]
        if has_offer[asset]:
            paid += (
                of_expected_cost[asset, channel] * expected_costs[place] + of_exposure[asset, channel] * costs[place]
            )
        for family in range(families):
            paid += _paid(family, first + row, asset, channel, touch_costs, expected_costs[place], costs[place], prices)
        by_price[place] = worthy - paid
        if are_refused:
            _insert(slots[row], valuable + 1, last_slot, place, by_price, assets, channel_of)
            continue
        _insert(slots[row], valuable, valuable + 1, place, by_value, assets, channel_of)
        if (worthy <= 0.0 and not keeps_losses) or not has_room[asset, channel]:
            continue
        counts[row, 2] += worthy > 0.0
        best[row] = max(best[row], by_price[place])
        _insert(slots[row], each * channel, each * (channel + 1), place, by_price, assets, channel_of)


@njit(nogil=True, cache=True)
def _insert(slots: Array, start: int, end: int, place: int, rank: Array, assets: Array, channels: Array) -> None:
    """Put a candidate among some slots, the best first, lower keys first among equals."""
    at = end
    while at > start and (slots[at - 1] < 0 or _is_before(place, slots[at - 1], rank, assets, channels)):
        at -= 1
        if at + 1 < end:
            slots[at + 1] = slots[at]
    if at < end:
        slots[at] = place


@njit(nogil=True, cache=True)
def _is_before(one: int, other: int, rank: Array, assets: Array, channels: Array) -> bool:
    if rank[one] != rank[other]:
        return bool(rank[one] > rank[other])
    if assets[one] != assets[other]:
        return bool(assets[one] < assets[other])
    return bool(channels[one] < channels[other])


@njit(nogil=True, cache=True)
def _paid(
    family: int,
    customer: int,
    asset: int,
    channel: int,
    touch_cost: Array,
    expected_cost: float,
    cost: float,
    prices: Prices,
) -> float:
    """What a candidate pays for its limit of a family that tells customers apart."""
    of_customer, of_place = prices.group_of_customer[family, customer], prices.group_of_place[family, asset, channel]
    if of_customer < 0 or of_place < 0:
        return 0.0
    amount, unit = 1.0, prices.unit[family]
    if unit == MONEY:
        amount = touch_cost[channel]
    elif unit == EXPECTED_COST:
        amount = expected_cost
    elif unit == EXPOSURE:
        amount = cost
    return float(prices.group_price[family, of_customer * prices.groups_of_place[family] + of_place] * amount)


@njit(nogil=True, cache=True)
def _is_broken(operation: int, left: float, right: float) -> bool:
    """Whether a comparison does not hold; one with a missing value (NaN) holds."""
    if operation == LESS:
        return left >= right
    if operation == AT_MOST:
        return left > right
    if operation == MORE:
        return left <= right
    if operation == AT_LEAST:
        return left < right
    if operation == EQUAL:
        return left < right or left > right
    return left == right and operation == DIFFERENT


@njit(nogil=True, cache=True)
def _refuses(mask: Array, words: Array) -> bool:
    for at in range(len(words)):
        if words[at] & mask[at]:
            return True
    return False


@njit(nogil=True, cache=True)
def _set_hours(customer: int, motive: int, reasons: Reasons, hours: Hours, hour: Array) -> None:
    """Which channels have an hour for a motive, as far as assets are concerned that are always open."""
    earliest, latest = max(reasons.starts_at[motive], hours.day_starts), min(reasons.until[motive], hours.day_ends)
    for channel in range(len(hour)):
        hour[channel] = _is_open(customer, channel, earliest, latest, hours)


@njit(nogil=True, cache=True)
def _has_hour(customer: int, asset: int, channel: int, motive: int, reasons: Reasons, hours: Hours) -> bool:
    """Whether the day has a moment outside quiet hours within the motive's and the asset's dates."""
    earliest = max(max(reasons.starts_at[motive], hours.day_starts), hours.opens[asset])
    latest = min(min(reasons.until[motive], hours.day_ends), hours.closes[asset])
    return _is_open(customer, channel, earliest, latest, hours)


@njit(nogil=True, cache=True)
def _is_open(customer: int, channel: int, earliest: int, latest: int, hours: Hours) -> bool:
    start, zone = max(earliest, hours.sends_at[customer, channel]), hours.zone[customer]
    for span in range(hours.spans.shape[2]):
        if max(start, hours.spans[zone, channel, span, 0]) < min(latest, hours.spans[zone, channel, span, 1]):
            return True
    return False


@njit(nogil=True, cache=True)
def _lacks_cost(customer: int, asset: int, worth: Worth) -> bool:
    """Whether what a redemption costs hangs on what is spent, and neither this customer nor anybody spends there."""
    for place in range(worth.habit_starts[customer], worth.habit_starts[customer + 1]):
        if worth.habit_chance[place] > 0.0 and not math.isnan(worth.cost_share[asset]):
            for link in range(worth.covers_starts[asset], worth.covers_starts[asset + 1]):
                if worth.covers[link] == worth.habit_category[place]:
                    return False
    return True


@njit(nogil=True, cache=True)
def _mark_objections(customer: int, reasons: Reasons, rules: Rules, objected: Array) -> None:
    for place in range(rules.objection_starts[customer], rules.objection_starts[customer + 1]):
        _mark(customer, rules.objections[place], reasons.said_starts, reasons.said_assets, objected)


@njit(nogil=True, cache=True)
def _mark_bought(customer: int, reasons: Reasons, bought: Array) -> None:
    for place in range(reasons.bought_starts[customer], reasons.bought_starts[customer + 1]):
        _mark(customer, reasons.bought_products[place], reasons.product_starts, reasons.product_assets, bought)


@njit(nogil=True, cache=True)
def _mark(customer: int, subject: int, starts: Array, assets: Array, marks: Array) -> None:
    for place in range(starts[subject], starts[subject + 1]):
        marks[assets[place]] = customer


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
        _mark(customer, worth.triggers[place], worth.said_starts, worth.said_assets, moved)


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


@njit(nogil=True, cache=True)
def _move(start: int, end: int, listed: Listed) -> None:
    if start != end:
        listed.row[end], listed.asset[end] = listed.row[start], listed.asset[start]
        listed.channel[end], listed.motive[end] = listed.channel[start], listed.motive[start]
        listed.value[end], listed.expected_cost[end] = listed.value[start], listed.expected_cost[start]
        listed.cost[end] = listed.cost[start]


@njit(nogil=True, cache=True)
def _marks(count: int) -> Array:
    """Marks that hold where they equal the customer at hand."""
    return np.full(count, -1, np.int32)


@njit(nogil=True, cache=True)
def _most_motives(reasons: Reasons) -> int:
    most = 0
    for customer in range(len(reasons.motive_starts) - 1):
        most = max(most, reasons.motive_starts[customer + 1] - reasons.motive_starts[customer])
    return most
