"""From the log-normal's chance of so long a gap to the share of gaps that really last so long.

Spells that began inside the history are forecast as they began, and what the log-normal says of their length is held
against how many lasted (Kaplan and Meier 1958, so that spells still open count for as long as they were seen). This
gives a curve from said to true survival for pairs with one, with two or three, and with more shopping days. Customers
who never came back are among the spells: so long an absence is as telling as it was in the past.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.rhythm import Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import Positions, ShoppingDays
from forecasting.cadence.unusual import Holiday
from forecasting.values import Floats

LOOK_BACK_DAYS = 182
LEAST_ENDED = 200  # spells that ended, below which a curve says nothing of its own
LEAST_OPEN = 30  # spells still followed, below which the curve's tail is not believed
BANDS = np.array([2, 4])  # shopping days from which on a pair belongs to the next curve
SAID = np.concatenate([[0, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075], np.linspace(0.1, 0.95, 18), [0.98, 1]])


@dataclass(frozen=True, eq=False)
class SurvivalCurves:
    """True survival at each of `SAID`, by band of shopping days.

    Attributes:
        true: Ascending, 0 to 1, shape (bands, len(SAID)).
        spells: How many spells taught it; 0 while it says what the log-normal says.
    """

    true: Floats
    spells: int

    def calibrated(self, said: Floats, counts: Positions) -> Floats:
        """Share of spells that last as long as the log-normal gives survival `said`; shape (pairs,)."""
        band = np.searchsorted(BANDS, counts, side="right")
        curves = [np.interp(said, SAID, curve) for curve in self.true]
        return np.asarray(np.clip(np.choose(band, curves), 0, 1), dtype=np.float64)

    def said_at(self, true: float, counts: Positions) -> Floats:
        """The log-normal's survival when a share `true` of spells lasts; shape (pairs,)."""
        ends = np.array([np.interp(true, curve, SAID) for curve in self.true])
        return ends[np.searchsorted(BANDS, counts, side="right")]


UNCALIBRATED = SurvivalCurves(np.tile(SAID, (len(BANDS) + 1, 1)), 0)


@dataclass(frozen=True, eq=False)
class Spells:
    """Times between purchases that began in a stretch of days.

    Attributes:
        pair: Position of each spell's pair among those known before.
        days: How long it lasted, or has been seen to last.
        units: What was taken when it began.
        has_ended: Whether the next purchase was seen.
    """

    pair: Positions
    days: Floats
    units: Floats
    has_ended: Flags


def fresh_spells(days: ShoppingDays, before: ShoppingDays, first: int, end: int, seen_until: int) -> Spells:
    """Spells that began with a purchase on a local day in first <= day < end, followed until `seen_until`."""
    place = np.full(len(days), -1, dtype=np.int64)
    place[days.pairs_of(before.pair_customer, before.pair_category)] = np.arange(len(before))
    pair = days.pair
    following = np.append(np.where(pair[1:] == pair[:-1], days.day[1:], seen_until), seen_until).astype(np.int64)
    fresh = (days.day >= first) & (days.day < end) & (place[pair] >= 0)
    ended = following[fresh] < seen_until
    lasted = np.minimum(following[fresh], seen_until) - days.day[fresh]
    return Spells(place[pair[fresh]], lasted.astype(np.float64), days.units[fresh], ended)


def fit_survival(days: ShoppingDays, *, today: int, minimum_days: int, holidays: tuple[Holiday, ...]) -> SurvivalCurves:
    """Learn from spells that began within half a year before the local day `today`, at most half of the history."""
    origin = today - min(LOOK_BACK_DAYS, (today - days.history_day) // 2)
    before = days.before(origin)
    spells = fresh_spells(days, before, origin, today, today)
    if np.count_nonzero(spells.has_ended) < LEAST_ENDED:
        return UNCALIBRATED
    rhythm = fit_rhythm(before, minimum_days, holidays).after(spells.pair, spells.units)
    said = said_survival(rhythm, spells)
    pooled = _curve(said, spells.has_ended)
    band = np.searchsorted(BANDS, before.counts[spells.pair], side="right")
    curves = []
    for number in range(len(BANDS) + 1):
        chosen = band == number
        is_enough = np.count_nonzero(spells.has_ended & chosen) >= LEAST_ENDED
        curves.append(_curve(said[chosen], spells.has_ended[chosen]) if is_enough else pooled)
    return SurvivalCurves(np.array(curves), len(said))


def said_survival(rhythm: Rhythm, spells: Spells) -> Floats:
    """The log-normal's survival when each spell ended; a gap of whole days ends somewhere within its last day."""
    return rhythm.survival(np.maximum(spells.days - np.where(spells.has_ended, 0.5, 0.0), 0.25))


def _curve(said: Floats, has_ended: Flags) -> Floats:
    """Kaplan and Meier's survival over 1 - said, at each of `SAID`."""
    passed = 1 - said
    order = np.lexsort((~has_ended, passed))
    passed, ends = passed[order], has_ended[order]
    at_risk = len(passed) - np.arange(len(passed))
    kept = np.concatenate([[1.0], np.cumprod(1 - ends / at_risk)])
    true = kept[np.searchsorted(passed, 1 - SAID, side="right")]
    believed = passed[max(len(passed) - LEAST_OPEN, 0)]
    last = int(np.argmax(1 - believed <= SAID))
    true[:last] = true[last] * SAID[:last] / SAID[last]
    true[0], true[-1] = 0.0, 1.0
    # Strictly ascending, so that it can be read both ways.
    return np.asarray((np.maximum.accumulate(true) + 1e-9 * SAID) / (1 + 1e-9))
