"""From rhythm and frequency to a calibrated chance of buying within the value window without a touch.

The log-normal alone promises too much: it does not know that customers leave, that shelves of a shop differ and that
a busy household buys of everything. So a logistic regression learns on windows inside the history what became of
pairs like these. Where the history is too short for that, the log-normal's chance and a plain frequency's are
averaged, and `source` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.cadence.rhythm import Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, totals
from forecasting.inputs import elapsed_days, local_midnight
from forecasting.regression import Linear, fit_logistic, fit_poisson, log_odds, probability
from forecasting.values import Floats

ORIGINS = 2
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
            days of the customer in 28 days, days since the customer's last purchase of anything (all log), and the
            log-odds that a pair of the category bought within the last window.
        interval_days: Median gap.
    """

    chance: Floats
    frequency_chance: Floats
    columns: tuple[Floats, ...]
    interval_days: Floats


FREQUENCY_COLUMN = 2  # shopping days in 91 days, the rival that uses frequency alone


def situation(days: ShoppingDays, rhythm: Rhythm, *, now: np.datetime64, today: int, window_days: int) -> Situation:
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
    )
    return Situation(chance, -np.expm1(-rate * window_days), columns, interval)


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
        chance: Log-odds of at least one purchase; None while uncalibrated.
        further_days: Log of the expected shopping days beyond the first, given one; None while uncalibrated.
        source: What was fitted on what.
    """

    chance: Linear | None
    further_days: Linear | None
    source: str

    def p_purchase(self, known: Situation) -> Floats:
        """P(at least one purchase within the window), shape (pairs,)."""
        if self.chance is None:
            return (known.chance + known.frequency_chance) / 2
        return probability(self.chance.value(known.columns))

    def expected_days(self, known: Situation, window_days: int) -> Floats:
        """Expected shopping days within the window, given at least one; shape (pairs,)."""
        if self.further_days is None:
            per_window = window_days / np.maximum(known.interval_days, 1e-3)
            return np.clip(per_window / -np.expm1(-per_window), 1, window_days)
        return 1 + np.minimum(np.exp(np.minimum(self.further_days.value(known.columns), 10)), window_days - 1)


def fit_calibration(
    days: ShoppingDays, *, today: int, timezone: str, window_days: int, minimum_days: int, random_state: int
) -> Calibration:
    """Learn on the last whole windows before the local day `today`; nothing from `today` on is looked at."""
    past = [
        (known, bought)
        for origin in (today - window_days * (back + 1) for back in range(ORIGINS))
        if origin - window_days > days.history_day
        for known, bought in [training(days, origin, timezone, window_days, minimum_days)]
    ]
    bought = np.concatenate([counts for _, counts in past]) if past else np.empty(0)
    if min(np.count_nonzero(bought), np.count_nonzero(bought == 0)) < LEAST_OUTCOMES:
        return Calibration(None, None, UNCALIBRATED)
    columns = stacked([known for known, _ in past])
    is_buyer = bought > 0
    chance = fit_logistic(columns, is_buyer.astype(np.float64), None, random_state)
    further = bought[is_buyer] - 1
    further_days = fit_poisson([column[is_buyer] for column in columns], further) if further.any() else None
    windows = "window" if len(past) == 1 else "windows"
    return Calibration(
        chance, further_days, f"calibrated on {len(past)} {windows} of {window_days} days and {len(bought)} pairs"
    )


def training(
    days: ShoppingDays, origin: int, timezone: str, window_days: int, minimum_days: int
) -> tuple[Situation, Floats]:
    """What was known at the start of the local day `origin`, and on how many days of the window each pair bought."""
    before = days.before(origin)
    rhythm = fit_rhythm(before, minimum_days)
    known = situation(before, rhythm, now=local_midnight(origin, timezone), today=origin, window_days=window_days)
    pair = days.pairs_of(before.pair_customer, before.pair_category)
    return known, days.days_between(pair, origin, origin + window_days).astype(np.float64)


def stacked(situations: Sequence[Situation]) -> list[Floats]:
    """The columns of several moments below each other."""
    return [np.concatenate(column) for column in zip(*(known.columns for known in situations), strict=True)]
