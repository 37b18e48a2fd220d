"""Honest scores: every forecast beside what one would use instead, on weeks that the fit did not see.

Each origin is a day in the past; the model is fitted on what was known when that day began and judged by what followed.
Two traps are measured instead of avoided in silence. "Bought within ±7 days of the due day" mostly counts how often
somebody buys, so it is printed beside the same days moved later. And on the model's own pairs one constant due day is
a strong rival.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.calibration import FREQUENCY_COLUMN, ORIGINS, stacked, training
from forecasting.cadence.rhythm import fit_rhythm
from forecasting.cadence.shopping_days import Positions, ShoppingDays
from forecasting.inputs import local_days, moment
from forecasting.regression import fit_logistic, probability
from forecasting.settings import ForecastSettings
from forecasting.values import Floats

FOLLOWED_DAYS = 42  # how long a fresh spell is followed; longer gaps count as this long
FRESH_DAYS = 7
NEAR_DAYS = 7
CONSTANT_DAYS = 7
MOVED_DAYS = (7, 14, 21)
MINIMUM_DAYS = 4
BANDS = 20


def rolling_origins(as_of: datetime, timezone: str, *, count: int = 5, step_days: int = 14) -> list[int]:
    """Local days (since 1970-01-01), ascending, the last one early enough that all that is scored lies before as-of."""
    today = int(local_days(np.array([moment(as_of)]), timezone)[0])
    latest = today - FOLLOWED_DAYS - FRESH_DAYS
    return [latest - step_days * back for back in reversed(range(count))]


def cadence_scores(days: ShoppingDays, origins: Sequence[int]) -> pd.DataFrame:
    """Due days against simpler rules; one row per origin and rule, for pairs with at least four shopping days.

    Columns:
        origin: First day that the fit did not see.
        rule: `shrunk` (ours), `own_median`, `own_mean`, `category_median`, `category_mean`, `thirty_days`,
            `constant` (for spells the median of all gaps; for due days seven days after the origin, for our pairs).
        fresh_spells: Purchases in the week from the origin on; every rule faces the same ones.
        mae_days: Mean absolute error of the time to the next purchase, both cut at 42 days.
        due: Pairs due 7 to 13 days after the origin (whole windows of 7 days either side were seen).
        near: Share of them with any purchase within 7 days of the due day.
        near_moved: The same when the due days are moved 7, 14 and 21 days later (mean): what frequency alone gives.
        first_due: Pairs due within 28 days from the origin on.
        first_near: Share of them whose first purchase from the origin on lies within 7 days of the due day.
        first_near_moved: The same with due days moved 7 days later.
        first_near_constant: The same with one due day, seven days after the origin, for these very pairs.
    """
    rows = [row for origin in origins for row in _cadence_rows(days, origin)]
    return pd.DataFrame(rows)


def _cadence_rows(days: ShoppingDays, origin: int) -> list[dict[str, object]]:
    before = days.before(origin)
    rules = _rules(before)
    later = days.pairs_of(before.pair_customer, before.pair_category)
    is_judged = before.counts >= MINIMUM_DAYS
    last = before.day[before.starts[1:] - 1]
    spell_pair, spell_days = _fresh_spells(days, later, origin)
    known = is_judged[spell_pair]
    spell_pair, spell_days = spell_pair[known], np.minimum(spell_days[known], FOLLOWED_DAYS)
    first = _first_from(days, later, origin)

    rows: list[dict[str, object]] = []
    for rule, interval in rules.items():
        due = np.full(len(before), origin + CONSTANT_DAYS) if rule == "constant" else np.rint(last + interval)
        is_ahead = is_judged & (due >= origin + NEAR_DAYS) & (due < origin + 2 * NEAR_DAYS)
        is_first = is_judged & (due >= origin) & (due < origin + 4 * NEAR_DAYS)
        moved = [_share_near(days, later, due + shift, is_ahead) for shift in MOVED_DAYS]
        rows.append(
            {
                "origin": np.datetime64(origin, "D"),
                "rule": rule,
                "fresh_spells": len(spell_pair),
                "mae_days": _mean(np.abs(np.minimum(interval[spell_pair], FOLLOWED_DAYS) - spell_days)),
                "due": int(is_ahead.sum()),
                "near": _share_near(days, later, due, is_ahead),
                "near_moved": _mean(np.array(moved)),
                "first_due": int(is_first.sum()),
                "first_near": _mean(np.abs(first - due)[is_first] <= NEAR_DAYS),
                "first_near_moved": _mean(np.abs(first - due - NEAR_DAYS)[is_first] <= NEAR_DAYS),
                "first_near_constant": _mean(np.abs(first - origin - CONSTANT_DAYS)[is_first] <= NEAR_DAYS),
            }
        )
    return rows


def _rules(before: ShoppingDays) -> dict[str, Floats]:
    """The interval in days that every rule gives each pair."""
    gaps = pd.DataFrame({"pair": before.pair[1:], "gap": np.diff(before.day), "same": np.diff(before.pair) == 0})
    gaps = gaps[gaps["same"]]
    gaps["category"] = before.pair_category[gaps["pair"]]
    pairs, categories = np.arange(len(before)), pd.Series(before.pair_category)
    own, category = gaps.groupby("pair")["gap"], gaps.groupby("category")["gap"]
    constant = float(gaps["gap"].median())
    return {
        "shrunk": fit_rhythm(before).quantile_days(0.5),
        "own_median": own.median().reindex(pairs).fillna(constant).to_numpy(dtype=np.float64),
        "own_mean": own.mean().reindex(pairs).fillna(constant).to_numpy(dtype=np.float64),
        "category_median": categories.map(category.median()).fillna(constant).to_numpy(dtype=np.float64),
        "category_mean": categories.map(category.mean()).fillna(constant).to_numpy(dtype=np.float64),
        "thirty_days": np.full(len(before), 30.0),
        "constant": np.full(len(before), constant),
    }


def _fresh_spells(days: ShoppingDays, later: Positions, origin: int) -> tuple[Positions, Floats]:
    """Purchases in the week from the origin on: position of the pair in `later`, and days until its next purchase."""
    pair = days.pair
    until_next = np.append(np.where(np.diff(pair) == 0, np.diff(days.day), FOLLOWED_DAYS), FOLLOWED_DAYS)
    is_fresh = (days.day >= origin) & (days.day < origin + FRESH_DAYS)
    place = np.full(len(days), -1, dtype=np.int64)
    place[later] = np.arange(len(later))
    is_fresh &= place[pair] >= 0
    return place[pair[is_fresh]], until_next[is_fresh].astype(np.float64)


def _first_from(days: ShoppingDays, later: Positions, origin: int) -> Floats:
    """First shopping day from the origin on, infinite without one; shape of `later`."""
    place = days.starts[later] + days.days_between(later, 0, origin)
    has_one = place < days.starts[later + 1]
    return np.where(has_one, days.day[np.minimum(place, len(days.day) - 1)], np.inf)


def _share_near(days: ShoppingDays, later: Positions, due: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    around = due[chosen].astype(np.int64)
    return _mean(days.days_between(later[chosen], around - NEAR_DAYS, around + NEAR_DAYS + 1) > 0)


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def purchase_scores(
    days: ShoppingDays, origins: Sequence[int], timezone: str, settings: ForecastSettings
) -> pd.DataFrame:
    """The chance of a purchase within the value window against simpler ones; one row per origin and model.

    Columns: origin; model (`calibrated` is ours, `log_normal` the same uncalibrated, `frequency` a logistic of
        shopping days
    in 91 days, `base_rate`); pairs; bought (their share); predicted (mean); brier; skill (1 - brier / that of the
    base rate); auc; calibration_error (mean over 20 equal bands of the absolute difference of predicted and bought).
    """
    window, minimum = settings.value_window_days, settings.minimum_days
    rows = []
    for origin in origins:
        known, counts = training(days, origin, timezone, window, minimum)
        past = [
            training(days, origin - window * (back + 1), timezone, window, minimum)
            for back in range(ORIGINS)
            if origin - window * (back + 2) > days.history_day
        ]
        if not past:
            continue
        columns = stacked([situation for situation, _ in past])
        labels = (np.concatenate([bought for _, bought in past]) > 0).astype(np.float64)
        ours = fit_logistic(columns, labels, None, 0)
        frequency = fit_logistic([columns[FREQUENCY_COLUMN]], labels, None, 0)
        bought = (counts > 0).astype(np.float64)
        base = np.full(len(bought), labels.mean())
        forecasts = {
            "calibrated": probability(ours.value(known.columns)),
            "log_normal": known.chance,
            "frequency": probability(frequency.value([known.columns[FREQUENCY_COLUMN]])),
            "base_rate": base,
        }
        rows += [
            {"origin": np.datetime64(origin, "D"), "model": name, **_judged(predicted, bought, base)}
            for name, predicted in forecasts.items()
        ]
    return pd.DataFrame(rows)


def _judged(predicted: Floats, bought: Floats, base: Floats) -> dict[str, object]:
    brier = _mean((predicted - bought) ** 2)
    return {
        "pairs": len(bought),
        "bought": _mean(bought),
        "predicted": _mean(predicted),
        "brier": brier,
        "skill": 1 - brier / _mean((base - bought) ** 2),
        "auc": area_under_curve(predicted, bought),
        "calibration_error": calibration_error(predicted, bought),
    }


def calibration_error(predicted: Floats, happened: Floats, bands: int = BANDS) -> float:
    """Mean absolute difference of predicted and happened over equally large bands of the prediction."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bands) if len(part)]
    return sum(abs(_mean(predicted[part]) - _mean(happened[part])) * len(part) for part in parts) / len(predicted)


def area_under_curve(predicted: Floats, happened: Floats) -> float:
    """P(a pair that did is ranked above one that did not): 0.5 is chance; nan when all did or none."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(happened, predicted)) if 0 < happened.mean() < 1 else float("nan")
