"""The compiled pass: every candidate of everybody is met, screened, valued and ranked, and few of them are kept.

    meet     motives, strongest first ▶ what answers each, channel by channel, as blocks of assets side by side;
             a candidate is refused by an AND of words; what is left (or, if asked, what is not) is valued and listed
    hold     what waits behind other messages of its motive's order is taken out of the list
    keep     of each channel the best few at the prices of the limits, and the most valuable of all
    write    what was kept, in order of customer, asset, channel

Candidates are never stored: the list holds those of `BATCH` customers and is written over by the next ones. Customers
do not depend on each other, so neither the batches nor the number of threads changes the result.

What makes it quick is what is *not* done for each candidate. A channel that refuses a customer whatever is sent is left
out as a whole (`blocks.shared`). What concerns an asset on all channels is worked out once, by plain loops over assets
side by side, which compile to instructions that take several at a time. What concerns customers alone is worked out
once for each of them. Whatever is rare (objections, products already bought, dates) costs something only where it is.

numba does not notice edits in other files, which is why this is one file, but for comparisons between the sides of a
policy. Importing it takes a second, for numba's sake, and compiling it, once, about twenty: import it where needed.
"""
# ruff: noqa: C901, PLR0912, PLR0915, PLR0917, PLW3301 -- compiled loops take arrays one by one, in one piece

import math
from typing import Any

import numpy as np

from decisioning.compiling import loop
from decisioning.ground import EXPECTED_COST, EXPOSURE, MONEY, Array, Blocks, Hours, Prices, Reasons, Rules, Worth
from decisioning.learnt import Linear
from decisioning.offers import LARGEST_BASKET
from decisioning.pass_results import Found, Listed, Scratch, Selected
from decisioning.policies.programs import AT_LEAST, AT_MOST, DIFFERENT, EQUAL, LESS, MORE, settled

BATCH = 32
"""Customers whose candidates are listed at a time: few enough for the list to stay in the processor's cache."""
DROPPED, OBJECTED, COST_UNKNOWN, SHUT, OUTSIDE = 1, 2, 4, 8, 16
"""Why something cannot be sent, whatever policies say: no candidate, an objection, unknown cost, no hour, no remit."""
UNREACHED = 255
ZERO: Any = np.int64(0)
"""Where counting starts. A bare 0 would be a type of its own, for which numba compiles a function once more."""


@loop
def look_through(
    first: int,
    last: int,
    each: int,
    refused_shown: int,
    keeps_account: bool,
    reasons: Reasons,
    rules: Rules,
    worth: Worth,
    hours: Hours,
    blocks: Blocks,
    prices: Prices,
    paid: Array,
    has_room: Array,
    listed: Listed,
    scratch: Scratch,
    found: Found,
    kept: Selected,
) -> int:
    """Look through all candidates of some customers.

    Args:
        first: Position of the first customer.
        last: Position after the last one.
        each: How many candidates are kept of each channel.
        refused_shown: How many refused ones of customers who have no more allowed ones than that.
        keeps_account: Whether refusals are counted.
        reasons: Motives and answers.
        rules: Policies.
        worth: What values are made of.
        hours: Times.
        blocks: Answers, side by side.
        prices: What the limits cost.
        paid: What every candidate of a place in the blocks pays alike.
        has_room: Whether one alone fits there.
        listed: Room for the candidates of `BATCH` customers.
        scratch: Room to calculate in.
        found: Counts and best values are written here, one row per customer.
        kept: What is kept is written here.

    Returns:
        How many were kept.
    """
    channels = len(worth.touch_cost)
    shown_from = each * channels + 1
    slots, few, limit, written = scratch.slots, scratch.few, scratch.limit, ZERO
    for start in range(first, last, BATCH):
        end = min(start + BATCH, last)
        slots[:] = -1
        for place in range(end - start):
            few[place] = start + place
        size, count = ZERO, end - start
        for turn in range(2):  # what is allowed, then what is refused of those who have little else
            wants_refused, begin = turn == 1, size
            if wants_refused:
                count = _count_of_those_with_little(start, end, first, refused_shown, few, found)
            size = _meet(
                few[:count], first, wants_refused, keeps_account, size,
                reasons, rules, worth, hours, blocks, prices, paid, has_room, found, listed, scratch,
            )  # fmt: skip
            if not wants_refused and len(reasons.ranks):
                size = _hold(first, size, keeps_account, limit, reasons, rules, found, listed)
            _keep(start - first, begin, size, each, wants_refused, channels, prices.keeps_losses, slots, found, listed)
        for row in range(end - start):
            written = _write(slots[row], shown_from, listed, kept, written)
    return int(written)


