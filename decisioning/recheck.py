"""Before delivery: what was decided is checked once more, against consent, touches, hours and limits as of now."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.channel_days import allowed_spans, customer_zones
from decisioning.day_limits import limits_of
from decisioning.errors import DecisioningError
from decisioning.experiments import is_held_out
from decisioning.limit_windows import indices
from decisioning.limits import Limits, Usage, usage
from decisioning.minimisation import minimised
from decisioning.policies.compile import compile_policies
from decisioning.schedule import caps_reached, earliest_sends
from decisioning.screening import asset_table, attributes_of, insist_on_channels, verdicts_of
from decisioning.settings import DecisionSettings
from decisioning.times import NEVER, moment, naive
from graph.view import Links, Nodes, Positions, View

Flags = npt.NDArray[np.bool_]


def refusing_policies(
    view: View,
    sends: pd.DataFrame,
    settings: DecisionSettings,
    *,
    consents: pd.DataFrame,
    touches: pd.DataFrame,
) -> list[str | None]:
    """The first policy that refuses each send now, None where it may leave; in the order of `sends`.

    Args:
        view: The view that the run decided from.
        sends: Records of sends, at most one per customer: customer_id, asset_id, channel_id, send_at.
        settings: The playbook's settings.
        consents: The newest word on consent of each customer and channel: customer_id, channel_id, granted, and basis
            and source if known. Who is not in it has not agreed.
        touches: What was sent so far, by anyone, without these sends: customer_id, channel_id, sent_at, asset_id.

    Raises:
        DecisioningError: A send of somebody or something that the view does not know.
        PolicyError: A policy is wrong.
    """
    insist_on_channels(view, settings)
    customer, asset, channel = (
        _known(nodes, sends, column)
        for nodes, column in ((view.customers, "customer_id"), (view.assets, "asset_id"), (view.channels, "channel_id"))
    )
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    view = minimised(view, settings.policies, held_out).view
    now = replace(view, consents=_links(view, consents))
    compiled = compile_policies(settings.policies, attributes_of(view), is_running=True)
    usual = earliest_sends(view, settings, moment(view.as_of))
    assets = asset_table(view, compiled.attributes, usual, settings, moment(view.as_of))
    sends_at = np.full((len(view.customers), len(view.channels)), NEVER)
    sends_at[customer, channel] = naive(sends["send_at"])
    reached = caps_reached(compiled, assets, touches, view, sends_at)
    verdicts = verdicts_of(now, compiled, assets, reached, held_out)
    by_policy = verdicts.by_policy(verdicts.denied(customer, asset, channel))
    refusing: list[str | None] = [None] * len(sends)
    for policy in reversed(compiled.identifiers):
        for row in np.flatnonzero(by_policy[policy]):
            refusing[row] = policy
    return refusing


def is_quiet(view: View, sends: pd.DataFrame, settings: DecisionSettings, now: datetime) -> Flags:
    """Which sends are late, so that they would leave at once, and would do so in quiet hours; shape (n,).

    Args:
        view: The view that the run decided from.
        sends: customer_id, channel_id, send_at.
        settings: The playbook's settings.
        now: The moment of delivery.
    """
    zones, zone_of = customer_zones(view, settings)
    zone = zone_of[_known(view.customers, sends, "customer_id")]
    channel = sends["channel_id"].to_numpy(dtype=object)
    at = moment(now)
    is_closed = np.zeros(len(sends), dtype=np.bool_)
    for stated in settings.channels:
        for number, name in enumerate(zones):
            if not allowed_spans(stated, name, (at, at + np.timedelta64(1, "us"))):
                is_closed |= (channel == stated.channel_id) & (zone == number)
    return is_closed & (naive(sends["send_at"]) <= at)


def without_room(
    view: View,
    sends: pd.DataFrame,
    settings: DecisionSettings,
    *,
    held: pd.DataFrame,
    touches: pd.DataFrame | None = None,
) -> list[str | None]:
    """The limit of the day that has no room left for each send, None where it has; in the order of `sends`.

    A run keeps its limits by itself; two runs of one day share them. Room goes to sends that hold their place already,
    then to the most valuable ones.

    Args:
        view: The view that the run decided from.
        sends: decision_id, customer_id, asset_id, channel_id, touch_cost, value, and expected_cost and exposure where
            limits count them.
        settings: The playbook's settings.
        held: What all decisions of the day hold so far: decision_id, customer_id, asset_id, channel_id, cost, and
            expected_cost and exposure where known.
        touches: What was sent before and what others plan, as for deciding.
    """
    limits = limits_of(view, settings, touches, view.as_of)
    ours = sends["decision_id"].isin(held["decision_id"]).to_numpy()
    others = held[~held["decision_id"].isin(sends["decision_id"])]
    taken = _usage(limits, view, others).totals(limits)
    used = _usage(limits, view, sends.rename(columns={"touch_cost": "cost"}))
    value = sends["value"].to_numpy(dtype=np.float64)
    _, key = np.unique(sends["customer_id"].to_numpy(dtype=str), return_inverse=True)
    going = np.lexsort((key, -value, ~ours))
    refusing: list[str | None] = [None] * len(sends)
    for family, index, use, before in zip(limits, used.index, used.amount, taken, strict=True):
        counted = going[index[going] >= 0]
        counted = counted[np.argsort(index[counted], kind="stable")]
        limit = index[counted]
        total = np.cumsum(use[counted])
        is_first = np.ones(len(counted), dtype=np.bool_)
        is_first[1:] = np.diff(limit) != 0
        of_group = np.cumsum(is_first) - 1
        before_group = (total - use[counted])[is_first]
        is_over = (total - before_group[of_group] > (family.whole_most - before)[limit]) & (use[counted] > 0)
        for row in counted[is_over]:
            refusing[row] = family.name_of(index[row])
        going = going[~np.isin(going, counted[is_over])]
    return refusing


def _usage(limits: Limits, view: View, rows: pd.DataFrame) -> Usage:
    """What sends use; of what the view does not know, every limit of all, and of a channel what all on it use."""
    asset_id = rows["asset_id"] if "asset_id" in rows.columns else pd.Series([None] * len(rows), dtype=object)
    customer = view.customers.positions(rows["customer_id"].to_numpy(dtype=object)) if "customer_id" in rows else None
    known = np.full(len(rows), -1, dtype=np.int32) if customer is None else customer
    asset = view.assets.positions(asset_id.to_numpy(dtype=object))
    channel = view.channels.positions(rows["channel_id"].to_numpy(dtype=object))
    none = np.zeros(len(rows))
    cost, expected, exposure = (
        rows[name].to_numpy(dtype=np.float64) if name in rows.columns else none
        for name in ("cost", "expected_cost", "exposure")
    )
    places = (np.zeros(len(rows), np.int32),) * 3
    counts = tuple(replace(each, asset_group=None, customer_group=None) for each in limits)
    amount = usage(counts, places, touch_cost=cost, expected_cost=expected, exposure=exposure).amount
    index = np.stack([indices(each, known, asset, channel) for each in limits]) if limits else amount.astype(np.int32)
    return Usage(index.astype(np.int32), np.where(index >= 0, amount, 0))


def _known(nodes: Nodes, sends: pd.DataFrame, column: str) -> Positions:
    positions = nodes.positions(sends[column].to_numpy(dtype=object))
    if (positions < 0).any():
        unknown = sends[column].iloc[int(np.argmax(positions < 0))]
        raise DecisioningError(
            f"There is a send with {column} {unknown}, which the view does not know.",
            where="recheck",
            remedy="Check a run's sends against the view that the run decided from.",
        )
    return positions


def _links(view: View, consents: pd.DataFrame) -> Links:
    customer = view.customers.positions(consents["customer_id"].to_numpy(dtype=object))
    channel = view.channels.positions(consents["channel_id"].to_numpy(dtype=object))
    ours = (customer >= 0) & (channel >= 0)
    facts = {
        name: consents[name].to_numpy(dtype=object)[ours]
        if name in consents.columns
        else np.full(int(ours.sum()), None, dtype=object)
        for name in ("granted", "basis", "source")
    }
    return Links.build(customer[ours], channel[ours], len(view.customers), facts)
