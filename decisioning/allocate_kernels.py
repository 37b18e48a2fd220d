"""The compiled loops of allocation, over customers in compressed rows.

They are all in this one file, because numba's cache of compiled code does not notice what changes in another one.

A customer `c` has the options `starts[c]` to `starts[c + 1]`. Option `e` is at `place[e]` = asset × channels + channel.
Of family `f` it uses the limit `group[f, place] + owner[owner_row[f], c]`, counted over all families; none where either
is below 0. How much it uses is 1, or `rows[unit_row[f], e]` where the family counts money of some kind.

Every function works on customers `first` to `last`, so that threads can share the work, and whatever it adds up goes
to places of that block alone: the result is the same for any number of threads.
"""

# ruff: noqa: PLR0917 -- compiled loops take arrays, not objects

from typing import Any

import numpy as np

from decisioning.compiling import compiled, inlined

NOTHING: Any = np.int64(-1)
"""No option. A bare -1 would be a type of its own, for which numba compiles a function once more."""
CUT = 10.0
"""In temperatures: an option so far behind the best one has a share of less than one in twenty thousand."""


@inlined
def limit_of(f: Any, c: Any, p: Any, group: Any, owner: Any, owner_row: Any) -> Any:
    """The limit of a family that an option uses, -1 for none."""
    g = group[f, p]
    if g < 0 or owner_row[f] < 0:
        return g
    o = owner[owner_row[f], c]
    return g + o if o >= 0 else -1


@compiled
def price_places(group: Any, amount: Any, price: Any, found: Any) -> None:
    """What a touch at each place pays for some families together; `amount` is what it uses of each of them."""
    for p in range(found.size):
        paid = 0.0
        for f in range(group.shape[0]):
            if group[f, p] >= 0:
                paid += price[group[f, p]] * amount[f, p]
        found[p] = paid


@compiled
def use_of_places(parts: Any, group: Any, amount: Any, use: Any) -> None:
    """What touches at all places use of some families; `parts` holds the touches of each block of customers."""
    for p in range(group.shape[1]):
        touches = 0.0
        for block in range(parts.shape[0]):
            touches += parts[block, p]
        if touches > 0.0:
            for f in range(group.shape[0]):
                if group[f, p] >= 0:
                    use[group[f, p]] += touches * amount[f, p]


@compiled
def smooth(  # noqa: C901, PLR0912 -- one pass
    first: int, last: int, starts: Any, value: Any, place: Any, by_place: Any,
    rows: Any, row_price: Any, owner: Any, owner_group: Any, owner_price: Any, owner_unit: Any, temperature: Any,
    use: Any, row_use: Any, owner_use: Any,
) -> float:  # fmt: skip
    """The dual function smoothed at a temperature, and what is used of everything, for some customers.

    Each customer's maximum over options and nothing becomes temperature × log Σ exp(worth / temperature), whose slope
    is a share of each option. `by_place` is the price of a touch at a place; `row_price` that of a unit of each row of
    amounts there; families that tell customers apart have prices of their own. Values, amounts and prices have single
    precision, which halves the time and is exact enough for prices; sums have double.
    """
    use[:] = 0.0
    row_use[:] = 0.0
    owner_use[:] = 0.0
    total = 0.0
    inverse = np.float32(1.0) / temperature
    cut = np.float32(CUT) * temperature
    longest = 0
    for c in range(first, last):
        longest = max(longest, starts[c + 1] - starts[c])
    worth = np.empty(longest, np.float32)
    for c in range(first, last):
        begin = starts[c]
        count = starts[c + 1] - begin
        if count <= 0:
            continue
        top = np.float32(0.0)
        for k in range(count):
            e = begin + k
            p = place[e]
            w = value[e] - by_place[p]
            for r in range(row_price.shape[0]):
                w -= row_price[r, p] * rows[r, e]
            for j in range(owner.shape[0]):
                g = owner_group[j, p]
                if g >= 0 and owner[j, c] >= 0:
                    amount = np.float32(1.0) if owner_unit[j] < 0 else rows[owner_unit[j], e]
                    w -= owner_price[g + owner[j, c]] * amount
            worth[k] = w
            top = max(top, w)
        weight = np.exp(-top * inverse) if top < cut else np.float32(0.0)
        for k in range(count):
            behind = top - worth[k]
            if behind < cut:
                worth[k] = np.exp(-behind * inverse)
                weight += worth[k]
            else:
                worth[k] = np.float32(0.0)
        total += top + temperature * np.log(weight)
        for k in range(count):
            if worth[k] > np.float32(0.0):
                share = worth[k] / weight
                e = begin + k
                p = place[e]
                use[p] += share
                for r in range(row_price.shape[0]):
                    row_use[r, p] += share * rows[r, e]
                for j in range(owner.shape[0]):
                    g = owner_group[j, p]
                    if g >= 0 and owner[j, c] >= 0:
                        amount = np.float32(1.0) if owner_unit[j] < 0 else rows[owner_unit[j], e]
                        owner_use[g + owner[j, c]] += share * amount
    return total


