"""When a customer may next be written to: the first day on which caps, quiet hours and consent leave something open."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from decisioning.candidates import Candidates
from decisioning.candidates_in_full import on_day
from decisioning.case import Case
from decisioning.policies.builtin import SENDING_HOURS
from decisioning.times import aware, local_date, moment, to_datetime

FURTHEST_DAYS = 370
CONSENT = "consent"

Document = dict[str, Any]


def next_contact(case: Case, sent: tuple[str, str, datetime] | None) -> Document:
    """The first moment after the day of as-of at which something may be sent, whatever it is.

    Only what is about the customer and the hour is asked: consent, frequency caps and quiet hours, by the same
    screening that decides; whether there will be a reason to talk is another matter. Days are tried where something can
    change: the next one, and those on which a touch leaves the window of a cap.

    Args:
        case: Of one customer.
        sent: Asset, channel and time of what is sent today; None for nothing.

    Returns:
        `at` (UTC) and `at_local`, `channel`, `asset_id` of one message that may then go; `held_by`, the caps that
        refuse on the day after as-of everything that may go then. All None when nothing can be found, with `reason`.
    """
    if not len(case.view.asset_channels):
        return _never("there is no content")
    links = case.view.consents
    granted = {int(at) for at, said in zip(links.targets, links.facts["granted"], strict=True) if said}
    if not granted:
        return _never("no channel may be used: there is no consent")
    touches = _with_sent(case, sent)
    zone = ZoneInfo(case.settings.timezone)
    today = local_date(moment(case.as_of), zone)
    held: set[str] = set()
    for ahead in _days_to_try(case, touches, zone):
        as_of = datetime.combine(today + timedelta(days=ahead), time.min, tzinfo=zone)
        found, refusing = _first_on(case, touches, as_of)
        if found is not None:
            return {**found, "held_by": sorted(held), "reason": None}
        held |= refusing
    return _never(f"nothing opens within {FURTHEST_DAYS} days") | {"held_by": sorted(held)}


def _never(reason: str) -> Document:
    return {"at": None, "at_local": None, "channel": None, "asset_id": None, "held_by": [], "reason": reason}


def _with_sent(case: Case, sent: tuple[str, str, datetime] | None) -> pd.DataFrame:
    if sent is None:
        return case.own_touches
    asset_id, channel_id, at = sent
    row = {"customer_id": case.customer_id, "channel_id": channel_id, "asset_id": asset_id, "sent_at": pd.Timestamp(at)}
    extra = pd.DataFrame([row]).astype({"sent_at": "datetime64[us, UTC]"})
    own = case.own_touches
    return pd.concat([own, extra], ignore_index=True) if len(own) else extra


def _days_to_try(case: Case, touches: pd.DataFrame, zone: ZoneInfo) -> list[int]:
    """Days from as-of on which it may be another answer than the day before."""
    caps = [policy.days for policy in case.settings.policies if policy.kind == "cap" and policy.days is not None]
    first = case.as_of.astimezone(zone).date()
    leaving = {
        ((at + timedelta(days=days)).astimezone(zone).date() - first).days + late
        for at in (touches["sent_at"] if len(touches) else [])
        for days in caps
        for late in (0, 1)
    }
    return sorted({1, *(ahead for ahead in leaving if 1 <= ahead <= FURTHEST_DAYS)})


def _first_on(case: Case, touches: pd.DataFrame, as_of: datetime) -> tuple[Document | None, set[str]]:
    """The first message that may go on that day, or the caps that refuse."""
    view = replace(case.view, as_of=as_of)
    links = view.asset_channels
    count = len(links)
    everything = Candidates(
        np.zeros(count, dtype=np.int32), links.sources, links.targets, np.zeros(count, dtype=np.int64)
    )
    at = moment(as_of)
    open_end = np.full(count, at + np.timedelta64(2, "D"))
    times, screened = on_day(case, view, everything, (np.full(count, at), open_end), touches=touches)
    settings = case.settings
    caps = {policy.identifier for policy in settings.policies if policy.kind == "cap"}
    asked = caps | {CONSENT, SENDING_HOURS}
    refused = np.logical_or.reduce([flags for policy, flags in screened.by_policy.items() if policy in asked])
    may_go = np.flatnonzero(~refused & times.is_possible)
    if not len(may_go):
        return None, {cap for cap in caps if screened.by_policy[cap].any()}
    first = int(may_go[np.argmin(times.send_at[may_go])])
    when = aware(times.send_at[[first]])[0]
    return {
        "at": when.isoformat(),
        "at_local": to_datetime(times.send_at[first])
        .astimezone(ZoneInfo(settings.timezone))
        .strftime("%Y-%m-%d %H:%M"),
        "channel": str(view.channels.keys[links.targets[first]]),
        "asset_id": str(view.assets.keys[links.sources[first]]),
    }, set()