@loop
def _count_of_those_with_little(start: int, end: int, first: int, refused_shown: int, few: Array, found: Found) -> int:
    """Put customers with refused candidates and at most so many allowed ones into `few`; how many they are."""
    count = 0
    for customer in range(start, end):
        left = found.counts[customer - first, 1]
        if left < found.counts[customer - first, 0] and left <= refused_shown and refused_shown:
            few[count] = customer
            count += 1
    return count


# ---- meet: screen and value


@loop
def _meet(
    customers: Array,
    first: int,
    wants_refused: bool,
    keeps_account: bool,
    size: int,
    reasons: Reasons,
    rules: Rules,
    worth: Worth,
    hours: Hours,
    blocks: Blocks,
    prices: Prices,
    paid: Array,
    has_room: Array,
    found: Found,
    listed: Listed,
    scratch: Scratch,
) -> int:
    """List all candidates of some customers that are allowed, or else all that are refused, with their values.

    Refused ones whose offer's cost is unknown are never listed. `size` candidates stand in the list already.

    Returns:
        How many stand in it.
    """
    motive_starts, answers, is_for_new = reasons.motive_starts, reasons.answer, reasons.is_for_new
    is_permitted, starts_at, until = reasons.is_permitted, reasons.starts_at, reasons.until
    objections, said_starts, said_assets = rules.objections, reasons.said_starts, reasons.said_assets
    bought_products, product_starts, product_assets = (
        reasons.bought_products,
        reasons.product_starts,
        reasons.product_assets,
    )
    zone, spans, sends_at = hours.zone, hours.spans, hours.sends_at
    trigger_starts, triggers, moved = worth.trigger_starts, worth.triggers, scratch.moved
    habit_starts, recent_starts = worth.habit_starts, worth.recent_starts
    gain_is_there, knows_customer, gain_intercept = worth.gain.is_there, worth.gain.knows_customer, worth.gain.intercept
    gain_effect, gain_factor, own = worth.gain.customer_effect, worth.gain.customer_factor, scratch.own
    gain_of_channel, channel_factor = worth.gain.channel_effect, worth.gain.channel_factor
    redeem_customer, block_gain, block_factor = worth.redeem_customer, blocks.gain, blocks.gain_factor
    block_redeem, block_cost, is_plain, asks_spend = blocks.redeem, blocks.cost, blocks.is_plain, blocks.asks_spend
    masks, shared, refused = rules.masks, blocks.shared, found.refused
    is_automatic, future_margin = worth.is_automatic, worth.future_margin
    of_expected_cost, of_exposure = prices.of_expected_cost, prices.of_exposure
    answer_starts, answer_assets = reasons.answer_starts, reasons.answer_assets
    bought_starts, objection_starts = reasons.bought_starts, rules.objection_starts
    customer_words, refusing, gates, is_service = rules.customer_words, rules.refusing, rules.gates, rules.is_service
    plain_word, plain_bit, operations = rules.plain.word, rules.plain.bit, rules.plain.operation
    plain_customer, plain_asset = rules.plain.customer, rules.plain.asset
    customer_values, asset_values = rules.customer_values, rules.asset_values
    block_starts, block_asset, block_link, block_words = blocks.starts, blocks.asset, blocks.link, blocks.words
    may_lack_cost, is_dated, counts = worth.may_lack_cost, hours.is_dated, found.counts
    touch_costs, opt_out_costs, has_offer = worth.touch_cost, worth.opt_out_cost, worth.has_offer
    boosts = worth.boost
    gain_knows, redeem_is_there, opt_out_is_there = (
        worth.gain.knows_place,
        worth.redeem.is_there,
        worth.opt_out.is_there,
    )
    of_row, of_asset, of_channel, of_motive = listed.row, listed.asset, listed.channel, listed.motive
    of_value, of_expected, of_cost, of_priced = listed.value, listed.expected_cost, listed.cost, listed.priced
    of_room, families, pays_costs = listed.has_room, len(prices.unit), prices.pays_costs
    seen, bought, objected, hour = scratch.seen, scratch.bought, scratch.objected, scratch.hour
    standing, stops, words, chosen = scratch.standing, scratch.stops, scratch.words, scratch.chosen
    learnt, stated, chance, costs, reach = scratch.learnt, scratch.stated, scratch.chance, scratch.cost, scratch.reach
    gains = scratch.gains
    channels, comparisons = len(touch_costs), len(plain_word)
    for place in range(len(customers)):
        customer = customers[place]
        row, before, met = customer - first, size, 0
        begin, end = motive_starts[customer], motive_starts[customer + 1]
        if begin == end:
            continue
        stamp = 2 * customer + wants_refused
        is_objecting = objection_starts[customer] < objection_starts[customer + 1]
        if is_objecting:
            _mark(customer, objection_starts, objections, said_starts, said_assets, objected)
        if bought_starts[customer] < bought_starts[customer + 1]:
            _mark(customer, bought_starts, bought_products, product_starts, product_assets, bought)
        if trigger_starts[customer] < trigger_starts[customer + 1]:
            _mark(customer, trigger_starts, triggers, said_starts, said_assets, moved)
        has_habits = habit_starts[customer] < habit_starts[customer + 1]
        is_recent = recent_starts[customer] < recent_starts[customer + 1]
        if has_habits or is_recent or redeem_is_there or opt_out_is_there:
            _open(customer, worth, scratch)
        knows_gain, base = False, 0.0
        if gain_is_there:
            knows_gain, base = knows_customer[customer], gain_intercept + gain_effect[customer]
            for factor in range(len(own)):
                own[factor] = gain_factor[customer, factor]
            _open_channels(customer, gain_factor, gain_of_channel, channel_factor, gains)
        for motive in range(begin, end):
            answer = answers[motive]
            link, count, dropped = answer_starts[answer], answer_starts[answer + 1] - answer_starts[answer], 0
            for at in range(count):
                standing[at] = 0
            if end - begin > 1 or is_for_new[answer]:
                for at in range(count):
                    asset = answer_assets[link + at]
                    if seen[asset] == stamp or (is_for_new[answer] and bought[asset] == customer):
                        standing[at] = DROPPED  # a stronger motive speaks for it, or it is nothing new
                        dropped += 1
                    else:
                        seen[asset] = stamp
            if is_objecting or blocks.may_lack_cost:
                for at in range(count):
                    asset = answer_assets[link + at]
                    if objected[asset] == customer and not is_service[asset]:
                        standing[at] |= OBJECTED
                    if may_lack_cost[asset] and _lacks_cost(customer, asset, worth):
                        standing[at] |= COST_UNKNOWN
            earliest, latest = max(starts_at[motive], hours.day_starts), min(until[motive], hours.day_ends)
            for channel in range(channels):
                hour[channel] = _is_open(customer, channel, earliest, latest, zone, spans, sends_at)
            is_valued = False
            for channel in range(channels):
                block = answer * channels + channel
                lane, lanes = block_starts[block], block_starts[block + 1] - block_starts[block]
                if lanes == 0:
                    continue
                met += lanes
                if dropped:
                    for at in range(lanes):
                        met -= standing[block_link[lane + at]] & DROPPED
                if not keeps_account and not wants_refused:
                    is_stopped = (not hour[channel] and not blocks.is_dated) or not is_permitted[answer, channel]
                    for word in range(len(refusing)):
                        is_stopped |= (customer_words[customer, channel, word] & shared[block, word]) != 0
                    if is_stopped:
                        continue

                # the verdict on each: which terms of policies hold for it
                for word in range(len(refusing)):
                    bits = customer_words[customer, channel, word]
                    for at in range(lanes):
                        words[word, at] = bits & block_words[word, lane + at]
                for number in range(comparisons):
                    word = plain_word[number]
                    if customer_words[customer, channel, word] & plain_bit[number]:
                        _compare(
                            operations[number],
                            customer_values[
                                plain_customer[number, 0]
                                + customer * plain_customer[number, 1]
                                + channel * plain_customer[number, 2]
                            ],
                            asset_values,
                            plain_asset[number, 0] + channel * plain_asset[number, 2],
                            plain_asset[number, 1],
                            block_asset,
                            lane,
                            lanes,
                            plain_bit[number],
                            words,
                            word,
                        )
                for word in range(len(refusing)):
                    if customer_words[customer, channel, word] & gates[word]:
                        for at in range(lanes):
                            if words[word, at] & gates[word]:
                                words[word, at] = settled(
                                    rules.programs, scratch.stack, word, words[word, at],
                                    customer, block_asset[lane + at], channel,
                                )  # fmt: skip

                # what else stands in the way
                outside = 0 if is_permitted[answer, channel] else OUTSIDE
                of_all = outside if hour[channel] else outside | SHUT
                for at in range(lanes):
                    stops[at] = standing[block_link[lane + at]] | of_all
                if blocks.is_dated:
                    for at in range(lanes):
                        asset = block_asset[lane + at]
                        if is_dated[asset]:
                            stops[at] = standing[block_link[lane + at]] | outside
                            if not _has_hour(customer, asset, channel, motive, reasons, hours):
                                stops[at] |= SHUT
                if keeps_account and not wants_refused:
                    _count_policies(customer, channel, customer_words, lanes, stops, words, masks, row, refused)
                    any_stop = 0
                    for at in range(lanes):
                        any_stop |= stops[at]
                    if any_stop > DROPPED:
                        _count_stops(lanes, stops, words, rules, row, refused)

                # which of them are wanted, without a branch that could not be foreseen
                few = 0
                for at in range(lanes):
                    hit = words[0, at] & refusing[0]
                    for word in range(1, len(refusing)):
                        hit |= words[word, at] & refusing[word]
                    is_refused = (hit != 0) | (stops[at] > DROPPED)
                    chosen[few] = at
                    few += (is_refused == wants_refused) & ((stops[at] & (DROPPED | COST_UNKNOWN)) == 0)
                if few == 0:
                    continue
                if not is_valued:
                    is_valued = True
                    _value_assets(
                        link, count, block_gain, block_factor, own, math.exp(-redeem_customer[customer]),
                        block_redeem, block_cost, learnt, chance, costs, reach,
                    )  # fmt: skip
                    if (
                        not is_plain[answer] or not knows_gain or is_recent or (has_habits and asks_spend[answer])
                    ):  # fmt: skip
                        for at in range(count):
                            _value_by_habit(customer, answer_assets[link + at], at, worth, scratch)
                touch, opt_out = touch_costs[channel], opt_out_costs[channel]
                for number in range(few):
                    at = lane + chosen[number]
                    asset, which = block_asset[at], block_link[at]
                    gain = stated[which]
                    if knows_gain and gain_knows[asset, channel]:
                        gain = base + learnt[which] + gains[channel]
                    redeemed, cost = chance[which], costs[which]
                    is_claimed = redeem_is_there and has_offer[asset] and not is_automatic[asset]
                    if is_claimed and _knows(customer, asset, channel, worth.redeem):
                        odds = _linear(customer, asset, worth.redeem) + scratch.redeems[channel]
                        redeemed = 1.0 / (1.0 + math.exp(-odds))
                    if opt_out_is_there:
                        opt_out = opt_out_costs[channel]
                        if _knows(customer, asset, channel, worth.opt_out):
                            odds = _linear(customer, asset, worth.opt_out) + scratch.opt_outs[channel]
                            opt_out = future_margin[channel] / (1.0 + math.exp(-odds))
                    gain, redeemed = gain * reach[which], redeemed * reach[which]
                    expected = redeemed * cost
                    value = gain - expected - opt_out - touch + boosts[asset]
                    price = paid[at]
                    if pays_costs and has_offer[asset]:
                        price += of_expected_cost[asset, channel] * expected + of_exposure[asset, channel] * cost
                    for family in range(families):
                        price += _paid(family, customer, asset, channel, touch, expected, cost, prices)
                    of_row[size], of_asset[size], of_channel[size], of_motive[size] = row, asset, channel, motive
                    of_value[size], of_expected[size], of_cost[size] = value, expected, cost
                    of_priced[size], of_room[size] = value - price, has_room[at]
                    size += 1
        if not wants_refused:
            counts[row, 0], counts[row, 1] = met, size - before
    return size


