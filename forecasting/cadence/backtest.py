"""Cadence judged on weeks that no fit has seen: due days, chances of buying, and policies built on them.

Each origin is a day in the past; the model is fitted on what was known when that day began and judged by what followed.
Methods were chosen on earlier weeks of the grocer's year; nothing is chosen here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.backtest import Backtest, Curve, known_before, silent
from forecasting.cadence.chances import (
    DECILES,
    Chances,
    area_under_curve,
    banded,
    calibration_error,
    chances_at,
    purchase_scores,
    worst_decile,
)
from forecasting.cadence.due_days import (
    FOLLOWED_DAYS,
    FRESH_DAYS,
    NEAR_DAYS,
    OURS,
    DueDays,
    cadence_scores,
    due_days,
)
from forecasting.cadence.forecast import LABEL
from forecasting.cadence.policies import chance_of_anything, highest, opened_in_a_row, silent_for_30_days
from forecasting.cadence.purchase_lines import lines_and_products
from forecasting.cadence.settings import CadenceSettings
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.cadence.tally import Tally
from forecasting.cadence.unusual import without_gifts
from forecasting.errors import TooLittleDataError
from forecasting.inputs import local_days, local_midnight, moment
from forecasting.values import Floats, Keys

__all__ = [
    "area_under_curve",
    "backtest_cadence",
    "cadence_scores",
    "calibration_error",
    "purchase_scores",
    "rolling_origins",
]

CALIBRATED = "calibrated"
INDIVIDUAL = "individual"
MOVES = tuple(range(-14, 22, 7))


def rolling_origins(as_of: datetime, timezone: str, *, count: int = 5, step_days: int = 14) -> list[int]:
    """Local days (since 1970-01-01), ascending, the last one early enough that all that is scored lies before as-of."""
    today = int(local_days(np.array([moment(as_of)]), timezone)[0])
    latest = today - FOLLOWED_DAYS - FRESH_DAYS
    return [latest - step_days * back for back in reversed(range(count))]


def backtest_cadence(
    tables: Mapping[str, pd.DataFrame],
    settings: CadenceSettings | None = None,
    *,
    as_of: datetime,
    timezone: str,
    seed: int = 0,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score due days, chances of buying and policies against simpler ones, at origins seven weeks or more ago.

    Args:
        tables: purchases, products, [touches, outcomes].
        settings: Windows, and from when on own gaps count.
        as_of: Aware datetime; later rows are not looked at.
        timezone: IANA name.
        seed: Noted in the result; nothing here is random.
        report: Told what is being done.

    Raises:
        TooLittleDataError: No origin has windows before it with enough purchases.
        ForecastingError: A table is not in the expected form.
    """
    chosen = settings or CadenceSettings()
    days = _days(tables, chosen, as_of=as_of, timezone=timezone)
    has_returns = bool((tables["purchases"]["kind"] == "return").any())
    tally = Tally(
        ours=(OURS, CALIBRATED, "calibrated, established", INDIVIDUAL),
        higher_better=(
            *HIGHER_BETTER,
            *(
                f"{metric}_{window}"
                for metric in ("area_under_curve", "bought_anything")
                for window in chosen.windows_days
            ),
            f"bought_within_{min(chosen.windows_days)}_days",
            f"still_absent_after_{max(chosen.windows_days)}_days",
        ),
    )
    seen: dict[int, list[Chances]] = {window: [] for window in chosen.windows_days}
    followed: list[DueDays] = []
    has_opens = False
    for origin in rolling_origins(as_of, timezone, count=chosen.backtest_origins, step_days=chosen.backtest_step_days):
        if origin <= days.history_day:
            continue
        report(f"cadence at {np.datetime64(origin, 'D')}")
        at = pd.Timestamp(local_midnight(origin, timezone)).tz_localize("UTC").to_pydatetime()
        # A purchase that was sent back later had not been sent back yet.
        known = (
            _days(known_before(tables, at), chosen, as_of=at, timezone=timezone) if has_returns else days.before(origin)
        )
        found = {
            window: chances_at(
                days,
                known,
                origin,
                timezone,
                window_days=window,
                minimum_days=chosen.minimum_days,
                holidays=chosen.holidays,
            )
            for window in chosen.windows_days
        }
        complete = {window: chances for window, chances in found.items() if chances is not None}
        if len(complete) < len(found):
            continue
        due = due_days(days, known, origin, minimum_days=chosen.minimum_days, holidays=chosen.holidays)
        _score_due_days(tally, due)
        for window, chances in complete.items():
            seen[window].append(chances)
            _score_chances(tally, due, chances, window)
        _score_policies(tally, due, complete)
        if (opened := opened_in_a_row(tables, at)) is not None:
            window = max(complete)
            _score_opens(tally, opened, days, due, chances=complete[window], window=window)
            has_opens = True
        followed.append(due)
    if not followed:
        raise TooLittleDataError(
            "No origin has enough windows with purchases before it.",
            where="backtest of cadence",
            remedy="It takes some six months of purchases by a few hundred customers.",
        )
    return _result(tally, followed, seen, chosen, seed, has_opens=has_opens)


