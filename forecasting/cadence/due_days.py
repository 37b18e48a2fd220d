"""Due days beside simpler rules, and the two traps in judging them.

"Bought within seven days of the due day" mostly counts how often somebody buys, so it is printed beside the same days
moved later. And on the very same pairs one constant due day for everybody is a strong rival.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.chances import mean
from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.rhythm import fit_rhythm
from forecasting.cadence.shopping_days import Positions, ShoppingDays
from forecasting.cadence.survival import Spells, SurvivalCurves, fit_survival, fresh_spells
from forecasting.cadence.unusual import YEAR_END, Holiday
from forecasting.values import Floats

OURS = "shrunk"
FOLLOWED_DAYS = 42  # how long a fresh spell is followed; longer gaps count as this long
FRESH_DAYS = 7
NEAR_DAYS = 7
DUE_WITHIN_DAYS = 28
CONSTANT_DAYS = 7
MOVED_DAYS = (7, 14, 21)
MINIMUM_DAYS = 4


@dataclass(frozen=True, eq=False)
class DueDays:
    """What every rule says at an origin, and what followed.

    Attributes:
        before: What was known.
        origin: First local day that no rule has seen.
        spells: Purchases of established pairs in the week from the origin on; every rule faces the same ones.
        until_next: Days until the next purchase of each spell, cut at 42, by rule.
        due: Due day of every pair, by rule.
        first: First shopping day from the origin on, infinite without one, shape (pairs,).
        is_judged: Established pairs.
    """

    before: ShoppingDays
    origin: int
    spells: Spells
    until_next: Mapping[str, Floats]
    due: Mapping[str, Floats]
    first: Floats
    is_judged: Flags

    @property
    def lasted(self) -> Floats:
        """How long each spell lasted, cut at 42 days."""
        return np.minimum(self.spells.days, FOLLOWED_DAYS)

    def is_due(self, rule: str, within_days: int = DUE_WITHIN_DAYS) -> Flags:
        """Established pairs that are due from the origin on within so many days."""
        due = self.due[rule]
        return self.is_judged & (due >= self.origin) & (due < self.origin + within_days)

    def is_near(self, due: Floats, chosen: Flags) -> Floats:
        """1 where the first purchase from the origin on lies within seven days of the due day; for chosen pairs."""
        return (np.abs(self.first - due)[chosen] <= NEAR_DAYS).astype(np.float64)


def due_days(
    days: ShoppingDays,
    before: ShoppingDays,
    origin: int,
    *,
    minimum_days: int = MINIMUM_DAYS,
    holidays: tuple[Holiday, ...] = (YEAR_END,),
) -> DueDays:
    """Due days from what was known `before` the origin, judged by all `days`."""
    is_judged = before.counts >= minimum_days
    spells = fresh_spells(days, before, origin, origin + FRESH_DAYS, origin + FRESH_DAYS + FOLLOWED_DAYS)
    chosen = is_judged[spells.pair]
    spells = Spells(spells.pair[chosen], spells.days[chosen], spells.units[chosen], spells.has_ended[chosen])
    rhythm = fit_rhythm(before, minimum_days, holidays)
    curves = fit_survival(before, today=origin, minimum_days=minimum_days, holidays=holidays)
    intervals = _rules(before, origin)
    last = before.day[before.starts[1:] - 1]
    due = {rule: np.rint(last + interval) for rule, interval in intervals.items()}
    until_next = {rule: interval[spells.pair] for rule, interval in intervals.items()}
    # Ours knows what was taken when a spell began, and what was taken last.
    due[OURS] = np.rint(last + rhythm.quantile_days(_median(curves, before.counts)))
    after = rhythm.after(spells.pair, spells.units)
    until_next[OURS] = after.quantile_days(_median(curves, before.counts[spells.pair]))
    due["constant"] = np.full(len(before), float(origin + CONSTANT_DAYS))
    return DueDays(
        before,
        origin,
        spells,
        {rule: np.minimum(until_next[rule], FOLLOWED_DAYS) for rule in due},
        due,
        _first_from(days, days.pairs_of(before.pair_customer, before.pair_category), origin),
        is_judged,
    )


def _median(curves: SurvivalCurves, counts: Positions) -> Floats:
    return 1 - curves.said_at(0.5, counts)


def cadence_scores(days: ShoppingDays, origins: Sequence[int]) -> pd.DataFrame:
    """Due days against simpler rules; one row per origin and rule, for pairs with at least four shopping days.

    Columns:
        origin: First day that the fit did not see.
        rule: `shrunk` (ours), `own_median`, `own_mean`, `frequency` (days known over shopping days), `category_median`,
            `category_mean`, `thirty_days`, `constant` (for spells the median of all gaps; for due days seven days after
            the origin).
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
    rows: list[dict[str, object]] = []
    for origin in origins:
        found = due_days(days, days.before(origin), origin)
        later = days.pairs_of(found.before.pair_customer, found.before.pair_category)
        for rule, due in found.due.items():
            is_ahead = found.is_judged & (due >= origin + NEAR_DAYS) & (due < origin + 2 * NEAR_DAYS)
            is_first = found.is_due(rule)
            moved = [_share_near(days, later, due + shift, is_ahead) for shift in MOVED_DAYS]
            rows.append(
                {
                    "origin": np.datetime64(origin, "D"),
                    "rule": rule,
                    "fresh_spells": len(found.spells.pair),
                    "mae_days": mean(np.abs(found.until_next[rule] - found.lasted)),
                    "due": int(is_ahead.sum()),
                    "near": _share_near(days, later, due, is_ahead),
                    "near_moved": mean(np.array(moved)),
                    "first_due": int(is_first.sum()),
                    "first_near": mean(found.is_near(due, is_first)),
                    "first_near_moved": mean(found.is_near(due + NEAR_DAYS, is_first)),
                    "first_near_constant": mean(found.is_near(found.due["constant"], is_first)),
                }
            )
    return pd.DataFrame(rows)