@loop
def _mark(customer: int, starts: Array, subjects: Array, asset_starts: Array, assets: Array, marked: Array) -> None:
    """Mark with the customer all assets of what the customer is linked with."""
    for place in range(starts[customer], starts[customer + 1]):
        subject = subjects[place]
        for link in range(asset_starts[subject], asset_starts[subject + 1]):
            marked[assets[link]] = customer


@loop
def _compare(
    operation: int,
    left: float,
    values: Array,
    column: int,
    step: int,
    assets: Array,
    first: int,
    count: int,
    bit: np.uint64,
    words: Array,
    word: int,
) -> None:
    """Take a comparison's bit from the words of those assets for which it does not hold; NaN (not known) holds."""
    without, all_bits = ~bit, ~np.uint64(0)
    for at in range(count):
        right = values[column + assets[first + at] * step]
        if operation == LESS:
            is_broken = left >= right
        elif operation == AT_MOST:
            is_broken = left > right
        elif operation == MORE:
            is_broken = left <= right
        elif operation == AT_LEAST:
            is_broken = left < right
        elif operation == EQUAL:
            is_broken = (left < right) | (left > right)
        else:
            is_broken = (left == right) & (operation == DIFFERENT)
        words[word, at] &= without if is_broken else all_bits


@loop
def _count_policies(
    customer: int,
    channel: int,
    customer_words: Array,
    lanes: int,
    stops: Array,
    words: Array,
    masks: Array,
    row: int,
    refused: Array,
) -> None:
    """Count for each policy the candidates of a block that it refuses."""
    for policy in range(len(masks)):
        for word in range(masks.shape[1]):
            mask = masks[policy, word]
            if customer_words[customer, channel, word] & mask:
                total = 0
                for at in range(lanes):
                    hit = words[word, at] & mask
                    for later in range(word + 1, masks.shape[1]):
                        hit |= words[later, at] & masks[policy, later]
                    total += (hit != 0) & ((stops[at] & DROPPED) == 0)
                refused[row, policy] += total
                break  # words before this one have nothing of the policy


