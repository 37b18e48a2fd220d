"""What people did before as-of, ready to be counted: signals and answers of known customers, in one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import local_days, moment, require, utc_times
from forecasting.values import Floats, Keys, Times

Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

SIGNAL_COLUMNS: Final = ("signal_id", "customer_id", "name", "occurred_at")
OUTCOME_COLUMNS: Final = ("outcome_id", "name", "occurred_at")
NOBODY: Final = -1


@dataclass(frozen=True, eq=False)
class Acts:
    """Acts of known customers before as-of, the oldest first; a of them.

    Attributes:
        customers: Keys of all customers, ascending, shape (n,).
        accounts: Keys of all accounts, ascending, shape (m,).
        account_of: Position of each customer's account, -1 without one, shape (n,).
        rows: key, name, source, value, customer (position), account (position or -1), day (local, since 1970), visit
            (code), is_signal; one per act.
        happened_at: When, shape (a,).
        topics: Pairs of act (position) and topic, from the act itself and from the content it was about.
        as_of: The moment nothing is known after.
    """

    customers: Keys
    accounts: Keys
    account_of: Positions
    rows: pd.DataFrame
    happened_at: Times
    topics: pd.DataFrame
    as_of: np.datetime64

    def of(self, events: Sequence[str], topics: Sequence[str] = (), sources: Sequence[str] = ()) -> Flags:
        """Which acts go by one of these names, topics and sources; an empty list asks for nothing.

        Without names, signals count and answers to messages do not.
        """
        chosen = (self.rows["name"].isin(events) if events else self.rows["is_signal"]).to_numpy(dtype=np.bool_)
        if topics:
            is_about = np.zeros(len(self.rows), dtype=np.bool_)
            is_about[self.topics.loc[self.topics["topic"].isin(topics), "act"].to_numpy(dtype=np.int64)] = True
            chosen = chosen & is_about
        if sources:
            chosen = chosen & self.rows["source"].isin(sources).to_numpy(dtype=np.bool_)
        return np.asarray(chosen, dtype=np.bool_)

    def age_days(self) -> Floats:
        """Days from each act until as-of, shape (a,)."""
        return (self.as_of - self.happened_at).astype(np.int64) / 86_400_000_000


def acts_before(tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> Acts:
    """The acts that were known at as-of.

    What happened or was received at as-of or later is left out, and so are acts of nobody in `customers`. A signal that
    is there twice counts once.

    Args:
        tables: customers, [accounts, signals, outcomes, touches, assets].
        as_of: Aware datetime.
        timezone: IANA time zone whose midnight starts a day.

    Raises:
        ForecastingError: A column or a time is missing, or a signal's value is infinite.
    """
    now = moment(as_of)
    if "customers" not in tables:
        raise ForecastingError("There are no customers.", where="customers", remedy="Scores are of customers.")
    people = tables["customers"]
    require(people, "customers", ("customer_id",))
    people = people.drop_duplicates("customer_id").sort_values("customer_id")
    customers = people["customer_id"].to_numpy(dtype=object)
    accounts = _accounts(tables)
    account_of = np.full(len(people), NOBODY, dtype=np.int64)
    if "account_id" in people:
        account_of = _positions(accounts, people["account_id"])
    parts = [part for part in (_signals(tables, now), _answers(tables, now)) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else _signals({}, now)
    rows["customer"] = _positions(customers, rows["customer_id"])
    rows = rows[rows["customer"] != NOBODY]
    rows = rows.sort_values(["at", "key"], kind="stable", ignore_index=True)
    at = rows["at"].to_numpy(dtype="datetime64[us]")
    rows["account"] = account_of[rows["customer"].to_numpy(dtype=np.int64)] if len(rows) else np.zeros(0, np.int64)
    rows["day"] = local_days(at, timezone) if len(rows) else np.zeros(0, np.int32)
    # a visit without a session is a day
    session = rows["session_id"].where(rows["session_id"].notna(), "day " + rows["day"].astype(str))
    rows["visit"] = rows.groupby([rows["customer"], session], sort=False).ngroup() if len(rows) else 0
    return Acts(customers, accounts, account_of, rows, at, _topics(rows, tables), now)


def _accounts(tables: Mapping[str, pd.DataFrame]) -> Keys:
    frame = tables.get("accounts")
    if frame is None or frame.empty:
        return np.empty(0, dtype=object)
    require(frame, "accounts", ("account_id",))
    return np.array(sorted(frame["account_id"].dropna().unique()), dtype=object)


def _positions(keys: Keys, values: pd.Series) -> Positions:
    """Where each value stands among the keys, -1 for those that do not."""
    return np.asarray(pd.Index(keys, dtype=object).get_indexer(pd.Index(values, dtype=object)), dtype=np.int64)


def _signals(tables: Mapping[str, pd.DataFrame], now: np.datetime64) -> pd.DataFrame:
    frame = tables.get("signals")
    if frame is None or frame.empty:
        empty = {name: pd.Series(dtype=object) for name in ("key", "customer_id", "name", "session_id", "source")}
        more = {"asset_id": pd.Series(dtype=object), "topic": pd.Series(dtype=object)}
        numbers = {"value": pd.Series(dtype=np.float64), "at": pd.Series(dtype="datetime64[us]")}
        return pd.DataFrame({**empty, **more, **numbers, "is_signal": pd.Series(dtype=bool)})
    require(frame, "signals", SIGNAL_COLUMNS)
    at = utc_times(frame, "signals", "occurred_at")
    is_known = at < now
    if "received_at" in frame:
        received = pd.to_datetime(frame["received_at"], utc=True).dt.tz_localize(None)
        is_known &= (received.isna() | (received < pd.Timestamp(now))).to_numpy(dtype=np.bool_)
    rows = _columns(frame, "signals/" + frame["signal_id"].astype(str), at)
    rows = rows[is_known].sort_values(["key", "at", "name"], kind="stable")
    return rows.drop_duplicates("key").assign(is_signal=True)


def _answers(tables: Mapping[str, pd.DataFrame], now: np.datetime64) -> pd.DataFrame:
    """Outcomes of messages, with whom and what the touch was about."""
    frame = tables.get("outcomes")
    if frame is None or frame.empty:
        return pd.DataFrame()
    require(frame, "outcomes", OUTCOME_COLUMNS)
    given = frame.assign(**{name: None for name in ("customer_id", "touch_id", "asset_id") if name not in frame})
    touches = tables.get("touches")
    if touches is not None and len(touches):
        sent = touches.assign(**({} if "asset_id" in touches else {"asset_id": None}))
        sent = sent[["touch_id", "customer_id", "asset_id"]].drop_duplicates("touch_id").set_index("touch_id")
        for name in ("customer_id", "asset_id"):
            given[name] = given[name].where(given[name].notna(), given["touch_id"].map(sent[name]))
    at = utc_times(given, "outcomes", "occurred_at")
    rows = _columns(given.drop(columns="value", errors="ignore"), "outcomes/" + given["outcome_id"].astype(str), at)
    rows = rows.assign(source="outcomes")[at < now].sort_values(["key", "at", "name"], kind="stable")
    return rows.drop_duplicates("key").assign(is_signal=False)


def _columns(frame: pd.DataFrame, key: pd.Series, at: Times) -> pd.DataFrame:
    optional = {
        name: frame[name] if name in frame else pd.Series(None, index=frame.index, dtype=object)
        for name in ("customer_id", "session_id", "source", "asset_id", "topic")
    }
    value = pd.to_numeric(frame["value"]) if "value" in frame else pd.Series(np.nan, index=frame.index)
    if np.isinf(value.to_numpy(dtype=np.float64)).any():
        raise ForecastingError(
            f"{int(np.isinf(value).sum())} signals carry an infinite value.",
            where="signals, column value",
            remedy="Correct the source: an amount or a count is a finite number.",
        )
    return pd.DataFrame({"key": key, **optional, "name": frame["name"], "value": value.astype(np.float64), "at": at})


def _topics(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    own = rows["topic"].dropna().rename("topic").rename_axis("act").reset_index()
    assets = tables.get("assets")
    if assets is None or assets.empty or "topics" not in assets:
        return own
    about = assets[["asset_id", "topics"]].explode("topics").dropna().drop_duplicates()
    by_content = rows["asset_id"].dropna().rename_axis("act").reset_index().merge(about, on="asset_id")
    by_content = by_content[["act", "topics"]].set_axis(["act", "topic"], axis=1)
    parts = [part for part in (own, by_content) if len(part)]
    return pd.concat(parts, ignore_index=True).drop_duplicates() if parts else own
