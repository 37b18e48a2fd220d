"""What was drawn by chance: `assignments`, with what came after them counted as events, or as `results` say."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.evidence.comparisons import Comparison, Population
from forecasting.evidence.counted import Counted
from forecasting.evidence.draws import NOTHING, Draws
from forecasting.evidence.grading import lift, nothing_to_compare
from forecasting.evidence.settings import EvidenceSettings
from forecasting.evidence.windows import window_sums
from forecasting.inputs import MICROSECONDS_PER_DAY, moment, utc_times
from forecasting.values import Floats, Times
from forecasting.values.evidence import Lift

MOST_EARLIER = 2


@dataclass(frozen=True, eq=False)
class Counting:
    """Assignments whose window has closed, and what it brought.

    Attributes:
        draws: None where not a single window has closed.
        days: Length of the window.
        outcome: What was counted.
        is_money: Whether that is money.
        still_open: Rows whose window has not closed.
        without_result: Rows that the results do not tell about.
    """

    draws: Draws | None
    days: float
    outcome: str
    is_money: bool
    still_open: int
    without_result: int = 0


def closed_windows(assignments: pd.DataFrame, *, days: float, as_of: datetime) -> npt.NDArray[np.bool_]:
    """Rows that count: those with assigned_at + days <= min(observed_until, as_of), shape (rows,).

    A draw whose window is still open is no zero.
    """
    assigned = utc_times(assignments, "assignments", "assigned_at")
    until = np.full(len(assigned), moment(as_of))
    if "observed_until" in assignments.columns:
        seen = pd.to_datetime(assignments["observed_until"], utc=True).dt.tz_localize(None)
        stated = seen.to_numpy(dtype="datetime64[us]")
        until = np.where(np.isnat(stated), until, np.minimum(stated, until))
    return np.asarray(assigned + _length(days) <= until)


def count_events(rows: pd.DataFrame, counted: Counted, people: Population, *, days: float, as_of: datetime) -> Counting:
    """Assignments of one experiment with what their units brought in the window after each.

    Args:
        rows: Of `assignments`.
        counted: The outcome.
        people: For households.
        days: Length of the window.
        as_of: Nothing from then on is known.
    """
    is_closed = closed_windows(rows, days=days, as_of=as_of)
    rows, still_open = rows[is_closed], int((~is_closed).sum())
    if rows.empty:
        return Counting(None, days, counted.name, counted.is_money, still_open)
    since = utc_times(rows, "assignments", "assigned_at")
    known = counted.occurred_at.min() if len(counted.occurred_at) else moment(as_of)
    earlier = int(np.clip((since.min() - known) // _length(days), 0, MOST_EARLIER))
    unit = rows["customer_id"].to_numpy(dtype=object)
    sums = window_sums(unit, since, (counted.unit, counted.occurred_at, counted.value), days=days, earlier=earlier)
    draws = _draws(rows, people, since, sums[:, 0], sums[:, 1:])
    return Counting(draws, days, counted.name, counted.is_money, still_open)


def count_results(
    rows: pd.DataFrame, results: pd.DataFrame, metric: str, people: Population, *, as_of: datetime
) -> list[Counting]:
    """Assignments of one experiment with what a test run elsewhere counted: one counting per length of window.

    A row that the results do not tell about is no zero: those say zeros themselves.

    Args:
        rows: Of `assignments`.
        results: Of the same experiment.
        metric: Which of them.
        people: For households.
        as_of: Nothing from then on is known.
    """
    told = results[results["metric"] == metric]
    lengths = np.unique(told["window_days"].to_numpy(dtype=np.float64))
    return [
        _count(rows, told[told["window_days"] == days], metric, people, days=float(days), as_of=as_of)
        for days in lengths
    ]


def _count(
    rows: pd.DataFrame, told: pd.DataFrame, metric: str, people: Population, *, days: float, as_of: datetime
) -> Counting:
    is_closed = closed_windows(rows, days=days, as_of=as_of)
    kept, key = rows[is_closed], ["experiment_id", "customer_id", "assigned_at"]
    joined = kept.merge(told[[*key, "value"]], on=key, how="left", validate="one_to_one")
    missing = joined["value"].isna()
    still_open, joined = int((~is_closed).sum()), joined[~missing]
    if joined.empty:
        return Counting(None, days, metric, is_money=False, still_open=still_open, without_result=int(missing.sum()))
    since = utc_times(joined, "assignments", "assigned_at")
    if missing.any():
        # who is missing may differ by arm, so what is left is no draw any more
        joined = joined.assign(propensity=np.nan)
    value = joined["value"].to_numpy(dtype=np.float64)
    draws = _draws(joined, people, since, value, np.zeros((len(joined), 0)))
    return Counting(draws, days, metric, is_money=False, still_open=still_open, without_result=int(missing.sum()))


def compare_experiment(name: str, counting: Counting, settings: EvidenceSettings) -> list[Comparison]:
    """Every arm against `nothing`, judged; one comparison that says why where that cannot be done."""
    notes = _notes(counting)
    if counting.draws is None:
        reason = "No assignment has a closed window with a result yet; an open window is no zero."
        return [_comparison(name, "", counting, nothing_to_compare("", NOTHING, (reason,)), notes)]
    draws = counting.draws
    arms = [arm for arm in draws.arms if arm != NOTHING]
    if not arms or NOTHING not in draws.arms:
        judged = lift(draws, draws.arms[0], settings, days=counting.days)
        return [_comparison(name, ", ".join(draws.arms), counting, judged, notes)]
    return [_comparison(name, arm, counting, lift(draws, arm, settings, days=counting.days), notes) for arm in arms]


def _comparison(name: str, arm: str, counting: Counting, judged: Lift, notes: tuple[str, ...]) -> Comparison:
    draws = counting.draws
    first = None if draws is None else draws.assigned_at.min().astype("datetime64[us]").item().replace(tzinfo=UTC)
    means: tuple[tuple[float, float], ...] = ()
    if draws is not None and judged.verdict != "nothing_to_compare":
        columns = np.column_stack([draws.outcome, draws.earlier]).T
        means = tuple((_mean(c, draws.arm == arm), _mean(c, draws.arm == NOTHING)) for c in columns)
    return Comparison(
        name=name,
        kind="experiment",
        about=f"arm {arm}" if arm else "",
        starts_at=first,
        days=counting.days,
        is_open=counting.still_open > 0,
        outcome=counting.outcome,
        is_money=counting.is_money,
        lift=judged,
        notes=notes,
        earlier_means=means,
    )


def _mean(values: Floats, flags: npt.NDArray[np.bool_]) -> float:
    return float(values[flags].mean())


def _notes(counting: Counting) -> tuple[str, ...]:
    notes = []
    if counting.still_open:
        notes.append(f"{counting.still_open:,} assignments have a window that is still open; they do not count yet.")
    if counting.without_result:
        notes.append(f"{counting.without_result:,} assignments have no result, so that those left are no draw.")
    return tuple(notes)


def _draws(rows: pd.DataFrame, people: Population, since: Times, outcome: Floats, earlier: Floats) -> Draws:
    unit = rows["customer_id"].to_numpy(dtype=object)
    place = pd.Index(people.unit).get_indexer(pd.Index(unit))
    household = np.where(place >= 0, people.household[np.maximum(place, 0)], unit)
    propensity = None
    if "propensity" in rows.columns and rows["propensity"].notna().any():
        propensity = rows["propensity"].to_numpy(dtype=np.float64)
    return Draws(
        unit=unit,
        cluster=household.astype(object),
        arm=rows["arm"].to_numpy(dtype=object),
        assigned_at=since,
        outcome=outcome,
        earlier=earlier,
        propensity=propensity,
        experiment=rows["experiment_id"].to_numpy(dtype=object),
    )


def _length(days: float) -> np.timedelta64:
    return np.timedelta64(round(days * MICROSECONDS_PER_DAY), "us")
