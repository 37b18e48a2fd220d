"""The first step of the pass: meet every candidate, and write down what may be sent, or what may not."""
# ruff: noqa: C901, PLR0912, PLR0915, PLR0917, PLW3301, SIM110 -- compiled loops take arrays one by one, in one piece

import math

import numpy as np
from numba import njit

from decisioning.ground import Array, Found, Hours, Listed, Reasons, Rules, Worth
from decisioning.kernel.marks import mark, marks
from decisioning.policies.programs import AT_LEAST, AT_MOST, DIFFERENT, EQUAL, LESS, MORE, settled


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
    is_permitted = reasons.is_permitted
    may_lack_cost, is_dated, counts, refusals = worth.may_lack_cost, hours.is_dated, found.counts, found.refused
    of_asset, of_channel, of_motive, of_row = listed.asset, listed.channel, listed.motive, listed.row
    assets, channels = fits.shape
    seen, bought, objected = marks(assets), marks(assets), marks(assets)
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
                    is_refused = is_stopped or not is_permitted[answer, channel]
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
                        if not is_permitted[answer, channel]:
                            refused[rules.outside_remits] += 1
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
        mark(customer, rules.objections[place], reasons.said_starts, reasons.said_assets, objected)


@njit(nogil=True, cache=True)
def _mark_bought(customer: int, reasons: Reasons, bought: Array) -> None:
    for place in range(reasons.bought_starts[customer], reasons.bought_starts[customer + 1]):
        mark(customer, reasons.bought_products[place], reasons.product_starts, reasons.product_assets, bought)