@compiled
def worth_at(
    first: int, last: int, starts: Any, value: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any,
    unit_row: Any, price: Any, worth: Any,
) -> None:  # fmt: skip
    """Value less the prices of what each option uses; `price` is per whole amount of each limit."""
    for c in range(first, last):
        for e in range(starts[c], starts[c + 1]):
            p = place[e]
            w = value[e]
            for f in range(group.shape[0]):
                g = limit_of(f, c, p, group, owner, owner_row)
                if g >= 0 and price[g] != 0.0:
                    w -= price[g] * (1 if unit_row[f] < 0 else rows[unit_row[f], e])
            worth[e] = w


@compiled
def best_two(first: int, last: int, starts: Any, worth: Any, best: Any, lead: Any) -> None:
    """Each customer's best option above nothing, -1 for nothing, and its lead over the second best or nothing."""
    for c in range(first, last):
        top, second, at = 0.0, 0.0, -1
        for e in range(starts[c], starts[c + 1]):
            if worth[e] > top:
                second, top, at = top, worth[e], e
            elif worth[e] > second:
                second = worth[e]
        best[c] = at
        lead[c] = top - second


@compiled
def count_use(
    chosen: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any, unit_row: Any, use: Any
) -> None:
    """What the choices use of every limit, added to `use`."""
    for c in range(chosen.size):
        e = chosen[c]
        if e >= 0:
            for f in range(group.shape[0]):
                g = limit_of(f, c, place[e], group, owner, owner_row)
                if g >= 0:
                    use[g] += 1 if unit_row[f] < 0 else rows[unit_row[f], e]


@compiled
def is_contested(c: Any, e: Any, place: Any, group: Any, owner: Any, owner_row: Any, over: Any) -> Any:
    """Whether an option uses a limit of which more is wanted than there is."""
    for f in range(group.shape[0]):
        g = limit_of(f, c, place[e], group, owner, owner_row)
        if g >= 0 and over[g]:
            return True
    return False


@compiled
def contested(wanted: Any, place: Any, group: Any, owner: Any, owner_row: Any, over: Any, found: Any) -> None:
    """Which customers want something of which more is wanted than there is."""
    for c in range(wanted.size):
        found[c] = wanted[c] >= 0 and is_contested(c, wanted[c], place, group, owner, owner_row, over)


@compiled
def can_change(
    c: Any, now: Any, e: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any, unit_row: Any,
    most: Any, least: Any, use: Any,
) -> Any:  # fmt: skip
    """Whether a customer may go from option `now` (-1 for nothing) to `e` (-1 for nothing).

    No limit may be exceeded by it, and none fall below what is to be reached, or further below it.
    """
    for f in range(group.shape[0]):
        g, h = -1, -1
        if e >= 0:
            g = limit_of(f, c, place[e], group, owner, owner_row)
        if now >= 0:
            h = limit_of(f, c, place[now], group, owner, owner_row)
        gain = 0 if g < 0 else (1 if unit_row[f] < 0 else rows[unit_row[f], e])
        loss = 0 if h < 0 else (1 if unit_row[f] < 0 else rows[unit_row[f], now])
        if g >= 0 and use[g] + gain - (loss if h == g else 0) > most[g]:
            return False
        if h >= 0 and least[h] > 0:
            left = use[h] - loss + (gain if h == g else 0)
            if left < least[h] and left < use[h]:
                return False
    return True