@loop
def _count_stops(lanes: int, stops: Array, words: Array, rules: Rules, row: int, refused: Array) -> None:
    """Count what refuses candidates of a block beside policies."""
    masks = rules.masks
    for at in range(lanes):
        if stops[at] & DROPPED:
            continue
        if stops[at] & OBJECTED:
            refused[row, rules.objection] += 1
        if stops[at] & OUTSIDE:
            refused[row, rules.outside_remits] += 1
        if stops[at] & COST_UNKNOWN and not _hits(words, at, masks, rules.cost_unknown):
            refused[row, rules.cost_unknown] += 1
        if stops[at] & SHUT and not _hits(words, at, masks, rules.out_of_dates):
            refused[row, rules.no_hour] += 1


@loop
def _hits(words: Array, at: int, masks: Array, policy: int) -> bool:
    hit = words[0, at] & masks[policy, 0]
    for word in range(1, masks.shape[1]):
        hit |= words[word, at] & masks[policy, word]
    return bool(hit != 0)


@loop
def _has_hour(customer: int, asset: int, channel: int, motive: int, reasons: Reasons, hours: Hours) -> bool:
    """Whether the day has a moment outside quiet hours within the motive's and the asset's dates."""
    earliest = max(max(reasons.starts_at[motive], hours.day_starts), hours.opens[asset])
    latest = min(min(reasons.until[motive], hours.day_ends), hours.closes[asset])
    return _is_open(customer, channel, earliest, latest, hours.zone, hours.spans, hours.sends_at)


