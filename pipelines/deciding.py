"""Deciding a run from what it has stored: the pure core between two reads and one seal. Replaying calls the same."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from decisioning.bids import Bids
from decisioning.decide import Motives
from decisioning.decide import decide as decide_all
from decisioning.decide import propose as propose_all
from decisioning.decision_log import Sealed, seal
from decisioning.liability import with_liability
from decisioning.lifetime_values import with_lifetime_values
from decisioning.planned import with_planned
from decisioning.policies.compile import readable
from decisioning.policies.own_tests import failures
from decisioning.policies.rules import read_rule
from decisioning.screening import attributes_of
from decisioning.settings import DecisionSettings
from forecasting.values import Forecasts
from graph.view import View
from lake.runs import RunRow
from pipelines.day import SLOT, Day
from pipelines.health import trust_in
from pipelines.playbook_settings import decision_settings
from pipelines.stored import canonical_tables, stored_forecasts, stored_view
from pipelines.subjects.erased import absent_bids


@dataclass(frozen=True, eq=False)
class Decided:
    """What deciding a run gives: sealed records, counts and sums, the hash of policies, bids, and who was explored."""

    sealed: Sealed
    summary: dict[str, Any]
    bundle_hash: str
    bids: Bids
    assignments: pd.DataFrame


def find_motives(day: Day, run: RunRow) -> Motives:
    """The motives of a run; found again wherever they are needed, since finding them is pure.

    Raises:
        PolicyError: A policy does not do what its own tests say. Nothing is decided by it then.
    """
    view, settings = stored_view(day, run), decision_settings(day.playbook)
    _insist_on_own_tests(view, settings)
    return propose_all(view, stored_forecasts(day, run), settings, run.identity.as_of)


def _insist_on_own_tests(view: View, settings: DecisionSettings) -> None:
    caps = [policy.identifier for policy in settings.policies if policy.kind == "cap"]
    attributes = attributes_of(view).with_caps(caps)
    for policy in settings.policies:
        if readable(read_rule(policy), attributes).because:
            continue  # the day's data does not fit it: it refuses what it might, and the run says so
        for failure in failures(policy, attributes):
            raise failure


def touches_before(day: Day, run: RunRow, view: View, settings: DecisionSettings) -> pd.DataFrame:
    """What was sent before the run, and what others plan; with what of offers may still be claimed, where it counts."""
    tables = canonical_tables(day, run, ["touches", "planned_touches", "outcomes"])
    touches = tables["touches"]
    if any(limit.per == "standing" for limit in settings.limits):
        touches = with_liability(touches, tables["outcomes"], view, run.identity.as_of)
    return with_planned(touches, tables["planned_touches"], view, settings)


def decide_run(day: Day, run: RunRow) -> Decided:
    """Decide a run from its stored view and forecasts."""
    return decide_from(day, run, stored_view(day, run), stored_forecasts(day, run))


def settings_of(day: Day, run: RunRow) -> DecisionSettings:
    """What the playbook says, with the trust that the run's sources deserve."""
    return replace(decision_settings(day.playbook), trust=trust_in(run))


def decide_from(
    day: Day, run: RunRow, view: View, forecasts: Forecasts, settings: DecisionSettings | None = None
) -> Decided:
    """Decide a run from a view and forecasts at hand, by the playbook's settings or by others."""
    settings = settings or settings_of(day, run)
    view = with_lifetime_values(view, forecasts.lifetime_value)  # audiences of planned touches read it too
    motives = propose_all(view, forecasts, settings, run.identity.as_of)
    touches = touches_before(day, run, view, settings)
    absent = absent_bids(day, run, view)
    decisions = decide_all(view, motives, forecasts, settings, touches, as_of=run.identity.as_of, absent=absent)
    sealed = seal(decisions.table, run_id=run.run_id, slot=SLOT)
    return Decided(sealed, decisions.summary, decisions.bundle_hash, decisions.bids, decisions.assignments)