@compiled
def change(
    c: Any, now: Any, e: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any, unit_row: Any, use: Any
) -> None:
    """Go from option `now` to `e` in what is used."""
    for f in range(group.shape[0]):
        if now >= 0:
            h = limit_of(f, c, place[now], group, owner, owner_row)
            if h >= 0:
                use[h] -= 1 if unit_row[f] < 0 else rows[unit_row[f], now]
        if e >= 0:
            g = limit_of(f, c, place[e], group, owner, owner_row)
            if g >= 0:
                use[g] += 1 if unit_row[f] < 0 else rows[unit_row[f], e]


@compiled
def assign(
    order: Any, lowest: float, starts: Any, worth: Any, value: Any, place: Any, rows: Any, group: Any, owner: Any,
    owner_row: Any, unit_row: Any, most: Any, least: Any, use: Any, chosen: Any,
) -> None:  # fmt: skip
    """In this order, everybody without a choice takes what is worth most of what fits, if worth more than `lowest`.

    What is worth less than nothing by itself is taken only where its price says that something is to be reached.
    """
    for at in range(order.size):
        c = order[at]
        if chosen[c] >= 0:
            continue
        top, found = lowest, NOTHING
        for e in range(starts[c], starts[c + 1]):
            if worth[e] > top and (value[e] > 0.0 or worth[e] > 0.0) and can_change(
                c, NOTHING, e, place, rows, group, owner, owner_row, unit_row, most, least, use
            ):  # fmt: skip
                top, found = worth[e], e
        if found >= 0:
            change(c, NOTHING, found, place, rows, group, owner, owner_row, unit_row, use)
            chosen[c] = found


@compiled
def short_options(
    starts: Any, place: Any, group: Any, owner: Any, owner_row: Any, is_short: Any, found: Any, limit: Any, who: Any
) -> int:
    """The options that use a limit of which not enough is used; how many."""
    count = 0
    for c in range(starts.size - 1):
        for e in range(starts[c], starts[c + 1]):
            for f in range(group.shape[0]):
                g = limit_of(f, c, place[e], group, owner, owner_row)
                if g >= 0 and is_short[g]:
                    if count < found.size:
                        found[count], limit[count], who[count] = e, g, c
                    count += 1
    return count


@compiled
def reach(
    order: Any, option: Any, limit: Any, who: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any,
    unit_row: Any, most: Any, least: Any, use: Any, chosen: Any,
) -> None:  # fmt: skip
    """In this order, customers change to options that use what is to be reached, until it is."""
    for at in range(order.size):
        k = order[at]
        e, g, c = option[k], limit[k], who[k]
        if use[g] >= least[g] or chosen[c] == e:
            continue
        if can_change(c, chosen[c], e, place, rows, group, owner, owner_row, unit_row, most, least, use):
            change(c, chosen[c], e, place, rows, group, owner, owner_row, unit_row, use)
            chosen[c] = e


@compiled
def in_the_way(
    c: Any, e: Any, cheapest: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any, unit_row: Any,
    most: Any, least: Any, use: Any, chosen: Any,
) -> Any:  # fmt: skip
    """The first of `cheapest` whose choice uses the limit that keeps customer c from option e, and may go; else -1."""
    now = chosen[c]
    for f in range(group.shape[0]):
        g = limit_of(f, c, place[e], group, owner, owner_row)
        if g < 0:
            continue
        more = 1 if unit_row[f] < 0 else rows[unit_row[f], e]
        if now >= 0 and limit_of(f, c, place[now], group, owner, owner_row) == g:
            more -= 1 if unit_row[f] < 0 else rows[unit_row[f], now]
        if use[g] + more <= most[g]:
            continue
        for at in range(cheapest.size):
            v = cheapest[at]
            if v == c or chosen[v] < 0 or limit_of(f, v, place[chosen[v]], group, owner, owner_row) != g:
                continue
            if unit_row[f] >= 0 and rows[unit_row[f], chosen[v]] == 0:
                continue
            if can_change(v, chosen[v], NOTHING, place, rows, group, owner, owner_row, unit_row, most, least, use):
                return v
        return -1
    return -1