MEASURES: Mapping[str, Callable[[Floats, Floats], float]] = {
    "area_under_curve": area_under_curve,
    "worst_decile": worst_decile,
    "calibration_error": calibration_error,
    "said_less_seen": lambda said, seen: float((said - seen).mean()),
}
HIGHER_BETTER = (
    "first_purchase_within_7_days",
    "first_purchase_within_7_days_moved_a_week",
    "share_of_purchases_foreseen",
)


def _days(
    tables: Mapping[str, pd.DataFrame], settings: CadenceSettings, *, as_of: datetime, timezone: str
) -> ShoppingDays:
    purchases, products = lines_and_products(tables)
    return without_gifts(
        shopping_days(purchases, products, as_of=as_of, timezone=timezone, margin_pct=settings.margin_pct)
    )


def _score_due_days(tally: Tally, found: DueDays) -> None:
    origin = np.datetime64(found.origin, "D")
    owners = found.before.customers[found.before.pair_customer]
    for rule, said in found.until_next.items():
        tally.add(origin, rule, "days_off", owners[found.spells.pair], np.abs(said - found.lasted))
    for rule, due in found.due.items():
        # The constant is judged on our pairs: on all pairs it would be due for everybody.
        is_due = found.is_due(OURS if rule == "constant" else rule)
        tally.add(origin, rule, "first_purchase_within_7_days", owners[is_due], found.is_near(due, is_due))
        moved = found.is_near(due + NEAR_DAYS, is_due)
        tally.add(origin, rule, "first_purchase_within_7_days_moved_a_week", owners[is_due], moved)


def _score_chances(tally: Tally, due: DueDays, found: Chances, window: int) -> None:
    origin = np.datetime64(due.origin, "D")
    owners = due.before.customers[due.before.pair_customer]
    for name, chance in found.forecasts.items():
        tally.add(origin, name, f"squared_error_{window}", owners, (chance - found.bought) ** 2)
    for model, metric, value, rows in _single_numbers([found], window):
        tally.note(origin, model, metric, value, rows)


def _single_numbers(found: list[Chances], window: int) -> list[tuple[str, str, float, int]]:
    """Ranking and calibration of every model over these origins together: model, metric, value, rows."""
    bought = np.concatenate([one.bought for one in found])
    established = np.concatenate([one.is_established for one in found])
    numbers = []
    for name in found[0].forecasts:
        chance = np.concatenate([one.forecasts[name] for one in found])
        for part, kept in (("", np.ones(len(bought), dtype=bool)), (", established", established)):
            if kept.any():
                numbers += [
                    (f"{name}{part}", f"{metric}_{window}", measure(chance[kept], bought[kept]), int(kept.sum()))
                    for metric, measure in MEASURES.items()
                ]
    return numbers


def _score_policies(tally: Tally, due: DueDays, chances: Mapping[int, Chances]) -> None:
    """The rule of 30 days beside the due day, and beside as many pairs with the highest chance."""
    origin, owners = np.datetime64(due.origin, "D"), due.before.customers[due.before.pair_customer]
    soon, late = chances[min(chances)], chances[max(chances)]
    uniform = silent_for_30_days(due.before, due.origin) & due.is_judged
    own = due.is_due(OURS, NEAR_DAYS)
    policies = {
        "30 days without purchase": uniform,
        INDIVIDUAL: own,
        f"{INDIVIDUAL}, as many as the 30-day rule": highest(
            soon.forecasts[CALIBRATED], int(uniform.sum()), due.is_judged
        ),
    }
    for name, chosen in policies.items():
        tally.add(origin, name, f"bought_within_{min(chances)}_days", owners[chosen], soon.bought[chosen])
        tally.add(origin, name, f"still_absent_after_{max(chances)}_days", owners[chosen], 1 - late.bought[chosen])
        away = np.abs(due.due[OURS] - (due.origin + NEAR_DAYS / 2))[chosen]
        tally.add(origin, name, "days_from_own_due_day", owners[chosen], np.minimum(away, 365.0))
    came = np.flatnonzero(due.is_judged & (soon.bought > 0))
    for name, chosen in policies.items():
        tally.add(origin, name, "share_of_purchases_foreseen", owners[came], chosen[came].astype(np.float64))


