"""What an action that spends brings against no change: upside, downside and their difference, each with an interval.

From the draws of the fitted curves: a difference is taken within a draw, so that what is uncertain about all channels
alike takes itself out. Money of a month is spread evenly over its days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forecasting.values import Floats
from forecasting.values.spend_curves import SpendCurves

ENDS: Final = (5.0, 95.0)
INTERVAL_PCT: Final = 90
TINY: Final = 1e-9
WEAKEST: Final = ("assumed", "adjusted", "randomised")
"""Evidence grades, the weakest first."""


@dataclass(frozen=True, eq=False)
class Change:
    """What changes on one channel: from so much a month to so much."""

    channel_id: str
    before: float
    after: float


@dataclass(frozen=True)
class Counterfactual:
    """What an action brings in a month against no change.

    Attributes:
        value: Expected, in currency: margin (or revenue, as `basis` says) less what more is spent.
        low: Lower end of its 90 % interval.
        high: Upper end.
        p_better: Probability that it is more than nothing.
        grade: The weakest evidence grade among its channels.
        told: The whole of it as plain values for the record.
    """

    value: float
    low: float
    high: float
    p_better: float
    grade: str
    told: Mapping[str, Any]


def counterfactual(
    curves: SpendCurves | None, changes: list[Change], *, month_days: int, margin_share: float | None, missing: str = ""
) -> Counterfactual | str:
    """What changes of spend bring against no change; where it cannot be told, why not.

    Args:
        curves: The fitted curves, None where there are none.
        changes: One per channel.
        month_days: Days of the month.
        margin_share: Margin per unit of revenue; without it revenue counts, and says so.
        missing: Why there are no curves.
    """
    if curves is None:
        return missing or "no curves of spend were fitted"
    places = [curves.place(change.channel_id) for change in changes]
    for change, place in zip(changes, places, strict=True):
        if place < 0:
            return f"no curve was fitted for {change.channel_id}"
        if not (np.isfinite(change.before) and np.isfinite(change.after)):
            return f"what is spent on {change.channel_id} is not known"
        highest = curves.highest(place) * month_days / curves.period_days
        if max(change.before, change.after) > highest * (1 + TINY):
            return f"nobody has ever spent {max(change.before, change.after):,.2f} a month on {change.channel_id}"
    share = 1.0 if margin_share is None else margin_share
    worth = [
        share * _difference(curves, place, change, month_days) for change, place in zip(changes, places, strict=True)
    ]
    spent = np.array([change.after - change.before for change in changes])
    net = np.sum(worth, axis=0) - spent.sum()
    # what goes up on one channel is the upside, what goes down on another the downside
    up = np.sum([one for one, more in zip(worth, spent, strict=True) if more > 0], axis=0) * np.ones(len(net))
    down = np.sum([one for one, more in zip(worth, spent, strict=True) if more <= 0], axis=0) * np.ones(len(net))
    grade = min((str(curves.grade[place]) for place in places), key=WEAKEST.index)
    value, low, high = _summary(net)
    p_better = float((net > 0).mean())
    told = {
        "against": "no change",
        "per": "month",
        "basis": "revenue" if margin_share is None else "margin",
        "interval_pct": INTERVAL_PCT,
        "spend_change": round(float(spent.sum()), 2),
        "upside": _told(up),
        "downside": _told(down),
        "net": {"expected": value, "low": low, "high": high},
        "p_better": round(p_better, 4),
        "channels": [
            {
                "channel_id": change.channel_id,
                "spend_before": round(change.before, 2),
                "spend_after": round(change.after, 2),
                **_told(one),
                "grade": str(curves.grade[place]),
                "source": str(curves.source[place]),
            }
            for change, place, one in zip(changes, places, worth, strict=True)
        ],
    }
    return Counterfactual(value, low, high, p_better, grade, told)


def _difference(curves: SpendCurves, place: int, change: Change, month_days: int) -> Floats:
    """Draws of the revenue a month more, shape (n,)."""
    periods = month_days / curves.period_days
    brings = curves.brings(place, np.array([change.before, change.after]) / periods)
    return np.asarray((brings[:, 1] - brings[:, 0]) * periods)


def _summary(draws: Floats) -> tuple[float, float, float]:
    low, high = np.percentile(draws, ENDS)
    return tuple(round(float(one), 2) + 0.0 for one in (draws.mean(), low, high))  # type: ignore[return-value] # three in, three out


def _told(draws: Floats) -> dict[str, float]:
    expected, low, high = _summary(np.asarray(draws, dtype=np.float64))
    return {"expected": expected, "low": low, "high": high}