@loop
def _is_open(
    customer: int, channel: int, earliest: int, latest: int, zones: Array, spans: Array, sends_at: Array
) -> bool:
    start, zone = max(earliest, sends_at[customer, channel]), zones[customer]
    for span in range(spans.shape[2]):
        if max(start, spans[zone, channel, span, 0]) < min(latest, spans[zone, channel, span, 1]):
            return True
    return False


@loop
def _lacks_cost(customer: int, asset: int, worth: Worth) -> bool:
    """Whether what a redemption costs hangs on what is spent, and neither this customer nor anybody spends there."""
    for place in range(worth.habit_starts[customer], worth.habit_starts[customer + 1]):
        if worth.habit_chance[place] > 0.0 and not math.isnan(worth.cost_share[asset]):
            for link in range(worth.covers_starts[asset], worth.covers_starts[asset + 1]):
                if worth.covers[link] == worth.habit_category[place]:
                    return False
    return True


# ---- value, as `decisioning.value` says it


@loop
def _open(customer: int, worth: Worth, scratch: Scratch) -> None:
    """Spread what is known of a customer over categories and channels, so that each candidate only has to look."""
    for place in range(worth.habit_starts[customer], worth.habit_starts[customer + 1]):
        category = worth.habit_category[place]
        scratch.has_habit[category] = customer
        scratch.habit[category, 0] = worth.habit_margin[place]
        scratch.habit[category, 1] = worth.habit_log_none[place]
        scratch.habit[category, 2] = worth.habit_chance[place]
        scratch.habit[category, 3] = worth.habit_spend[place]
    for place in range(worth.recent_starts[customer], worth.recent_starts[customer + 1]):
        scratch.has_recent[worth.recent_category[place]] = customer
        scratch.recent_days[worth.recent_category[place]] = worth.recent_days[place]
    redeem, opt_out = worth.redeem, worth.opt_out
    if redeem.is_there:
        _open_channels(customer, redeem.customer_factor, redeem.channel_effect, redeem.channel_factor, scratch.redeems)
    if opt_out.is_there:
        _open_channels(
            customer, opt_out.customer_factor, opt_out.channel_effect, opt_out.channel_factor, scratch.opt_outs
        )


