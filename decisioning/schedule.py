"""When: each candidate's time of the day, and the sliding-window caps on touches.

A send belongs to the local day of as-of in the playbook's time zone (the daily slot) and expires with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates
from decisioning.channel_days import ChannelDays, channel_days
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import Cap, CompiledPolicies
from decisioning.policies.screen import counted
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_window
from decisioning.times import Times, days, naive
from graph.view import View

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Schedule:
    """What may be sent when.

    Attributes:
        send_at: When each candidate would be sent; NaT where no hour of the day is allowed, shape (n,).
        expires_at: From when on it must not be sent any more, shape (n,).
    """

    send_at: Times
    expires_at: Times

    @property
    def is_possible(self) -> Flags:
        """Whether the day has an hour for the candidate."""
        return ~np.isnat(self.send_at)


def schedule(view: View, candidates: Candidates, day: ChannelDays, *, starts_at: Times, until: Times) -> Schedule:
    """The best time of every candidate.

    The customer's time on the channel, or the first allowed moment after it within the motive's window and the asset's
    and offer's dates. Never before as-of, and never before the customer's time, since caps are counted up to that.

    Args:
        view: The view.
        candidates: The candidates, n of them.
        day: The day of the view's customers and channels.
        starts_at: From when on each candidate's motive holds, shape (n,).
        until: Until when (excluded), shape (n,).
    """
    begins, ends = day.day
    opens, closes = asset_window(view)
    earliest = np.maximum(np.maximum(starts_at, begins), _or(opens, begins)[candidates.asset])
    expires_at = np.minimum(np.minimum(until, ends), _or(closes, ends)[candidates.asset])
    wanted = np.maximum(earliest, day.preferred[candidates.customer, candidates.channel])
    return Schedule(day.first_allowed(candidates.customer, candidates.channel, wanted, expires_at), expires_at)


def earliest_sends(view: View, settings: DecisionSettings, as_of: np.datetime64) -> Times:
    """Each channel's own time of the day on each customer's clock, shape (customers, channels)."""
    return channel_days(view, settings, as_of).preferred


def caps_reached(
    compiled: CompiledPolicies, asset_side: AttributeTable, touches: pd.DataFrame, view: View, sends_at: Times
) -> Mapping[str, Flags]:
    """Where each cap is reached, as the values of `cap.<id>.reached`, each of shape (customers, channels).

    A touch at t counts for a send at s when s - t is less than the cap's days, exact to the microsecond; after exactly
    that long it does not. A touch still to come at t counts in every window of those days that holds it and the send:
    the cap is reached when any such window is full. One whose asset or channel is unknown counts for every cap.

    Args:
        compiled: The policies, for their caps.
        asset_side: The attributes of assets × channels, for what a cap counts.
        touches: What was sent before, by anyone, and what is planned: customer_id, channel_id, sent_at, asset_id (None
            when not known).
        view: The view.
        sends_at: When the next send would be, shape (customers, channels).
    """
    customer = view.customers.positions(touches["customer_id"].to_numpy(dtype=object))
    ours = np.flatnonzero(customer >= 0)
    customer, sent_at = customer[ours], naive(touches["sent_at"])[ours]
    asset = _positions_or_unknown(view.assets.positions, touches, "asset_id")[ours]
    channel = _positions_or_unknown(view.channels.positions, touches, "channel_id")[ours]
    is_known = (asset >= 0) & (channel >= 0)
    reached = {}
    for cap in compiled.caps:
        counts = ~is_known | counted(cap, asset_side)[asset, channel]
        reached[f"cap.{cap.identifier}.reached"] = _is_reached(cap, customer[counts], sent_at[counts], sends_at)
    return reached


def _is_reached(cap: Cap, customer: npt.NDArray[np.int32], sent_at: Times, sends_at: Times) -> Flags:
    window = days(cap.days)
    reached = np.zeros(sends_at.shape, dtype=np.bool_)
    for channel in range(sends_at.shape[1]):
        send = sends_at[customer, channel]
        is_before = (sent_at <= send) & (send - sent_at < window)
        reached[:, channel] = np.bincount(customer[is_before], minlength=len(sends_at)) >= cap.count
        to_come = np.flatnonzero((sent_at > send) & (sent_at - send < window))
        is_full = _in_window_up_to(to_come, customer, sent_at, window) >= cap.count
        reached[customer[to_come[is_full]], channel] = True
    return reached


def _in_window_up_to(
    ends: npt.NDArray[np.intp], customer: npt.NDArray[np.int32], sent_at: Times, window: np.timedelta64
) -> npt.NDArray[np.intp]:
    """How many touches of the same customer lie in the window that ends with each touch of `ends`, itself included."""
    if not len(ends):
        return np.zeros(0, dtype=np.intp)
    # ranks instead of microseconds, so that customer and time fit one sortable integer
    moments, rank = np.unique(np.concatenate([sent_at, sent_at[ends] - window]), return_inverse=True)
    key = customer.astype(np.int64) * len(moments)
    at = np.sort(key + rank[: len(sent_at)])
    last = np.searchsorted(at, key[ends] + rank[ends], side="right")
    before = np.searchsorted(at, key[ends] + rank[len(sent_at) :], side="right")
    return np.asarray(last - before, dtype=np.intp)


def _positions_or_unknown(find: Any, touches: pd.DataFrame, column: str) -> npt.NDArray[np.int32]:
    if column not in touches.columns:
        return np.full(len(touches), -1, dtype=np.int32)
    return np.asarray(find(touches[column].to_numpy(dtype=object)), dtype=np.int32)


def _or(times: Times, otherwise: np.datetime64) -> Times:
    return np.where(np.isnat(times), otherwise, times)