def _rules(before: ShoppingDays, origin: int) -> dict[str, Floats]:
    """The interval in days that every simpler rule gives each pair."""
    gaps = pd.DataFrame({"pair": before.pair[1:], "gap": np.diff(before.day), "same": np.diff(before.pair) == 0})
    gaps = gaps[gaps["same"]]
    gaps["category"] = before.pair_category[gaps["pair"]]
    pairs, categories = np.arange(len(before)), pd.Series(before.pair_category)
    own, category = gaps.groupby("pair")["gap"], gaps.groupby("category")["gap"]
    constant = float(gaps["gap"].median()) if len(gaps) else float(DUE_WITHIN_DAYS)
    return {
        "own_median": own.median().reindex(pairs).fillna(constant).to_numpy(dtype=np.float64),
        "own_mean": own.mean().reindex(pairs).fillna(constant).to_numpy(dtype=np.float64),
        "frequency": (origin - before.day[before.starts[:-1]]) / before.counts,
        "category_median": categories.map(category.median()).fillna(constant).to_numpy(dtype=np.float64),
        "category_mean": categories.map(category.mean()).fillna(constant).to_numpy(dtype=np.float64),
        "thirty_days": np.full(len(before), 30.0),
        "constant": np.full(len(before), constant),
    }


def _first_from(days: ShoppingDays, later: Positions, origin: int) -> Floats:
    """First shopping day from the origin on, infinite without one; shape of `later`."""
    place = days.starts[later] + days.days_between(later, 0, origin)
    has_one = place < days.starts[later + 1]
    return np.where(has_one, days.day[np.minimum(place, len(days.day) - 1)], np.inf)


def _share_near(days: ShoppingDays, later: Positions, due: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    around = due[chosen].astype(np.int64)
    return mean(days.days_between(later[chosen], around - NEAR_DAYS, around + NEAR_DAYS + 1) > 0)
