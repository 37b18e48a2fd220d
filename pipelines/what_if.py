"""One customer of a run, taken out of it so that they can be decided again: what `why` asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from decisioning.bids import Bids, nobody
from decisioning.case import Case, Outcome
from decisioning.decide import decide, propose
from decisioning.motives import Motives
from decisioning.options import Options
from decisioning.planned import with_planned
from decisioning.settings import DecisionSettings
from decisioning.weighing import Weighed, weigh
from forecasting.values import Forecasts
from graph.erase import view_without
from graph.view import View
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.deciding import settings_of
from pipelines.stored import canonical_tables, stored_forecasts, stored_view
from pipelines.subjects.erased import absent_bids

MOTIVE_COLUMNS = ["play", "subject", "strength", "starts_at", "until"]


@dataclass(frozen=True, eq=False)
class Opened:
    """A customer's case and what is known of it.

    Attributes:
        case: Decided again it gives the record, or `is_reproduced` is false.
        weighed: All that could have been said.
        outcome: What is on record.
        is_reproduced: Whether deciding the case again gives what is on record. Where it does not (another code, or
            another playbook, decided it), nothing that is found by deciding again may be claimed.
        propose_again: Finds the motives of a changed case; None where this customer's motives depend on others.
    """

    case: Case
    weighed: Weighed
    outcome: Outcome
    is_reproduced: bool
    propose_again: Callable[[Case], Case] | None


def open_case(day: Day, run: RunRow, record: dict[Any, Any]) -> Opened:
    """The case of the customer of a record."""
    view, forecasts = stored_view(day, run), stored_forecasts(day, run)
    settings = settings_of(day, run)
    case = case_of(
        str(record["customer_id"]),
        view,
        propose(view, forecasts, settings, run.identity.as_of),
        forecasts=forecasts,
        settings=settings,
        touches=touches_with_planned(day, run, view, settings),
        absent=absent_bids(day, run, view),
    )
    outcome = Outcome.of(record)
    prices = run.steps["decide"]["facts"]["summary"]["shadow_prices"]
    return Opened(
        case=case,
        weighed=weigh(case, prices),
        outcome=outcome,
        is_reproduced=case.decided().is_equal(outcome),
        propose_again=_proposed_again if _is_local(case) else None,
    )


def case_of(
    customer_id: str,
    view: View,
    motives: Motives,
    *,
    forecasts: Forecasts,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    absent: Bids | None = None,
) -> Case:
    """One customer's case out of everybody's: all are decided once, for what the others bid."""
    absent = absent or nobody()
    made = decide(view, motives, forecasts, settings, touches, as_of=view.as_of, absent=absent)
    return Case(
        view=view_without(view, [key for key in view.customers.keys if key != customer_id]),
        motives=_motives_of(motives, customer_id),
        forecasts=forecasts_of(forecasts, [customer_id]),
        settings=settings,
        touches=touches,
        others=_others(absent, made.bids, view, customer_id),
        as_of=view.as_of,
    )


def _proposed_again(case: Case) -> Case:
    return replace(case, motives=propose(case.view, case.forecasts, case.settings, case.as_of))


def _is_local(case: Case) -> bool:
    """Whether the customer alone has the motives that they have among all others."""
    alone = _proposed_again(case).motives.table[MOTIVE_COLUMNS].reset_index(drop=True)
    return alone.equals(case.motives.table[MOTIVE_COLUMNS].reset_index(drop=True))


def _motives_of(motives: Motives, customer_id: str) -> Motives:
    return Motives(motives.told(np.flatnonzero(motives.table["customer_id"].to_numpy(dtype=object) == customer_id)))


def forecasts_of(forecasts: Forecasts, customer_ids: Sequence[str]) -> Forecasts:
    """What is forecast about some customers; what is about everybody stays."""
    cadence, recent = (
        _rows_of(each, pd.Index(each.customer_id).isin(customer_ids)) for each in (forecasts.cadence, forecasts.recent)
    )
    return replace(forecasts, cadence=cadence, recent=recent)


def _rows_of(values: Any, chosen: Any) -> Any:
    changes = {
        each.name: getattr(values, each.name)[chosen]
        for each in fields(values)
        if isinstance(getattr(values, each.name), np.ndarray)
    }
    return replace(values, **changes)


def touches_with_planned(day: Day, run: RunRow, view: View, settings: DecisionSettings) -> pd.DataFrame:
    """What a run knew to have been sent, and what other systems planned."""
    tables = canonical_tables(day, run, ["touches", "planned_touches"])
    return with_planned(tables["touches"], tables["planned_touches"], view, settings)


def _others(absent: Bids, bids: Bids, view: View, customer_id: str) -> Bids:
    """What everybody but one customer bid, those who were erased since included, and what everybody usually does."""
    total = len(view.customers) + len(absent.places)
    here = np.setdiff1d(np.arange(total, dtype=np.int32), absent.places).astype(np.int32)
    mine = int(view.customers.positions([customer_id])[0])
    theirs = bids.of(np.setdiff1d(bids.places, [mine]).astype(np.int32))
    options = replace(theirs.options, customer=here[theirs.options.customer])
    places = np.concatenate([here[theirs.places], absent.places]).astype(np.int32)
    order = np.argsort(places)
    owners = {
        name: np.concatenate([owner, absent.owners.get(name, np.full(len(absent.places), None, dtype=object))])[order]
        for name, owner in theirs.owners.items()
    }
    return replace(theirs, places=places[order], options=_merged(options, absent.options), owners=owners)


def _merged(one: Options, other: Options) -> Options:
    """Both, in order of customer."""
    names = [each.name for each in fields(Options)]
    both = Options(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names})
    return both.take(np.argsort(both.customer, kind="stable"))