@compiled
def make_room(
    order: Any, option: Any, limit: Any, who: Any, cheapest: Any, gone: Any, tries: int, place: Any, rows: Any,
    group: Any, owner: Any, owner_row: Any, unit_row: Any, most: Any, least: Any, use: Any, chosen: Any,
) -> None:  # fmt: skip
    """As `reach`, but others give way: the cheapest first, as many as `gone` has room for, or else none of them.

    A limit is left as it is when so many in a row (`tries`) could not be helped.
    """
    had = np.empty_like(gone)
    last, failed = -1, 0
    for at in range(order.size):
        k = order[at]
        e, g, c = option[k], limit[k], who[k]
        if g != last:
            last, failed = g, 0
        if use[g] >= least[g] or chosen[c] == e or failed >= tries:
            continue
        count, is_free = 0, False
        while not is_free:
            is_free = can_change(c, chosen[c], e, place, rows, group, owner, owner_row, unit_row, most, least, use)
            v = -1
            if not is_free and count < gone.size:
                v = in_the_way(c, e, cheapest, place, rows, group, owner, owner_row, unit_row, most, least, use, chosen)
            if v < 0:
                break
            gone[count], had[count] = v, chosen[v]
            change(v, chosen[v], NOTHING, place, rows, group, owner, owner_row, unit_row, use)
            chosen[v] = -1
            count += 1
        if is_free:
            change(c, chosen[c], e, place, rows, group, owner, owner_row, unit_row, use)
            chosen[c] = e
            failed = 0
        else:
            failed += 1
            for back in range(count):
                change(gone[back], NOTHING, had[back], place, rows, group, owner, owner_row, unit_row, use)
                chosen[gone[back]] = had[back]


@compiled
def improve(
    dust: float, give: float, starts: Any, worth: Any, value: Any, place: Any, rows: Any, group: Any, owner: Any,
    owner_row: Any, unit_row: Any, most: Any, least: Any, use: Any, chosen: Any,
) -> float:  # fmt: skip
    """Everybody in turn changes to what gains most and fits; what it gains together.

    At the prices a change may lose `give`: with little room left, first what makes the most of it.
    """
    gained = 0.0
    for c in range(starts.size - 1):
        now = chosen[c]
        top, found = (value[now] if now >= 0 else 0.0) + dust, NOTHING - 1
        lowest = (worth[now] if now >= 0 else 0.0) - give
        if top < dust and can_change(
            c, now, NOTHING, place, rows, group, owner, owner_row, unit_row, most, least, use
        ):  # fmt: skip
            top, found = 0.0, NOTHING
        for e in range(starts[c], starts[c + 1]):
            if value[e] > top and worth[e] >= lowest and e != now and can_change(
                c, now, e, place, rows, group, owner, owner_row, unit_row, most, least, use
            ):  # fmt: skip
                top, found = value[e], e
        if found >= -1:
            change(c, now, found, place, rows, group, owner, owner_row, unit_row, use)
            gained += (value[found] if found >= 0 else 0.0) - (value[now] if now >= 0 else 0.0)
            chosen[c] = found
    return gained


@compiled
def release(
    order: Any, place: Any, rows: Any, group: Any, owner: Any, owner_row: Any, unit_row: Any, most: Any, use: Any,
    chosen: Any,
) -> None:  # fmt: skip
    """In this order, customers give up what exceeds a limit."""
    for at in range(order.size):
        c = order[at]
        e = chosen[c]
        for f in range(group.shape[0]):
            g = limit_of(f, c, place[e], group, owner, owner_row) if e >= 0 else -1
            if g >= 0 and use[g] > most[g] and (unit_row[f] < 0 or rows[unit_row[f], e] > 0):
                change(c, e, NOTHING, place, rows, group, owner, owner_row, unit_row, use)
                chosen[c] = -1
                e = -1
