"""What leaves the media mix for moving money: draws of response curves, so that differences have a spread."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class SpendCurves:
    """What constant spend per period brings per period, c channels at l levels in n draws of what is believed.

    Attributes:
        channel_id: Keys, ascending, shape (c,).
        spend: Levels of spend per period, ascending, in currency, shape (c, l).
        response: What it brings per period once it has carried over, in currency, shape (n, c, l). A draw is one belief
            about all channels, so that differences between them are taken within a draw.
        grade: `randomised`, `adjusted` or `assumed`, shape (c,).
        source: How the grade came about, shape (c,).
        period_days: Days of a period.
    """

    channel_id: Keys
    spend: Floats
    response: Floats
    grade: Keys
    source: Keys
    period_days: int

    def place(self, channel_id: str) -> int:
        """The channel's place, -1 where it has no curve."""
        found = np.flatnonzero(self.channel_id == channel_id)
        return int(found[0]) if len(found) else -1

    def highest(self, place: int) -> float:
        """The highest spend per period that the curve says anything about."""
        return float(self.spend[place, -1])

    def brings(self, place: int, spend: npt.ArrayLike) -> Floats:
        """Draws of what spend per period brings per period, shape (n, amounts).

        Between levels it is interpolated; beyond the highest it brings nothing more, since nobody has tried.
        """
        levels = self.spend[place]
        at = np.clip(np.asarray(spend, dtype=np.float64), levels[0], levels[-1])
        right = np.clip(np.searchsorted(levels, at, side="right"), 1, len(levels) - 1)
        span = levels[right] - levels[right - 1]
        share = np.where(span > 0, (at - levels[right - 1]) / np.where(span > 0, span, 1.0), 0.0)
        below, above = self.response[:, place, right - 1], self.response[:, place, right]
        return np.asarray(below + share * (above - below))
