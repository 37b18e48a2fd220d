"""All experiments and campaigns of a playbook's tables, compared and judged."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.evidence.campaigns import campaign_starts, compare_campaign
from forecasting.evidence.comparisons import Comparison, Lifts, Population, asked_for, population, weekly_by_household
from forecasting.evidence.counted import Counted, count_outcome
from forecasting.evidence.experiments import Counting, compare_experiment, count_events, count_results
from forecasting.evidence.settings import EvidenceSettings
from forecasting.evidence.sizes import settling_test
from forecasting.inputs import moment, utc_times

LIFT_TABLES = (
    "customers",
    "purchases",
    "products",
    "categories",
    "signals",
    "touches",
    "campaigns",
    "assignments",
    "results",
)
DEFAULTS = EvidenceSettings()


def playbook_lifts(
    tables: Mapping[str, pd.DataFrame],
    settings: EvidenceSettings = DEFAULTS,
    *,
    as_of: datetime,
    timezone: str,
    window_days: int,
    campaign: str | None = None,
    outcome: str | None = None,
    without: Sequence[str] = (),
) -> Lifts:
    """Compare and judge everything that was sent, or one campaign or experiment.

    Args:
        tables: Canonical tables named in `LIFT_TABLES`.
        settings: Thresholds.
        as_of: Nothing from then on is read.
        timezone: Of the playbook; a campaign's window is whole local days.
        window_days: Window after a draw, and of a campaign without an end.
        campaign: Key of the campaign or experiment; None for all.
        outcome: spend, orders, a signal's name or a metric of `results`; None for spend, and for all metrics.
        without: Categories whose purchases do not count.

    Raises:
        ForecastingError: Nothing is called so, or nothing can be counted.
    """
    people = population(tables["customers"])
    assignments = tables["assignments"]
    assignments = assignments[utc_times(assignments, "assignments", "assigned_at") < moment(as_of)]
    starts = campaign_starts(tables, as_of)
    experiments = {str(name): "experiment" for name in sorted(assignments["experiment_id"].unique())}
    # a campaign that was an experiment is compared as what it was: with those who were drawn to get nothing
    known = experiments | {name: "campaign" for name in starts if name not in experiments}
    counted = _counted(tables, outcome, without, as_of)
    daily = None if counted is None else counted.by_local_day(timezone)
    comparisons: list[Comparison] = []
    for name in asked_for(known, campaign):
        if known[name] == "experiment":
            rows = assignments[assignments["experiment_id"] == name]
            told = tables["results"][tables["results"]["experiment_id"] == name]
            countings = _countings(rows, told, counted, people, as_of=as_of, days=window_days, outcome=outcome)
            for counting in countings:
                comparisons += compare_experiment(name, counting, settings)
        elif daily is not None:
            comparisons.append(
                compare_campaign(
                    name,
                    tables,
                    daily,
                    people,
                    settings,
                    as_of=as_of,
                    timezone=timezone,
                    default_days=window_days,
                )
            )
    drawn_unit = "households" if len(people.unit) != len(set(people.household)) else "customers"
    households = len(np.unique(people.household.astype(str)))
    if counted is None:
        return Lifts(tuple(comparisons), None, (), households, drawn_unit)
    weekly = weekly_by_household(counted, people, moment(as_of), most=2 * settings.longest_test_weeks)
    shares = sorted({settings.sought_share, 0.02, 0.05, 0.1})
    sizes = [settling_test(weekly, settings, share=share) for share in shares]
    return Lifts(
        tuple(comparisons),
        settling_test(weekly, settings),
        tuple(size for size in sizes if size is not None),
        households,
        drawn_unit,
        counted.is_money,
    )


def _counted(
    tables: Mapping[str, pd.DataFrame], outcome: str | None, without: Sequence[str], as_of: datetime
) -> Counted | None:
    """The events of the outcome; None where only results tell of it."""
    metrics = set(tables["results"]["metric"].dropna())
    has_events = len(tables["purchases"]) or len(tables["signals"])
    if outcome in metrics or (not has_events and metrics):
        return None
    return count_outcome(tables, outcome, without=without).before(moment(as_of))


def _countings(
    rows: pd.DataFrame,
    told: pd.DataFrame,
    counted: Counted | None,
    people: Population,
    *,
    as_of: datetime,
    days: int,
    outcome: str | None,
) -> list[Counting]:
    """An experiment by its results where it has any; else by what happened."""
    metrics = sorted(told["metric"].unique())
    wanted = [metric for metric in metrics if outcome in (None, metric)]
    if wanted:
        return [one for metric in wanted for one in count_results(rows, told, metric, people, as_of=as_of)]
    if counted is not None:
        return [count_events(rows, counted, people, days=days, as_of=as_of)]
    raise ForecastingError(
        f"The experiment {rows['experiment_id'].iloc[0]} has no result called `{outcome}`.",
        where="results",
        remedy=f"It has: {', '.join(metrics) or 'none'}.",
    )