@loop
def _open_channels(customer: int, own: Array, effect: Array, factors: Array, of_channel: Array) -> None:
    """What each channel adds for the customer to what was learnt."""
    for channel in range(len(of_channel)):
        total = effect[channel]
        for factor in range(own.shape[1]):
            total += np.float64(own[customer, factor]) * factors[channel, factor]
        of_channel[channel] = total


@loop
def _value_assets(
    first: int,
    count: int,
    effects: Array,
    factors: Array,
    own: Array,
    odds: float,
    redeem: Array,
    cost: Array,
    learnt: Array,
    chance: Array,
    costs: Array,
    reach: Array,
) -> None:
    """What holds for each asset of an answer on all channels, for customers of whose rhythms nothing is known.

    That is effect + Σ own × factor of its gain, where `factors` holds the answer's assets factor after factor;
    P(redeem) = 1 / (1 + exp(-customer - asset)), with both exponentials taken beforehand; the cost of a redemption; and
    that what an offer asks to be spent is within reach (1).
    """
    for at in range(count):
        chance[at] = 1.0 / (1.0 + odds * redeem[first + at])
        costs[at] = cost[first + at]
        reach[at] = 1.0
    if len(effects) == 0:
        return
    for at in range(count):
        learnt[at] = effects[first + at]
    for factor in range(len(own)):
        mine, place = own[factor], first * len(own) + factor * count
        for at in range(count):
            learnt[at] += mine * factors[place + at]


