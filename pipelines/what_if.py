"""One customer of a run, taken out of it so that they can be decided again: what `why` asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from decisioning.bids import Bids
from decisioning.case import Case, Outcome
from decisioning.decide import propose
from decisioning.explain import is_explored
from decisioning.lifetime_values import with_lifetime_values
from decisioning.market import Market
from decisioning.motives import MOTIVE_COLUMNS, Motives
from decisioning.options import Options
from decisioning.planned import with_planned
from decisioning.rhythms import Usual, align
from decisioning.settings import DecisionSettings
from decisioning.weighing import Weighed, weigh
from forecasting.values import Forecasts
from graph.erase import view_without
from graph.view import View
from lake.runs import RunRow
from pipelines.bids_kept import stored_bids
from pipelines.day import Day
from pipelines.deciding import settings_of
from pipelines.stored import MOTIVES, canonical_tables, stored_forecasts, stored_view
from pipelines.subjects.erased import absent_bids, usual_of

FOUND = ["play", "subject", "strength", "starts_at", "until"]


@dataclass(frozen=True, eq=False)
class Opened:
    """A customer's case and what is known of it.

    Attributes:
        weighed: The case, and all that could have been said.
        outcome: What is on record.
        is_explored: Chance chose it, among what is best.
    """

    weighed: Weighed
    outcome: Outcome
    is_explored: bool

    @property
    def case(self) -> Case:
        """Decided again it gives the record, or `is_reproduced` is false."""
        return self.weighed.case

    @cached_property
    def is_reproduced(self) -> bool:
        """Whether deciding the case again gives what is on record.

        Where it does not (another code, or another playbook, decided it), nothing that is found by deciding again may
        be claimed. What chance chose must be there, allowed, and worth what it was worth.
        """
        if not self.is_explored:
            return self.weighed.outcome().is_equal(self.outcome)
        row = self.weighed.row(self.outcome.asset_id, self.outcome.channel_id)
        return self.outcome.asset_id is None or (row >= 0 and self.weighed.outcome_of(row).is_equal(self.outcome))

    @cached_property
    def propose_again(self) -> Callable[[Case], Case] | None:
        """Finds the motives of a changed case; None where this customer's motives depend on others."""
        return _proposed_again if _is_local(self.case) else None


def open_case(day: Day, run: RunRow, record: Mapping[Any, Any]) -> Opened:
    """The case of the customer of a record."""
    view, forecasts, settings = stored_view(day, run), stored_forecasts(day, run), settings_of(day, run)
    outcome, customer_id = Outcome.of(record), str(record["customer_id"])
    case = case_of(
        customer_id,
        view,
        _stored_motives(day, run, customer_id, settings),
        forecasts=forecasts,
        settings=settings,
        touches=touches_with_planned(day, run, view, settings),
        market=_market(day, run, view, customer_id),
        has=outcome,
        usual=usual_of(day, run, view),
    )
    weighed = weigh(case)
    if case.market.is_known and not weighed.outcome().is_equal(outcome):
        weighed = weigh(replace(case, market=replace(case.market, is_whole=True)), weighed)
    return Opened(weighed, outcome, is_explored(record))


def market_of(run: RunRow) -> Market:
    """The prices of a run's limits, without anybody's bids."""
    return Market(run.steps["decide"]["facts"]["summary"]["shadow_prices"])


def _market(day: Day, run: RunRow, view: View, customer_id: str) -> Market:
    """What one customer competed with in a run."""
    bids = stored_bids(day, run)
    if bids is None:
        return market_of(run)
    return market_among(bids, view, customer_id, absent_bids(day, run, view), market_of(run).prices)


def market_among(options: Options, view: View, customer_id: str, absent: Bids, prices: Mapping[str, float]) -> Market:
    """What one customer competes with.

    Args:
        options: What everybody bid, in their places in the run.
        view: Who is still here.
        customer_id: Whose market.
        absent: What those bid who are not here any more.
        prices: What one more unit of each limit is worth.
    """
    here = np.setdiff1d(np.arange(len(view.customers) + len(absent.places)), absent.places)
    place = np.searchsorted(here, options.customer)
    is_here = here[np.minimum(place, len(here) - 1)] == options.customer
    theirs = replace(options, customer=place.astype(np.int32)).take(is_here)
    return Market(prices, view, theirs, int(view.customers.positions([customer_id])[0]), absent)


def case_of(
    customer_id: str,
    view: View,
    motives: Motives,
    *,
    forecasts: Forecasts,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    market: Market,
    has: Outcome,
    usual: Usual | None = None,
) -> Case:
    """One customer's case out of everybody's.

    Args:
        customer_id: Whose.
        view: Of everybody, as everything that follows.
        motives: What `propose` found, at least of this customer.
        forecasts: What will happen.
        settings: The playbook's.
        touches: What was sent, and what is planned.
        market: What limits ask.
        has: What was decided for them.
        usual: What everybody does, where some are not in the view any more.
    """
    everybodys = with_lifetime_values(view, forecasts.lifetime_value)
    is_theirs = motives.table["customer_id"].to_numpy(dtype=object) == customer_id
    return Case(
        view=view_without(everybodys, [key for key in view.customers.keys if key != customer_id]),
        motives=Motives(motives.table[is_theirs].reset_index(drop=True)),
        forecasts=forecasts_of(forecasts, [customer_id]),
        settings=settings,
        touches=touches,
        usual=usual or align(view, forecasts.cadence, forecasts.recent).usual,
        market=market,
        has=None if has.asset_id is None else (has.asset_id, str(has.channel_id)),
        as_of=view.as_of,
    )


def _stored_motives(day: Day, run: RunRow, customer_id: str, settings: DecisionSettings) -> Motives:
    """The reasons to talk to one customer that the run found, of plays that are still on."""
    only = {"run_id": [run.run_id], "customer_id": [customer_id]}
    found = day.lake.read_results(MOTIVES, list(MOTIVE_COLUMNS), only=only)
    found = found[found["play"].isin([play.name for play in settings.plays])]
    return Motives(found.sort_values(["play", "subject"], ignore_index=True))


def _proposed_again(case: Case) -> Case:
    return replace(case, motives=propose(case.view, case.forecasts, case.settings, case.as_of))


def _is_local(case: Case) -> bool:
    """Whether the customer alone has the motives that they have among all others."""
    alone = _proposed_again(case).motives.table[FOUND].reset_index(drop=True)
    return alone.equals(case.motives.table[FOUND].reset_index(drop=True))


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
