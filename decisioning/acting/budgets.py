"""Money between channels: where the next unit brings most, inside what people approved.

Budgets of a month are moved in steps so that what all of them bring together is as much as possible. That is found
exactly, by dynamic programming over steps, because a curve need not bend the same way everywhere; where it does, the
marginal returns of all channels that no bound holds are equal then, up to a step.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from decisioning.acting.settings import ChannelBudget
from forecasting.values import Floats
from forecasting.values.spend_curves import SpendCurves

MOST_STEPS: Final = 500
"""Of one channel: finding the best takes as long as the square of it."""


@dataclass(frozen=True)
class Move:
    """So much a month from one channel to another."""

    from_channel: str
    to_channel: str
    amount: float


def equalised(
    budgets: tuple[ChannelBudget, ...], curves: SpendCurves, *, step: float, change_pct: float | None, month_days: int
) -> list[Move]:
    """The moves that lead to the best budgets, all of them together as large as before.

    Args:
        budgets: What each channel has now, and the bounds of what it may have; those without a curve stay.
        curves: The fitted curves.
        step: The smallest amount that is moved, in currency; a multiple of it where budgets are very large.
        change_pct: By how much of its budget a channel may gain or lose, in percent; None for as far as bounds let.
        month_days: Days of the month.
    """
    known = [held for one in budgets if (held := _within_what_was_tried(one, curves, month_days)) is not None]
    if len(known) < 2:  # noqa: PLR2004 -- money moves between two
        return []
    widest = max(one.most - one.least for one in known) / step
    step *= max(1, int(np.ceil(widest / MOST_STEPS)))
    lows, values = zip(*(_options(one, curves, step, change_pct, month_days) for one in known), strict=True)
    steps = _best_steps(lows, values)
    return _pairs(known, steps, step)


def _within_what_was_tried(one: ChannelBudget, curves: SpendCurves, month_days: int) -> ChannelBudget | None:
    """The budget with as much room as its curve can tell about; None where it tells nothing of the budget itself."""
    place = curves.place(one.channel_id)
    highest = curves.highest(place) * month_days / curves.period_days if place >= 0 else -np.inf
    return None if one.budget > highest else replace(one, most=min(one.most, highest))


def marginal_return(channel_id: str, budget: float, curves: SpendCurves, *, step: float, month_days: int) -> float:
    """What the next unit of money is expected to bring on a channel, per unit."""
    periods = month_days / curves.period_days
    brings = curves.brings(curves.place(channel_id), np.array([budget, budget + step]) / periods).mean(axis=0)
    return float((brings[1] - brings[0]) * periods / step)


def _options(
    one: ChannelBudget, curves: SpendCurves, step: float, change_pct: float | None, month_days: int
) -> tuple[int, Floats]:
    """From how many steps less on, and what each count of steps would bring a month against the budget as it is."""
    room = np.inf if change_pct is None else one.budget * change_pct / 100
    # half a millionth of a step forgives what floats leave of exact bounds
    fewest = int(np.ceil(-min(one.budget - one.least, room) / step - 5e-7))
    most = int(np.floor(min(one.most - one.budget, room) / step + 5e-7))
    counts = np.arange(min(fewest, 0), max(most, 0) + 1)
    periods = month_days / curves.period_days
    place = curves.place(one.channel_id)
    brings = curves.brings(place, (one.budget + counts * step) / periods).mean(axis=0) * periods
    # of budgets that bring the same the nearest to today's
    return int(counts[0]), np.asarray(brings - brings[counts == 0] - 1e-9 * np.abs(counts) * step)


def _best_steps(lows: tuple[int, ...], values: tuple[Floats, ...]) -> list[int]:
    """How many steps each channel gains, adding up to none, that bring most together."""
    total = -sum(lows)
    best = np.full(total + 1, -np.inf)
    best[0] = 0.0
    chosen = []
    for value in values:
        ahead, taken = np.full(total + 1, -np.inf), np.zeros(total + 1, dtype=np.int64)
        for count, worth in enumerate(value[: total + 1]):
            reached = np.full(total + 1, -np.inf)
            reached[count:] = best[: total + 1 - count] + worth
            is_better = reached > ahead
            ahead[is_better], taken[is_better] = reached[is_better], count
        best = ahead
        chosen.append(taken)
    left, steps = total, []
    for low, taken in zip(reversed(lows), reversed(chosen), strict=True):
        count = int(taken[left])
        steps.append(low + count)
        left -= count
    return steps[::-1]


def _pairs(budgets: list[ChannelBudget], steps: list[int], step: float) -> list[Move]:
    """Who gives to whom, in order of channels."""
    giving = [[place, -count] for place, count in enumerate(steps) if count < 0]
    moves = []
    for one, count in zip(budgets, steps, strict=True):
        wanted = max(count, 0)
        while wanted:
            source, left = giving[0]
            given = min(wanted, left)
            moves.append(Move(budgets[source].channel_id, one.channel_id, given * step))
            wanted -= given
            giving[0][1] = left - given
            if not giving[0][1]:
                giving.pop(0)
    return moves