@loop
def _value_by_habit(customer: int, asset: int, at: int, worth: Worth, scratch: Scratch) -> None:
    """What an asset is worth by the customer's own rhythms in its categories."""
    margin, usual, log_none, spent, weight, recent = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    takes_usual = worth.is_typical[customer] or scratch.moved[asset] == customer
    for link in range(worth.covers_starts[asset], worth.covers_starts[asset + 1]):
        category = worth.covers[link]
        if scratch.has_habit[category] == customer:
            margin += scratch.habit[category, 0]
            log_none += scratch.habit[category, 1]
            weight += scratch.habit[category, 2]
            spent += scratch.habit[category, 3]
        elif takes_usual:
            usual += worth.usual_margin[category]
        if scratch.has_recent[category] == customer:
            recent += scratch.recent_days[category]
    scratch.stated[at] = (margin + usual) * worth.uplift[asset]
    scratch.chance[at], scratch.cost[at], scratch.reach[at] = 0.0, 0.0, 1.0
    if worth.has_offer[asset]:
        cost, least = worth.cost_fixed[asset], worth.least_spend[asset]
        spend = spent / weight if weight > 0.0 else worth.usual_spend[asset]
        if least > LARGEST_BASKET * spend:
            scratch.reach[at] = 0.0
        if math.isnan(cost):
            largest = least if spend < least else spend  # noqa: FURB136 -- unknown spend must stay unknown
            cost = worth.cost_share[asset] * largest
        odds = worth.redeem_customer[customer] + worth.redeem_asset[asset] + worth.redeem_slope * math.log1p(recent)
        scratch.chance[at] = -math.expm1(log_none) if worth.is_automatic[asset] else 1.0 / (1.0 + math.exp(-odds))
        scratch.cost[at] = cost


@loop
def _knows(customer: int, asset: int, channel: int, target: Linear) -> bool:
    return bool(target.knows_customer[customer] and target.knows_place[asset, channel])


@loop
def _linear(customer: int, asset: int, target: Linear) -> float:
    """What the customer and the asset bring; the channel's part is added apart."""
    total = target.intercept + target.customer_effect[customer] + target.asset_effect[asset]
    for factor in range(target.customer_factor.shape[1]):
        total += np.float64(target.customer_factor[customer, factor]) * target.asset_factor[asset, factor]
    return float(total)


@loop
def _paid(
    family: int, customer: int, asset: int, channel: int, touch: float, expected: float, cost: float, prices: Prices
) -> float:
    """What a candidate pays for its limit of a family that tells customers apart."""
    of_customer, of_place = prices.group_of_customer[family, customer], prices.group_of_place[family, asset, channel]
    if of_customer < 0 or of_place < 0:
        return 0.0
    amount, unit = 1.0, prices.unit[family]
    if unit == MONEY:
        amount = touch
    elif unit == EXPECTED_COST:
        amount = expected
    elif unit == EXPOSURE:
        amount = cost
    return float(prices.group_price[family, of_customer * prices.groups_of_place[family] + of_place] * amount)


# ---- hold, as `decisioning.message_order` says it


@loop
def _hold(
    first: int,
    size: int,
    keeps_account: bool,
    limit: Array,
    reasons: Reasons,
    rules: Rules,
    found: Found,
    listed: Listed,
) -> int:
    """Take out what waits behind other messages, and count it as refused.

    Of a motive with an order only messages of the lowest rank that is allowed, worth something and was not tried of
    late are left, with those that were tried. What such a motive puts last waits whatever motive it answers.

    Returns:
        How many candidates are left in the list.
    """
    start, left = ZERO, ZERO
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
    return int(left)


@loop
def _waits(motive: int, asset: int, first: int, last: int, limit: Array, reasons: Reasons) -> bool:
    order = reasons.order[motive]
    if order >= 0 and reasons.ranks[order, asset] > limit[motive - first]:
        return True
    for other in range(first, last):
        order = reasons.order[other]
        if order >= 0 and limit[other - first] < UNREACHED and reasons.elsewhere[order, asset] > limit[other - first]:
            return True
    return False


@loop
def _move(start: int, end: int, listed: Listed) -> None:
    if start != end:
        listed.row[end], listed.asset[end] = listed.row[start], listed.asset[start]
        listed.channel[end], listed.motive[end] = listed.channel[start], listed.motive[start]
        listed.value[end], listed.expected_cost[end] = listed.value[start], listed.expected_cost[start]
        listed.cost[end], listed.priced[end] = listed.cost[start], listed.priced[start]
        listed.has_room[end] = listed.has_room[start]


