"""Checks of what a run decides from: tables, graph, view and forecasts."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.values import Cadence, Forecasts, Keys
from forecasting.values.timing import HOURS_PER_WEEK
from lake.runs import RunRow
from pipelines.checks.check import Check, Finding, found
from pipelines.day import Day
from pipelines.errors import SourceError
from pipelines.graph_access import playbook_graph
from pipelines.stored import canonical_tables, graph_state, stored_forecasts, stored_view

QUARANTINE_SHARE = 0.05


def _usable_rows(_day: Day, run: RunRow) -> Finding:
    rows, quarantined = run.about["rows"], run.about["quarantined"]
    unusable = [name for name, kept in rows.items() if kept == 0 and quarantined.get(name, 0) > 0]
    return found({"tables without a usable row": unusable}, tables=len(rows))


def _few_quarantined(_day: Day, run: RunRow) -> Finding:
    shares = {
        name: run.about["quarantined"].get(name, 0) / max(kept + run.about["quarantined"].get(name, 0), 1)
        for name, kept in run.about["rows"].items()
    }
    above = {name: round(share, 4) for name, share in shares.items() if share > QUARANTINE_SHARE}
    return found({"above": above}, threshold=QUARANTINE_SHARE, largest=round(max(shares.values(), default=0.0), 4))


def _graph_as_loaded(day: Day, _run: RunRow) -> Finding:
    from graph.in_use import counted
    from graph.load import loaded_rows
    from graph.schema import kinds_of

    with playbook_graph(day, "relate") as store:
        loaded = loaded_rows(store, graph_state(day), "knowledge")
        present = counted(store, kinds_of("knowledge"))
    wrong = {
        kind: f"{number:,} in the graph, {loaded.get(kind, 0):,} in the tables"
        for kind, number in present.items()
        if number != loaded.get(kind, 0)
    }
    return found({"different": wrong}, rows=sum(present.values()), kinds=len(present))


def _view_has_customers(day: Day, run: RunRow) -> Finding:
    stated = pd.Index(canonical_tables(day, run, ["customers"])["customers"]["customer_id"])
    viewed = pd.Index(stored_view(day, run).customers.keys)
    return found(
        {"missing in the view": stated.difference(viewed), "not in the tables": viewed.difference(stated)},
        customers=len(viewed),
    )


def _forecasts_are_possible(day: Day, run: RunRow) -> Finding:
    forecasts = stored_forecasts(day, run)
    cadence, uplift = forecasts.cadence, forecasts.uplift
    outside = ~(
        _is_probability(cadence.p_purchase)
        & _is_probability(cadence.survival)
        & _is_probability(cadence.survival_week_ago)
    )
    disordered = ~(
        (cadence.interval_low_days <= cadence.interval_days) & (cadence.interval_days <= cadence.interval_high_days)
    )
    boundless = ~(np.isfinite(uplift.mean) & np.isfinite(uplift.sd) & (uplift.sd >= 0))
    return found(
        {
            "no probability": _pairs(cadence, outside),
            "outside its interval": _pairs(cadence, disordered),
            "margin is no number": _pairs(cadence, ~np.isfinite(cadence.margin_none)),
            "uplift is no number": uplift.asset_kind[boundless],
            **_parts_that_are_impossible(forecasts),
        },
        rhythms=len(cadence.customer_id),
        grade=uplift.grade,
    )


def _parts_that_are_impossible(forecasts: Forecasts) -> dict[str, Keys]:
    """Customers of whom a part that may lack says what cannot be."""
    timing, value, response = forecasts.timing, forecasts.lifetime_value, forecasts.response
    wrong: dict[str, Keys] = {}
    if timing is not None:
        is_hour = (timing.hour_of_week >= 0) & (timing.hour_of_week < HOURS_PER_WEEK)
        wrong["no hour of a week"] = timing.customer_id[~(is_hour & _is_probability(timing.share))]
    if value is not None:
        is_ordered = (value.pclv_low <= value.pclv) & (value.pclv <= value.pclv_high)
        wrong["no lifetime value"] = value.customer_id[~(is_ordered & _is_probability(value.p_alive))]
    keys = response.customer_id if response is not None else np.zeros(0, dtype=object)
    for target, factors in (response.targets if response is not None else {}).items():
        is_finite = np.isfinite(factors.customer_effect) & np.isfinite(factors.customer_factor).all(axis=1)
        wrong[f"no {target}"] = keys[~is_finite]
    return wrong


def _pairs(cadence: Cadence, is_wrong: npt.NDArray[np.bool_]) -> list[str]:
    """Customer and category of the rhythms that are wrong."""
    pairs = zip(cadence.customer_id[is_wrong], cadence.category_id[is_wrong], strict=True)
    return [f"{customer} {category}" for customer, category in pairs]


def _is_probability(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.asarray((values >= 0) & (values <= 1))


OF_PERCEIVE = (
    Check(
        "every_source_has_usable_rows",
        "Every source that returned rows has at least one that can be used.",
        _usable_rows,
        remedy="See why they were refused: warrant check. Then mend the source query or the data.",
        error=SourceError,
    ),
    Check(
        "few_rows_are_in_quarantine",
        f"No table has more than {QUARANTINE_SHARE:.0%} of its rows in quarantine.",
        _few_quarantined,
        remedy="See why they were refused: warrant check.",
        is_blocking=False,
    ),
)
OF_RELATE = (
    Check(
        "graph_holds_what_the_tables_say",
        "The graph holds as many nodes and relationships of every kind as the tables say.",
        _graph_as_loaded,
        remedy="Make sure that nobody else writes to this graph, then run the day again.",
        is_done_again=True,
    ),
    Check(
        "view_knows_exactly_the_customers",
        "The view that decisions are made from has exactly the customers of the tables.",
        _view_has_customers,
        remedy="Make sure that nobody else writes to this graph, then run the day again.",
        is_done_again=True,
    ),
)
OF_FORECAST = (
    Check(
        "forecasts_are_possible",
        "Every probability lies between 0 and 1, every forecast within its interval, and nothing is no number.",
        _forecasts_are_possible,
        remedy="Look for impossible values in purchases: warrant check.",
    ),
)
