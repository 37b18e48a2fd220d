"""The last step of the pass: of what is listed, each customer keeps the best few at the prices of the limits."""
# ruff: noqa: PLR0917 -- compiled loops take arrays one by one, in one piece

from numba import njit

from decisioning.ground import EXPECTED_COST, EXPOSURE, MONEY, Array, Found, Listed, Prices, Worth


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
