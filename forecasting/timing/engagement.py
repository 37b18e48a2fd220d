"""When customers engage: hours with a signal, an open, a click or a purchase, in the customer's own local time.

Ten pages within an hour are one engaged hour, not ten: what is learnt is when somebody is there, not how busily they
click. Engagement right after a touch counts less, because its hour is one that we chose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import elapsed_days, moment, require, utc_times
from forecasting.timing.local_hours import Hours, hour_of_week, insist_on_zone, is_zone, local_hours
from forecasting.timing.settings import TimingSettings
from forecasting.values import Floats, Keys, Times
from forecasting.values.timing import HOURS_PER_WEEK

ANSWERS = ("opened", "clicked", "converted", "redeemed", "replied")
EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False)
class Engagement:
    """Engaged hours of customers, ascending by customer_id.

    Attributes:
        customer_id: Keys, shape (customers,).
        segment: Name of the segment, shape (customers,).
        timezone: IANA zone, shape (customers,).
        position: Customer of each engaged hour, as position in `customer_id`, shape (hours,).
        at: When its first sign of engagement came, naive UTC datetime64[us], shape (hours,).
        hour: Local hour of the week, shape (hours,).
        weight: What it counts, shape (hours,).
        notes: What a reader must know: rows that were not counted, zones that are none.
    """

    customer_id: Keys
    segment: Keys
    timezone: Keys
    position: Hours
    at: Times
    hour: Hours
    weight: Floats
    notes: tuple[str, ...]

    def counts(self, since: np.datetime64 | None = None, until: np.datetime64 | None = None) -> Floats:
        """Weighted engaged hours per customer and local hour of the week, shape (customers, 168)."""
        chosen = np.ones(len(self.at), dtype=bool)
        if since is not None:
            chosen &= self.at >= since
        if until is not None:
            chosen &= self.at < until
        cell = self.position[chosen] * HOURS_PER_WEEK + self.hour[chosen]
        size = len(self.customer_id) * HOURS_PER_WEEK
        return np.bincount(cell, self.weight[chosen], minlength=size).reshape(-1, HOURS_PER_WEEK).astype(np.float64)


def engagement(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, *, as_of: datetime, timezone: str
) -> Engagement:
    """Read engagement before as-of from `signals`, `outcomes` (with `touches`) and `purchases`, whichever are there.

    Raises:
        TooLittleDataError: No customers at all.
        ForecastingError: A column is missing, times have no zone, or the playbook's zone is none.
    """
    insist_on_zone(timezone)
    cut = moment(as_of)
    start = cut - np.timedelta64(settings.history_days, "D")
    seen, notes = _signs(tables, settings, cut)
    seen = seen[(seen["at"] >= start) & (seen["at"] < cut)]
    people, zone_notes = _people(tables, settings, cut, seen, timezone)
    position = pd.Index(people["customer_id"]).get_indexer(pd.Index(seen["customer_id"]))
    strangers = int((position < 0).sum())
    if strangers:
        notes.append(f"{strangers:,} signs of engagement belong to customers that the table customers does not hold.")
    seen, position = seen[position >= 0], position[position >= 0].astype(np.int64)
    zones = people["timezone"].to_numpy(dtype=object)
    at = seen["at"].to_numpy(dtype="datetime64[us]")
    rows = pd.DataFrame({"position": position, "local": local_hours(at, zones[position]), "at": at})
    rows["weight"] = seen["weight"].to_numpy(dtype=np.float64)
    hours = rows.groupby(["position", "local"], sort=True).agg(at=("at", "min"), weight=("weight", "max")).reset_index()
    at = hours["at"].to_numpy(dtype="datetime64[us]")
    fading = 0.5 ** (elapsed_days(at, cut) / settings.half_life_days)
    return Engagement(
        customer_id=people["customer_id"].to_numpy(dtype=object),
        segment=people["segment"].to_numpy(dtype=object),
        timezone=zones,
        position=hours["position"].to_numpy(dtype=np.int64),
        at=at,
        hour=hour_of_week(hours["local"].to_numpy(dtype=np.int64)),
        weight=hours["weight"].to_numpy(dtype=np.float64) * fading,
        notes=(*notes, *zone_notes),
    )


def _signs(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, cut: np.datetime64
) -> tuple[pd.DataFrame, list[str]]:
    """One row per sign of engagement: customer_id, at, weight."""
    notes: list[str] = []
    parts = [pd.DataFrame({"customer_id": pd.Series(dtype=object), "at": pd.Series(dtype="datetime64[us]")})]
    if "signals" in tables:
        parts.append(_rows(tables["signals"], "signals", "occurred_at", cut))
    if "purchases" in tables:
        bought = tables["purchases"]
        require(bought, "purchases", ("customer_id", "kind", "occurred_at"))
        parts.append(_rows(bought[bought["kind"] == "sale"], "purchases", "occurred_at", cut))
    if "outcomes" in tables:
        answered, dropped = _answers(tables, settings, cut)
        parts.append(answered)
        if dropped:
            notes.append(f"{dropped:,} opens and clicks within seconds of sending are taken for mail scanners.")
    signs = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    signs["weight"] = np.where(_is_prompted(signs, tables, settings, cut), settings.prompted_weight, 1.0)
    return signs, notes


def _rows(frame: pd.DataFrame, table: str, column: str, cut: np.datetime64) -> pd.DataFrame:
    """Customers and times of rows that were known at the cut."""
    require(frame, table, ("customer_id", column))
    is_known = frame["customer_id"].notna().to_numpy()
    if "received_at" in frame.columns:
        received = frame["received_at"]
        is_known &= (received.isna() | (received < pd.Timestamp(cut).tz_localize("UTC"))).to_numpy()
    known = frame[is_known]
    return pd.DataFrame(
        {"customer_id": known["customer_id"].to_numpy(dtype=object), "at": utc_times(known, table, column)}
    )


def _answers(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, cut: np.datetime64
) -> tuple[pd.DataFrame, int]:
    outcomes = tables["outcomes"]
    require(outcomes, "outcomes", ("name", "occurred_at"))
    answered = outcomes[outcomes["name"].isin(ANSWERS)].copy()
    for column in ("customer_id", "touch_id"):
        if column not in answered.columns:
            answered[column] = None
    touches = tables.get("touches", pd.DataFrame({"touch_id": [], "customer_id": [], "sent_at": []}))
    require(touches, "touches", ("touch_id", "customer_id", "sent_at"))
    by_touch = touches.dropna(subset=["touch_id"]).drop_duplicates("touch_id").set_index("touch_id")
    answered["customer_id"] = answered["customer_id"].fillna(answered["touch_id"].map(by_touch["customer_id"]))
    sent = pd.to_datetime(answered["touch_id"].map(by_touch["sent_at"]), utc=True)
    seconds = (answered["occurred_at"] - sent).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.inf)
    is_machine = (seconds >= 0) & (seconds < settings.machine_seconds) & answered["name"].isin(ANSWERS[:2]).to_numpy()
    return _rows(answered[~is_machine], "outcomes", "occurred_at", cut), int(is_machine.sum())


def _is_prompted(
    signs: pd.DataFrame, tables: Mapping[str, pd.DataFrame], settings: TimingSettings, cut: np.datetime64
) -> npt.NDArray[np.bool_]:
    """Whether a touch to the same customer went out just before."""
    if "touches" not in tables or not len(signs) or not len(tables["touches"]):
        return np.zeros(len(signs), dtype=bool)
    sent = _rows(tables["touches"], "touches", "sent_at", cut)
    sent = sent.rename(columns={"at": "sent"}).sort_values("sent", kind="stable")
    ordered = signs.reset_index().sort_values("at", kind="stable")
    met = pd.merge_asof(ordered, sent, left_on="at", right_on="sent", by="customer_id")
    minutes = (met["at"] - met["sent"]).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.inf) / 60
    is_prompted = np.zeros(len(signs), dtype=bool)
    is_prompted[met["index"].to_numpy(dtype=np.int64)] = minutes <= settings.prompted_minutes
    return is_prompted


def _people(
    tables: Mapping[str, pd.DataFrame],
    settings: TimingSettings,
    cut: np.datetime64,
    seen: pd.DataFrame,
    timezone: str,
) -> tuple[pd.DataFrame, list[str]]:
    """One row per customer, ascending: customer_id, segment, timezone."""
    if "customers" not in tables:
        people = pd.DataFrame({"customer_id": pd.Series(seen["customer_id"].unique(), dtype=object)})
    else:
        people = tables["customers"]
        require(people, "customers", ("customer_id",))
        if "joined_at" in people.columns:
            people = people[people["joined_at"].isna() | (people["joined_at"] < pd.Timestamp(cut).tz_localize("UTC"))]
    if not len(people):
        raise TooLittleDataError(
            "There are no customers.", where="timing", remedy="Give a table customers, or signals or purchases."
        )
    if people["customer_id"].duplicated().any():
        twice = people.loc[people["customer_id"].duplicated(), "customer_id"].iloc[0]
        raise ForecastingError(
            f"Customer {twice!r} is there more than once.", where="customers", remedy="Keep one row per customer_id."
        )
    people = people.sort_values("customer_id", ignore_index=True)
    column = next((name for name in settings.segment_columns if name in people.columns), None)
    segment = people[column].fillna("unknown").astype(str) if column else pd.Series([EVERYBODY] * len(people))
    zones, notes = _zones(people, timezone)
    return pd.DataFrame({"customer_id": people["customer_id"], "segment": segment, "timezone": zones}), notes


def _zones(people: pd.DataFrame, timezone: str) -> tuple["pd.Series[str]", list[str]]:
    if "timezone" not in people.columns:
        return pd.Series([timezone] * len(people), dtype=object), []
    named = people["timezone"]
    known = {name for name in named.dropna().unique() if is_zone(name)}
    wrong = named[named.notna() & ~named.isin(known)]
    notes = []
    if len(wrong):
        notes.append(f"{len(wrong):,} customers have a time zone that is none ({wrong.iloc[0]!r}); {timezone} is used.")
    return named.where(named.isin(known), timezone).astype(object), notes
