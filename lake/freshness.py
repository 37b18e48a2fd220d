"""How fresh each source is: the age of its newest row against the rhythm in which it usually brings some."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from lake.tables import TABLES

FLOWS = ("purchases", "signals")
HISTORY_DAYS = 91
FEWEST_DAYS = 3
LEAST_LIMIT_DAYS = 2.0
USUAL_GAP_QUANTILE = 0.95
GAPS_UNTIL_STALE = 2.0
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """How fresh one table is.

    Attributes:
        table: The canonical table.
        newest_at: When its newest row happened, UTC; None without rows.
        age_days: Days from then to the as-of.
        usual_gap_days: The 95th percentile of the gaps between days with rows in the 91 days up to the newest; None
            where that is not learnt, or when there are fewer than three such days.
        limit_days: From which age on it is stale: as the playbook states it, else twice the usual gap and at least two
            days; None when neither is known, and then it is not judged.
    """

    table: str
    newest_at: datetime | None
    age_days: float | None
    usual_gap_days: float | None
    limit_days: float | None

    @property
    def is_stale(self) -> bool:
        """Whether it is older than its limit; a stated limit on a table without rows counts as exceeded."""
        if self.limit_days is None:
            return False
        return self.age_days is None or self.age_days > self.limit_days

    @property
    def trust(self) -> float:
        """Limit ÷ age where stale, else 1: a source twice as old as it may be is trusted half as much."""
        if not self.is_stale or self.limit_days is None:
            return 1.0
        return self.limit_days / self.age_days if self.age_days else 0.0


def freshness(
    tables: Mapping[str, pd.DataFrame], *, as_of: datetime, limits: Mapping[str, float] | None = None
) -> tuple[Freshness, ...]:
    """Judge the tables whose rows happen at a time, in order of name.

    A limit is learnt only where customers make the rows (purchases, signals): that we sent nothing for a month, or that
    nobody withdrew consent, is no fault of a source. Other tables are judged by a stated limit alone.

    Args:
        tables: Canonical tables; those without a time of event are not looked at, nor those without rows or limit.
        as_of: The moment to judge at; rows at or after it are not there yet.
        limits: Days after which a table is stale, where the playbook states them.
    """
    stated = limits or {}
    return tuple(
        _judge(name, tables[name], event_time, pd.Timestamp(as_of), stated.get(name))
        for name in sorted(tables)
        if (event_time := TABLES[name].event_time) is not None and (name in stated or len(tables[name]))
    )


def _judge(name: str, table: pd.DataFrame, event_time: str, as_of: pd.Timestamp, stated: float | None) -> Freshness:
    times = table.loc[table[event_time] < as_of, event_time]
    if times.empty:
        return Freshness(name, None, None, None, stated)
    newest = times.max()
    usual = _usual_gap_days(times[times > newest - HISTORY_DAYS * _DAY]) if name in FLOWS else None
    learnt = None if usual is None else max(LEAST_LIMIT_DAYS, GAPS_UNTIL_STALE * usual)
    return Freshness(
        table=name,
        newest_at=newest.to_pydatetime(),
        age_days=(as_of - newest) / _DAY,
        usual_gap_days=usual,
        limit_days=learnt if stated is None else stated,
    )


def _usual_gap_days(times: "pd.Series[pd.Timestamp]") -> float | None:
    days = np.unique(times.to_numpy(dtype="datetime64[D]"))
    if len(days) < FEWEST_DAYS:
        return None
    return float(np.quantile(np.diff(days).astype(np.int64), USUAL_GAP_QUANTILE))