# ---- keep and write


@loop
def _keep(
    first_row: int,
    start: int,
    size: int,
    each: int,
    are_refused: bool,
    channels: int,
    keeps_losses: bool,
    slots: Array,
    found: Found,
    listed: Listed,
) -> None:
    """Keep the best of what is listed in the slots of its customer: places in the list, -1 where empty.

    Args:
        first_row: The row of `found` of the first row of slots.
        start: First place in the list.
        size: Place after the last one.
        each: Slots of each channel; the one after these is for the most valuable of all, and the rest for refused ones.
        are_refused: Whether they are refused.
        channels: Number of channels.
        keeps_losses: Whether what is worth less than nothing is kept too.
        slots: Shape (customers of the list, slots).
        found: Best priced values and counts of affordable candidates.
        listed: Valued and priced candidates.
    """
    rows, assets, channel_of, values = listed.row, listed.asset, listed.channel, listed.value
    priced, has_room, best, counts = listed.priced, listed.has_room, found.best, found.counts
    last_slot, valuable = slots.shape[1], each * channels
    for place in range(start, size):
        row, channel, value = rows[place], channel_of[place], values[place]
        mine = slots[row - first_row]
        if are_refused:
            _insert(mine, valuable + 1, last_slot, place, priced, assets, channel_of)
            continue
        if mine[valuable] < 0 or value >= values[mine[valuable]]:
            _insert(mine, valuable, valuable + 1, place, values, assets, channel_of)
        if (value <= 0.0 and not keeps_losses) or not has_room[place]:
            continue
        counts[row, 2] += value > 0.0
        best[row] = max(best[row], priced[place])
        worst = mine[each * channel + each - 1]
        if worst < 0 or priced[place] >= priced[worst]:
            _insert(mine, each * channel, each * (channel + 1), place, priced, assets, channel_of)


@loop
def _insert(slots: Array, start: int, end: int, place: int, rank: Array, assets: Array, channels: Array) -> None:
    """Put a candidate among some slots, the best first, lower keys first among equals."""
    at = end
    while at > start and (slots[at - 1] < 0 or _is_before(place, slots[at - 1], rank, assets, channels)):
        at -= 1
        if at + 1 < end:
            slots[at + 1] = slots[at]
    if at < end:
        slots[at] = place


@loop
def _is_before(one: int, other: int, rank: Array, assets: Array, channels: Array) -> bool:
    if rank[one] != rank[other]:
        return bool(rank[one] > rank[other])
    return _is_lower(one, other, assets, channels)


@loop
def _is_lower(one: int, other: int, assets: Array, channels: Array) -> bool:
    if assets[one] != assets[other]:
        return bool(assets[one] < assets[other])
    return bool(channels[one] < channels[other])


@loop
def _write(slots: Array, shown_from: int, listed: Listed, kept: Selected, written: int) -> int:
    """Write down what stands in a customer's slots, each candidate once, in order of asset and channel.

    Returns:
        How many are written down by now.
    """
    places, end = kept.place, written
    for slot in range(len(slots)):
        place = slots[slot]
        if place < 0:
            continue
        at = end
        while at > written and _is_lower(place, places[at - 1], listed.asset, listed.channel):
            at -= 1
        if at > written and places[at - 1] == place:
            continue  # the most valuable may stand among those of its channel as well
        for later in range(end, at, -1):
            places[later], kept.is_allowed[later] = places[later - 1], kept.is_allowed[later - 1]
        places[at], kept.is_allowed[at] = place, slot < shown_from
        end += 1
    for at in range(written, end):
        place = places[at]
        kept.row[at], kept.asset[at], kept.channel[at] = listed.row[place], listed.asset[place], listed.channel[place]
        kept.motive[at], kept.value[at] = listed.motive[place], listed.value[place]
        kept.expected_cost[at], kept.cost[at] = listed.expected_cost[place], listed.cost[place]
    return end
