"""Propose and decide, on one page: motives ▶ candidates ▶ value ▶ schedule ▶ screen ▶ allocate ▶ record.

Pure: the same view, forecasts, settings and touches give the same records to the byte, whatever the order of rows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from decisioning.authority import answered_for
from decisioning.bids import Bids, owners_in, stand_ins
from decisioning.candidates import find_candidates
from decisioning.channel_days import channel_days
from decisioning.choice import choose
from decisioning.day_limits import limits_of
from decisioning.deliberation import Deliberation
from decisioning.errors import DecisioningError
from decisioning.experiments import is_held_out
from decisioning.message_order import in_order
from decisioning.minimisation import minimised
from decisioning.motives import Motives, collected, findings
from decisioning.play import Known
from decisioning.plays import play_named
from decisioning.records import decision_records
from decisioning.rhythms import align
from decisioning.schedule import schedule
from decisioning.screening import attributes_of, customer_table, insist_on_channels, screen
from decisioning.settings import DecisionSettings
from decisioning.summary import summarise
from decisioning.times import moment, naive
from decisioning.value import value_candidates
from forecasting.values import Forecasts
from graph.view import View

__all__ = ["Decisions", "Motives", "decide", "propose"]


@dataclass(frozen=True, eq=False)
class Decisions:
    """What was decided for everybody.

    Attributes:
        records: One row per customer in order of key, do-nothing and held-out ones included; columns as declared in
            `decision_log.RECORD_COLUMNS`, without what only a run can know (decision_id, run_id).
        summary: Counts and sums, see `summary.summarise`.
        bundle_hash: Hash of all policies that were applied.
        bids: What everybody competed with for the limits.
    """

    records: pd.DataFrame
    summary: dict[str, Any]
    bundle_hash: str
    bids: Bids


def propose(view: View, forecasts: Forecasts, settings: DecisionSettings, as_of: datetime) -> Motives:
    """The reasons to talk to each customer now, by every play that is on.

    Raises:
        DecisioningError: View, forecasts and settings do not fit together.
    """
    when = _moment_of(view, as_of)
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
    insist_on_channels(view, settings)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    everything, less = view, minimised(view, settings.policies, held_out)
    view = less.view
    candidates = find_candidates(view, motives, settings)
    rhythms = align(view, forecasts.cadence, forecasts.recent, absent.usual if absent else None)
    values = value_candidates(view, candidates, forecasts, rhythms, settings)
    day = channel_days(view, settings, when, forecasts.timing)
    times = schedule(
        view,
        candidates,
        day,
        starts_at=naive(motives.frame["starts_at"])[candidates.motive],
        until=naive(motives.frame["until"])[candidates.motive],
    )
    screened = screen(
        view,
        candidates,
        settings,
        touches,
        sends_at=day.preferred,
        is_held_out=held_out,
        is_hour_left=times.is_possible,
        is_offer_cost_known=~np.isnan(values.redemption_cost),
        as_of=when,
    )
    screened = in_order(
        screened, view, motives.table, candidates, values.value, settings=settings, touches=touches, as_of=when
    )
    limits = limits_of(view, settings, touches, as_of)
    choice = choose(candidates, values, screened, held_out, limits, absent=absent)
    deliberation = Deliberation(
        view=view,
        motives=motives,
        candidates=candidates,
        worth=values,
        times=times,
        screened=screened,
        choice=choice,
        is_held_out=held_out,
    )
    records = decision_records(deliberation)
    everybody = np.arange(len(view.customers), dtype=np.int32)
    competed = choice.options.take(choice.competed)
    competed = replace(competed, asset=stand_ins(competed, limits))
    bids = Bids(everybody, competed, rhythms.usual, owners_in(limits))
    records, summary = answered_for(
        records,
        summarise(deliberation, records, settings),
        everything=everything,
        less=less,
        settings=settings,
        touches=touches,
        is_held_out=held_out,
    )
    return Decisions(records, summary, screened.bundle_hash, bids)


def _moment_of(view: View, as_of: datetime) -> np.datetime64:
    if moment(as_of) != moment(view.as_of):
        raise DecisioningError(
            f"The view knows the world at {view.as_of.isoformat()}, not at {as_of.isoformat()}.",
            where="decide",
            remedy="Decide from the view that was read for this as-of.",
        )
    return moment(as_of)
