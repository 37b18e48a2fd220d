"""Who was sent a campaign against who was not: nobody drew it, so what they did before has to show they are alike."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.evidence.comparisons import Comparison, Population
from forecasting.evidence.counted import Counted
from forecasting.evidence.differences import Flags
from forecasting.evidence.draws import NOTHING, Draws
from forecasting.evidence.grading import lift, nothing_to_compare
from forecasting.evidence.settings import EvidenceSettings
from forecasting.evidence.windows import window_sums
from forecasting.inputs import local_days, local_midnight, moment
from forecasting.values import Times
from forecasting.values.evidence import Lift

Judged = tuple[Lift, tuple[str, ...], tuple[tuple[float, float], ...]]

ONE_MORE = 1  # placebos are differences of two windows


def campaign_starts(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> dict[str, pd.Timestamp]:
    """Campaigns that were sent before as-of, by when they began: as the table says, else their first touch."""
    touches, campaigns = tables["touches"], tables["campaigns"]
    sent = touches[touches["campaign_id"].notna() & (touches["sent_at"] < pd.Timestamp(as_of))]
    first = sent.groupby("campaign_id")["sent_at"].min()
    stated = campaigns.set_index("campaign_id").get("starts_at", pd.Series(dtype="datetime64[us, UTC]"))
    starts = {}
    for name, at in first.items():
        told = stated.get(name)
        starts[str(name)] = at if told is None or pd.isna(told) else told
    return {name: starts[name] for name in sorted(starts, key=lambda name: (starts[name], name))}


def compare_campaign(
    name: str,
    tables: Mapping[str, pd.DataFrame],
    daily: Counted,
    people: Population,
    settings: EvidenceSettings,
    *,
    as_of: datetime,
    timezone: str,
    default_days: int,
) -> Comparison:
    """Compare who was sent a campaign with who was not, from its first to its last day, or to as-of.

    Args:
        name: Key of the campaign.
        tables: Canonical `touches` and `campaigns`.
        daily: The outcome by local day.
        people: Everybody.
        settings: Thresholds.
        as_of: Nothing from then on is known.
        timezone: Windows are whole local days.
        default_days: Length of the window where the campaign has no end.
    """
    began = campaign_starts(tables, as_of)[name]
    row = tables["campaigns"].loc[tables["campaigns"]["campaign_id"] == name]
    start, end, is_open = _window(row, began, as_of, timezone, default_days=default_days)
    days = end - start
    words = [str(value) for column in ("kind", "channel_id") for value in row.get(column, []) if not pd.isna(value)]
    about = ", ".join(word.replace("_", " ") for word in words)
    starts_at = local_midnight(start, timezone).astype("datetime64[us]").item().replace(tzinfo=UTC)

    def compared(judged: Judged) -> Comparison:
        return Comparison(
            name=name,
            kind="campaign",
            about=about,
            starts_at=starts_at,
            days=days,
            is_open=is_open,
            outcome=daily.name,
            is_money=daily.is_money,
            lift=judged[0],
            notes=judged[1],
            earlier_means=judged[2],
        )

    if days < 1:
        reason = "By its dates not a single day of it is over: it begins later, or ends before it begins."
        return compared((nothing_to_compare(name, NOTHING, (reason,)), (), ()))
    earlier = _windows_before(daily.occurred_at, start, days, settings)
    first_day = local_midnight(start - min(earlier, 1) * days, timezone)
    there = people.known_before(first_day)
    sent = tables["touches"]
    sent = sent[
        (sent["campaign_id"] == name) & (sent["sent_at"] < pd.Timestamp(local_midnight(end, timezone), tz="UTC"))
    ]
    is_treated = pd.Index(there.unit).isin(sent["customer_id"])
    notes = _notes(is_open, sent, starts_at, newer=len(people.unit) - len(there.unit), days=days)
    notes += _others(name, tables["touches"], there, is_treated, since=first_day, until=local_midnight(end, timezone))
    if len(there.unit) == 0:
        return compared((nothing_to_compare(name, NOTHING, ("Nobody was there before it began.",)), notes, ()))
    since = np.full(len(there.unit), np.datetime64(int(start), "D").astype("datetime64[us]"))
    sums = window_sums(there.unit, since, (daily.unit, daily.occurred_at, daily.value), days=days, earlier=earlier)
    arm = np.where(is_treated, name, NOTHING).astype(object)
    draws = Draws(there.unit, there.household, arm, since, sums[:, 0], sums[:, 1:])
    judged = lift(draws, name, settings, days=days) if is_treated.any() else _nobody(name)
    means: tuple[tuple[float, float], ...] = ()
    if judged.verdict != "nothing_to_compare":
        means = tuple((float(c[is_treated].mean()), float(c[~is_treated].mean())) for c in sums.T)
    return compared((judged, notes, means))


def _nobody(name: str) -> Lift:
    return nothing_to_compare(name, NOTHING, ("Nobody who was there before it began was sent anything.",))


def _window(
    row: pd.DataFrame, began: pd.Timestamp, as_of: datetime, timezone: str, *, default_days: int
) -> tuple[int, int, bool]:
    """First local day, the day after the last, and whether it goes on after as-of."""

    def local_day(at: np.datetime64) -> int:
        return int(local_days(np.array([at], dtype="datetime64[us]"), timezone)[0])

    start = local_day(moment(began.to_pydatetime()))
    ends = row.get("ends_at", pd.Series(dtype=object)).dropna()
    end = start + default_days
    if len(ends):
        end = local_day(moment((ends.iloc[0] - timedelta(microseconds=1)).to_pydatetime())) + 1
    today = local_day(moment(as_of))
    return start, min(end, today), end > today


def _windows_before(day: Times, start: int, days: int, settings: EvidenceSettings) -> int:
    """How many whole windows before the start the data reach back."""
    if len(day) == 0:
        return 0
    first = int(day.min().astype("datetime64[D]").astype(np.int64))
    return int(min(max((start - first) // days, 0), settings.most_earlier + ONE_MORE))


def _notes(is_open: bool, sent: pd.DataFrame, starts_at: datetime, *, newer: int, days: int) -> tuple[str, ...]:
    notes = []
    if is_open:
        notes.append(f"It is still running: only its first {days} days are counted.")
    if newer > 0:
        notes.append(f"{newer:,} customers joined too late to have a time before it; they are left out.")
    late = int((sent["sent_at"] >= pd.Timestamp(starts_at) + timedelta(days=1)).sum())
    if late > len(sent) / 10:
        notes.append(
            f"{late:,} of {len(sent):,} touches came after its first day: who acted in between may have been "
            "chosen for it."
        )
    return tuple(notes)


def _others(
    name: str,
    touches: pd.DataFrame,
    there: Population,
    is_treated: Flags,
    *,
    since: np.datetime64,
    until: np.datetime64,
) -> tuple[str, ...]:
    """Whom other campaigns reached meanwhile or in the time before: neither is a time without sending."""
    begin, end = (pd.Timestamp(at, tz="UTC") for at in (since, until))
    is_other = touches["campaign_id"].notna() & (touches["campaign_id"] != name)
    is_other &= (touches["sent_at"] >= begin) & (touches["sent_at"] < end)
    reached = pd.Index(there.unit).isin(touches.loc[is_other, "customer_id"])
    if not reached.any() or is_treated.all() or not is_treated.any():
        return ()
    treated, untreated = float(reached[is_treated].mean()), float(reached[~is_treated].mean())
    who = f"{treated:.0%} of those who got it and {untreated:.0%} of the others were sent something else"
    return (f"In these days or in as many before, {who}: the time before was not without sending.",)
