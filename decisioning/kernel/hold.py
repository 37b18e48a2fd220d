"""The third step of the pass: what waits behind other messages is taken out, as `decisioning.message_order` says."""
# ruff: noqa: PLR0917 -- compiled loops take arrays one by one, in one piece

import numpy as np
from numba import njit

from decisioning.ground import Array, Found, Listed, Reasons, Rules

UNREACHED = 255


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
def _move(start: int, end: int, listed: Listed) -> None:
    if start != end:
        listed.row[end], listed.asset[end] = listed.row[start], listed.asset[start]
        listed.channel[end], listed.motive[end] = listed.channel[start], listed.motive[start]
        listed.value[end], listed.expected_cost[end] = listed.value[start], listed.expected_cost[start]
        listed.cost[end] = listed.cost[start]


@njit(nogil=True, cache=True)
def _most_motives(reasons: Reasons) -> int:
    most = 0
    for customer in range(len(reasons.motive_starts) - 1):
        most = max(most, reasons.motive_starts[customer + 1] - reasons.motive_starts[customer])
    return most
