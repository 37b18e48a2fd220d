"""From rhythm and frequency to a calibrated chance of buying within the value window without a touch.

The log-normal alone promises too much: it does not know that customers leave, that shelves of a shop differ and that
a busy household buys of everything. So a logistic regression learns on windows inside the history what became of
pairs like these, of pairs whose own gaps count and of the others apart. Where the history is too short for that, the
log-normal's chance and a plain frequency's are averaged, and `source` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.rhythm import Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, totals
from forecasting.cadence.unusual import YEAR_END, Holiday
from forecasting.inputs import elapsed_days, local_midnight
from forecasting.regression import Linear, fit_logistic, fit_poisson, log_odds, probability
from forecasting.values import Floats

ORIGINS = 2
SHORT_ORIGINS = 8  # of windows shorter than a month: two months, so that the first week of a month is learnt
MONTH_DAYS = 28
MONTH_START_DAYS = 7
LEAST_OUTCOMES = 100  # pairs that bought, and pairs that did not, below which nothing is fitted
UNCALIBRATED = (
    "uncalibrated: mean of the log-normal's and the frequency's chance, since the history is too short to calibrate"
)


@dataclass(frozen=True, eq=False)
class Situation:
    """What was known about every pair at one moment, as columns of a regression, each of shape (pairs,).

    Attributes:
        chance: P(at least one gap ends within the window | it has lasted until now), by the log-normal.
        frequency_chance: The same by the pair's plain rate of purchase (Poisson).
        columns: conditional chance (log-odds), shopping days of the pair in 28 days, in 91 days and in all, shopping
            days of the customer in 28 days, days since the customer's last purchase of anything (all log), the
            log-odds that a pair of the category bought within the last window, and the share of the window's days that
            lie in the first week of a month (0 for windows that hold a whole month).
        interval_days: Median gap.
        is_established: Whether the pair's own gaps count.
    """

    chance: Floats
    frequency_chance: Floats
    columns: tuple[Floats, ...]
    interval_days: Floats
    is_established: Flags


FREQUENCY_COLUMN = 2  # shopping days in 91 days, the rival that uses frequency alone


def situation(
    days: ShoppingDays, rhythm: Rhythm, *, now: np.datetime64, today: int, window_days: int, minimum_days: int
) -> Situation:
    """The situation of every pair at `now` (UTC), of which `today` is the local day, begun and not yet over."""
    pairs = np.arange(len(days))
    elapsed = elapsed_days(days.pair_last_at, now)
    still_open = np.maximum(rhythm.survival(elapsed), 1e-12)
    chance = np.clip(1 - rhythm.survival(elapsed + window_days) / still_open, 0, 1)
    interval = rhythm.quantile_days(0.5)

    age = today - days.day[days.starts[:-1]]
    rate = (days.counts - 0.5) / (age + interval / 2)
    customer_last = elapsed_days(days.customer_last_at(), now)
    columns = (
        log_odds(chance),
        np.log1p(days.days_between(pairs, today - 28, today + 1)),
        np.log1p(days.days_between(pairs, today - 91, today + 1)),
        np.log(days.counts),
        np.log1p(days.customer_days_between(days.pair_customer, today - 28, today + 1)),
        np.log1p(customer_last)[days.pair_customer],
        _category_rate(days, today, window_days)[days.pair_category],
        np.full(len(days), _month_start(today, window_days)),
    )
    return Situation(chance, -np.expm1(-rate * window_days), columns, interval, days.counts >= minimum_days)


def _month_start(today: int, window_days: int) -> float:
    """Share of the window's days in the first week of a month, when wages come; 0 where no window is without one."""
    if window_days >= MONTH_DAYS:
        return 0.0
    dates = np.arange(today, today + window_days).astype("datetime64[D]")
    return float(np.mean((dates - dates.astype("datetime64[M]")).astype(np.int64) < MONTH_START_DAYS))


def _category_rate(days: ShoppingDays, today: int, window_days: int) -> Floats:
    """Log-odds that a pair of the category bought within the last window, shrunk to all's; shape (categories,)."""
    bought = days.days_between(np.arange(len(days)), today - window_days, today + 1) > 0
    overall = (bought.sum() + 1) / (len(days) + 2)
    in_category = np.bincount(days.pair_category, minlength=len(days.categories))
    buying = totals(days.pair_category, bought, len(days.categories))
    return log_odds((buying + 5 * overall) / (in_category + 5))


