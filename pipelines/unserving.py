"""Unserved value of a run: who was sent nothing, what they would have been worth, and the cheapest fix."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from decisioning.case import Case
from decisioning.decide import propose
from decisioning.motives import Motives
from decisioning.rhythms import align
from decisioning.unserved import COLUMNS, by_cause, by_motive_and_cause, find_unserved
from decisioning.weighing import weigh
from graph.erase import view_without
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.deciding import settings_of
from pipelines.playbook_settings import policy_reasons
from pipelines.running import day_of_run
from pipelines.stored import stored_forecasts, stored_records, stored_view
from pipelines.subjects.erased import usual_of
from pipelines.what_if import forecasts_of, market_of, touches_with_planned

PORTION = 50_000
"""Customers weighed at once; what is gathered for them stays within a few hundred megabytes."""
MOST_FOR_A_SHEET = 100_000
"""Customers without a send up to which a day sheet looks at each of them; `warrant unserved` always does."""

Document = dict[str, Any]


def unserved_value(day: Day, run_id: str | None) -> Document:
    """What was not said in a run, by motive and cause.

    Returns:
        `run_id`, `playbook`, `as_of_day`, `currency`; `customers`, all without a send who are not held out; `value`,
        what they would have brought; `by_cause` and `rows`, whose customers and values add up to both.

    Raises:
        UsageError: Nothing has been decided yet.
    """
    day = day_of_run(day, run_id)
    run = day.current_run()
    return unserved_of(day, run)


def unserved_of(day: Day, run: RunRow) -> Document:
    """The same of a run at hand."""
    records = stored_records(day, run)
    silent = records[(records["verb"] == "none") & ~records["is_ghost"].astype(bool)]
    reasons = {
        str(customer): str(reason)
        for customer, reason in zip(silent["customer_id"], silent["none_reason"], strict=True)
        if isinstance(reason, str)
    }
    parts = [find_unserved(weigh(case), reasons).frame for case in _cases(day, run, silent["customer_id"].tolist())]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return {
        "run_id": run.run_id,
        "playbook": day.playbook.name,
        "as_of_day": run.about["day"],
        "currency": day.playbook.warrant.currency,
        "customers": len(found),
        "value": float(found["value"].sum()) if len(found) else 0.0,
        "by_cause": by_cause(found) if len(found) else [],
        "rows": by_motive_and_cause(found, policy_reasons(day.playbook), market_of(run).prices) if len(found) else [],
    }


def _cases(day: Day, run: RunRow, customer_ids: list[str]) -> Iterator[Case]:
    """The customers in portions, each as a case of its own; what everybody usually does stays everybody's."""
    if not customer_ids:
        return
    view, forecasts, settings = stored_view(day, run), stored_forecasts(day, run), settings_of(day, run)
    motives = propose(view, forecasts, settings, run.identity.as_of)
    touches = touches_with_planned(day, run, view, settings)
    usual = usual_of(day, run, view) or align(view, forecasts.cadence, forecasts.recent).usual
    market = market_of(run)
    every = view.customers.frame["key"]
    for start in range(0, len(customer_ids), PORTION):
        portion = customer_ids[start : start + PORTION]
        rows = motives.table["customer_id"].isin(portion).to_numpy(dtype=np.bool_)
        yield Case(
            view=view_without(view, every[~every.isin(portion)].tolist()),
            motives=Motives(motives.table[rows].reset_index(drop=True)),
            forecasts=forecasts_of(forecasts, portion),
            settings=settings,
            touches=touches[touches["customer_id"].isin(portion)].reset_index(drop=True),
            usual=usual,
            market=market,
            has=None,
            as_of=run.identity.as_of,
        )
