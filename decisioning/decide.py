"""Propose and decide, on one page.

motives ▶ hours and verdicts ▶ one pass over all candidates and the allocation of what it kept, by turns ▶ exploration ▶
details of what was chosen ▶ records. Pure: the same view, forecasts, settings and touches give the same records to the
byte, whatever the order of rows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from decisioning.assignments import exploration_assignments
from decisioning.authority import answered_for
from decisioning.bids import Bids, common_of, left_for_those_here, named, nobody, owners_in, stand_ins
from decisioning.boost_cost import cost_of
from decisioning.boosts import because_of_assets, insist_on_known_assets
from decisioning.channel_days import channel_days
from decisioning.choice import Exploration, choose
from decisioning.day_limits import limits_of
from decisioning.deliberation import Deliberation
from decisioning.details import Details, insist_on_same_value
from decisioning.errors import DecisioningError
from decisioning.experiments import is_held_out
from decisioning.exploration import seed_of_day
from decisioning.finite import insist_on_finite
from decisioning.lifetime_values import with_lifetime_values
from decisioning.minimisation import minimised
from decisioning.motives import Motives, collected, findings
from decisioning.play import Known
from decisioning.plays import play_named
from decisioning.record_columns import frame_of
from decisioning.records import actions_of, decision_records
from decisioning.rhythms import align
from decisioning.screening import attributes_of, customer_table, insist_on_channels, verdicts_today
from decisioning.settings import DecisionSettings
from decisioning.settle import Settled, settle
from decisioning.shortlist import Terrain
from decisioning.summary import summarise
from decisioning.templates import rendered, settle_in_templates
from decisioning.terrain import terrain_of
from decisioning.terrain.prices import prices_of
from decisioning.times import moment
from decisioning.value import channel_costs
from forecasting.values import Forecasts
from graph.view import View

__all__ = ["Decisions", "Motives", "decide", "propose"]


@dataclass(frozen=True, eq=False)
class Decisions:
    """What was decided for everybody.

    Attributes:
        table: One row per customer in order of key, do-nothing and held-out ones included; columns as declared in
            `record_columns.RECORD_COLUMNS`, without what only a run can know (decision_id, run_id).
        summary: Counts and sums, see `summary.summarise`.
        bundle_hash: Hash of all policies that were applied.
        bids: What everybody competed with for the limits.
        assignments: Who was explored, as rows of the table `assignments`.
    """

    table: pa.Table
    summary: dict[str, Any]
    bundle_hash: str
    bids: Bids
    assignments: pd.DataFrame

    @cached_property
    def records(self) -> pd.DataFrame:
        """The table for readers, see `record_columns.frame_of`."""
        return frame_of(self.table)


def propose(view: View, forecasts: Forecasts, settings: DecisionSettings, as_of: datetime) -> Motives:
    """The reasons to talk to each customer now, by every play that is on.

    Raises:
        DecisioningError: View, forecasts and settings do not fit together.
    """
    when = _moment_of(view, as_of)
    insist_on_finite(forecasts)
    view = with_lifetime_values(view, forecasts.lifetime_value)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    view = minimised(view, settings.policies, held_out).view
    customers = customer_table(view, attributes_of(view), held_out)
    known = Known(view, align(view, forecasts.cadence, forecasts.recent), customers, settings, when)
    return collected([findings(play_named(play.name), known, play) for play in settings.plays], known)


def decide(
    view: View,
    motives: Motives,
    forecasts: Forecasts,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    *,
    as_of: datetime,
    absent: Bids | None = None,
) -> Decisions:
    """One decision per customer.

    Args:
        view: What is known.
        motives: What `propose` found.
        forecasts: What will happen.
        settings: The playbook's settings.
        touches: What was sent before as-of, by anyone: customer_id, channel_id, sent_at, asset_id (None when unknown).
        as_of: The moment the run knows the world at; that of the view.
        absent: What customers bid who are no longer in the view and took part when this was first decided.

    Raises:
        DecisioningError: View, motives, forecasts and settings do not fit together.
        PolicyError: A policy is wrong.
    """
    when = _moment_of(view, as_of)
    insist_on_finite(forecasts)
    view = with_lifetime_values(view, forecasts.lifetime_value)
    insist_on_channels(view, settings)
    insist_on_known_assets(view, settings)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    everything, less = view, minimised(view, settings.policies, held_out)
    view = less.view
    rhythms = align(view, forecasts.cadence, forecasts.recent, absent.usual if absent else None)
    day = channel_days(view, settings, when, forecasts.timing)
    verdicts = verdicts_today(view, settings, touches, sends_at=day.preferred, is_held_out=held_out, as_of=when)
    terrain = terrain_of(view, motives, forecasts, rhythms, verdicts, day, settings, touches)
    limits = limits_of(view, settings, touches, as_of)
    common = absent.common if absent else None
    limits = of_day = limits if common is None else left_for_those_here(limits, common)
    touch_cost = channel_costs(view, settings).touch

    def settle_on(ground: Terrain) -> Settled:
        return settle_in_templates(
            lambda within: settle(
                ground,
                lambda prices: prices_of(view, settings, within, prices),
                within,
                touch_cost,
                ~held_out,
                absent or nobody(),
            ),
            of_day,
            view,
            settings,
            touch_cost,
            ~held_out,
            common.templates if common else None,
        )

    settled = settle_on(terrain)
    # What the erased would have got without boosts, nobody knows any more.
    cost = cost_of(settled, terrain, view, settings, settle_on) if common is None else None
    limits = settled.allocation.limits
    exploration = Exploration(settings.exploration, seed_of_day(settings.seed, when), view.customers.keys)
    choice = choose(settled, touch_cost, held_out, exploration, absent)
    looked = Details(view, motives, forecasts, rhythms, day, verdicts, settings, touches)
    chosen = settled.kept.take(choice.chosen[choice.chosen >= 0])
    worth = looked.worth(chosen)
    insist_on_same_value(worth, chosen)
    deliberation = Deliberation(
        view=view,
        motives=motives,
        kept=settled.kept,
        account=settled.account,
        refusal_names=terrain.refusal_names,
        choice=choice,
        worth=worth,
        times=looked.times(chosen),
        is_held_out=held_out,
        refusing=lambda rows: looked.refusing(settled.kept.take(rows)),
        usual_grade=forecasts.uplift.grade,
        boost=terrain.worth.boost,
        boosted_because=because_of_assets(view, settings),
        boost_cost=cost,
    )
    everybody = np.arange(len(view.customers), dtype=np.int32)
    competed = choice.options.take(choice.competed)
    competed = replace(competed, asset=stand_ins(competed, limits))
    led_to = common_of(of_day, limits, choice.total_use, rendered(view, limits), choice.explored.is_undone)
    bids = Bids(everybody, competed, rhythms.usual, owners_in(limits), named(limits, settled.rounds), led_to)
    actions = actions_of(deliberation)
    actions, summary = answered_for(
        actions,
        summarise(deliberation, actions, settings),
        everything=everything,
        less=less,
        settings=settings,
        touches=touches,
        is_held_out=held_out,
        unreadable=verdicts.compiled.unreadable,
    )
    drawn = exploration_assignments(
        view,
        settled.kept.customer,
        np.where(choice.is_affordable, choice.priced, -np.inf),
        choice.explored,
        asset=settled.kept.asset,
        channel=settled.kept.channel,
        as_of=when,
    )
    records = decision_records(deliberation, actions)
    return Decisions(records, summary, verdicts.compiled.bundle_hash, bids, drawn)


def _moment_of(view: View, as_of: datetime) -> np.datetime64:
    if moment(as_of) != moment(view.as_of):
        raise DecisioningError(
            f"The view knows the world at {view.as_of.isoformat()}, not at {as_of.isoformat()}.",
            where="decide",
            remedy="Decide from the view that was read for this as-of.",
        )
    return moment(as_of)