@dataclass(frozen=True, eq=False)
class Calibration:
    """The chance of buying, and on how many days by those who do.

    Attributes:
        chance: Log-odds of at least one purchase of established pairs, and of the others; None while uncalibrated.
        further_days: Log of the expected shopping days beyond the first, given one; None while uncalibrated.
        source: What was fitted on what.
    """

    chance: tuple[Linear, Linear] | None
    further_days: Linear | None
    source: str

    def p_purchase(self, known: Situation) -> Floats:
        """P(at least one purchase within the window), shape (pairs,)."""
        if self.chance is None:
            return (known.chance + known.frequency_chance) / 2
        established, others = (linear.value(known.columns) for linear in self.chance)
        return probability(np.where(known.is_established, established, others))

    def expected_days(self, known: Situation, window_days: int) -> Floats:
        """Expected shopping days within the window, given at least one; shape (pairs,)."""
        if self.further_days is None:
            per_window = window_days / np.maximum(known.interval_days, 1e-3)
            return np.clip(per_window / -np.expm1(-per_window), 1, window_days)
        return 1 + np.minimum(np.exp(np.minimum(self.further_days.value(known.columns), 10)), window_days - 1)


def fit_calibration(
    days: ShoppingDays,
    *,
    today: int,
    timezone: str,
    window_days: int,
    minimum_days: int,
    random_state: int,
    holidays: tuple[Holiday, ...] = (YEAR_END,),
    windows: int = ORIGINS,
) -> Calibration:
    """Learn on the last whole windows before the local day `today`; nothing from `today` on is looked at."""
    past = past_windows(
        days,
        today=today,
        timezone=timezone,
        window_days=window_days,
        minimum_days=minimum_days,
        holidays=holidays,
        windows=windows,
    )
    return calibrate(past, window_days, random_state)


def past_windows(
    days: ShoppingDays,
    *,
    today: int,
    timezone: str,
    window_days: int,
    minimum_days: int,
    holidays: tuple[Holiday, ...],
    windows: int,
) -> list[tuple[Situation, Floats]]:
    """The last whole windows before `today` that follow one: what was known, and on how many days each pair bought."""
    return [
        training(days, origin, timezone, window_days, minimum_days, holidays=holidays)
        for origin in (today - window_days * (back + 1) for back in range(windows))
        if origin - window_days > days.history_day
    ]


def calibrate(past: list[tuple[Situation, Floats]], window_days: int, random_state: int) -> Calibration:
    """Learn from past windows; `Calibration.chance` is None where too few pairs bought or did not."""
    bought = np.concatenate([counts for _, counts in past]) if past else np.empty(0)
    if min(np.count_nonzero(bought), np.count_nonzero(bought == 0)) < LEAST_OUTCOMES:
        return Calibration(None, None, UNCALIBRATED)
    columns = stacked([known for known, _ in past])
    is_buyer = bought > 0
    is_established = np.concatenate([known.is_established for known, _ in past])
    chance = _chances(columns, is_buyer, is_established, random_state)
    further = bought[is_buyer] - 1
    further_days = fit_poisson([column[is_buyer] for column in columns], further) if further.any() else None
    several = "window" if len(past) == 1 else "windows"
    return Calibration(
        chance, further_days, f"calibrated on {len(past)} {several} of {window_days} days and {len(bought)} pairs"
    )


def _chances(columns: list[Floats], is_buyer: Flags, is_established: Flags, random_state: int) -> tuple[Linear, Linear]:
    """Log-odds for established pairs and for the others; one for both where either are too few."""
    labels = is_buyer.astype(np.float64)
    parts = (is_established, ~is_established)
    if min(np.count_nonzero(part & same) for part in parts for same in (is_buyer, ~is_buyer)) < LEAST_OUTCOMES:
        pooled = fit_logistic(columns, labels, None, random_state)
        return pooled, pooled
    own, others = (
        fit_logistic([column[part] for column in columns], labels[part], None, random_state) for part in parts
    )
    return own, others


def training(
    days: ShoppingDays,
    origin: int,
    timezone: str,
    window_days: int,
    minimum_days: int,
    *,
    holidays: tuple[Holiday, ...] = (YEAR_END,),
) -> tuple[Situation, Floats]:
    """What was known at the start of the local day `origin`, and on how many days of the window each pair bought."""
    before = days.before(origin)
    known = situation(
        before,
        fit_rhythm(before, minimum_days, holidays),
        now=local_midnight(origin, timezone),
        today=origin,
        window_days=window_days,
        minimum_days=minimum_days,
    )
    pair = days.pairs_of(before.pair_customer, before.pair_category)
    return known, days.days_between(pair, origin, origin + window_days).astype(np.float64)


def stacked(situations: Sequence[Situation]) -> list[Floats]:
    """The columns of several moments below each other."""
    return [np.concatenate(column) for column in zip(*(known.columns for known in situations), strict=True)]