def _score_opens(
    tally: Tally, opened: Keys, days: ShoppingDays, due: DueDays, *, chances: Chances, window: int
) -> None:
    """Three opens in a row beside as many customers with the highest chance of buying anything."""
    before = due.before
    reached = before.customers
    is_chosen = np.isin(reached, opened)
    anything = chance_of_anything(before.pair_customer, chances.forecasts[CALIBRATED], len(reached))
    has_bought = np.bincount(before.pair_customer, minlength=len(reached)) > 0
    picked = highest(anything, int(is_chosen.sum()), has_bought)
    position = np.searchsorted(days.customers, reached)
    came = days.customer_days_between(position, due.origin, due.origin + window) > 0
    origin = np.datetime64(due.origin, "D")
    for name, chosen in (("3 opens in a row", is_chosen), (f"{INDIVIDUAL}, as many as opened", picked)):
        tally.add(origin, name, f"bought_anything_{window}", reached[chosen], came[chosen].astype(np.float64))


def _result(
    tally: Tally,
    followed: list[DueDays],
    seen: Mapping[int, list[Chances]],
    settings: CadenceSettings,
    seed: int,
    *,
    has_opens: bool,
) -> Backtest:
    for window, chances in seen.items():
        for numbers in _single_numbers(chances, window):
            tally.conclude(*numbers)
    against = [tally.against(OURS, "days_off")]
    against += [tally.against(CALIBRATED, f"squared_error_{window}") for window in seen]
    table = pd.concat(against, ignore_index=True)
    origins = [str(np.datetime64(one.origin, "D")) for one in followed]
    notes = [
        f"This is {LABEL}.",
        (
            f"days_off: time to the next purchase of pairs with {settings.minimum_days} shopping days who bought in "
            f"the week from the origin on, cut at {FOLLOWED_DAYS} days."
        ),
        (
            "first_purchase_within_7_days: first purchase from the origin on within 7 days of the due day, of pairs "
            "each rule holds due within 28 days; `constant` is one day, a week from the origin, for the pairs ours "
            "holds due. Each rule has pairs of its own, so these shares do not compare; each stands beside the same "
            "due days moved by a week."
        ),
        "A rate of purchases near the due day counts how often people buy, not when: read days_off instead.",
        "worst_decile: of ten equal bands of the chance, the largest difference of what was said and seen.",
        "Policies are compared by whom they choose and what these then bought, not by what a message would change.",
    ]
    if not has_opens:
        notes.append("No opens are recorded: the rule of three opens in a row was not compared.")
    return Backtest(
        what="cadence",
        subject="days until the next purchase of a customer in a category, and the chance of one within "
        f"{' and '.join(map(str, seen))} days, without a touch",
        splits="; ".join(f"fitted before {origin}, reported on what followed within 49 days" for origin in origins),
        seed=seed,
        scores=tally.scores(),
        against=table,
        by_origin=tally.by_origin(),
        curves=(*(_reliability(window, chances) for window, chances in seen.items()), _moved(followed)),
        notes=tuple(notes),
        is_better=bool(table["wins"].all()),
    )


def _reliability(window: int, found: list[Chances]) -> Curve:
    bought = np.concatenate([one.bought for one in found])
    kept = np.concatenate([one.is_established for one in found])
    series = {
        name: banded(np.concatenate([one.forecasts[name] for one in found]), bought, DECILES)
        for name in (CALIBRATED, "frequency", "log_normal")
    }
    ours = np.concatenate([one.forecasts[CALIBRATED] for one in found])
    if kept.any():
        series["calibrated, established"] = banded(ours[kept], bought[kept], DECILES)
    return Curve(
        title=f"Chance of buying within {window} days, in ten equal bands",
        x_label="said",
        y_label="share that bought",
        kind="reliability",
        series=series,
    )


def _moved(followed: list[DueDays]) -> Curve:
    """What the due day knows beyond how often people buy: the peak at 0."""

    def shares(rule: str) -> Floats:
        return np.array(
            [
                np.concatenate([one.is_near(one.due[rule] + shift, one.is_due(OURS)) for one in followed]).mean()
                for shift in MOVES
            ]
        )

    shifts = np.array(MOVES, dtype=np.float64)
    return Curve(
        title="First purchases within 7 days of the due day, of pairs due within 28 days, when the days are moved",
        x_label="days moved",
        y_label="share",
        kind="lines",
        series={"due day": (shifts, shares(OURS)), "one constant day": (shifts, shares("constant"))},
    )
