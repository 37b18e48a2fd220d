"""Spend, outcome and controls per period, from tables as they were known at as-of.

Days and weeks are local. Only whole periods count: one that as-of cuts off, and the one in which the outcome begins,
are left out. Where spend and outcome are recorded from the same time on, what was spent before is not known, and the
first periods serve as that. A period without spend is one in which nothing was spent; one without outcome brought
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import Days, local_days, moment, require, utc_times
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.values import Floats, Keys
from lake.tables import TABLES

LENGTH = {"week": 7, "day": 1}
LEAST_PERIODS = 20
_MONDAY = -3  # 1969-12-29, in days since 1970-01-01
OUTCOMES = {"purchases": ("occurred_at", "net_value"), "opportunities": ("opened_at", "amount")}


@dataclass(frozen=True, eq=False)
class Panel:
    """One row per period, ascending.

    Attributes:
        channel_id: Keys, ascending, shape (channels,).
        first_day: First local day of each period, days since 1970-01-01, shape (periods,).
        days: Days per period.
        spend: Shape (periods, channels), in currency.
        earlier_spend: Spend of the periods just before, oldest first, shape (carryover, channels).
        outcome: Shape (periods,), in currency.
        controls: Shape (periods, controls).
        control_names: `kind` or `kind of about_id`, shape (controls,).
        notes: What a reader must know.
    """

    channel_id: Keys
    first_day: Days
    days: int
    spend: Floats
    earlier_spend: Floats
    outcome: Floats
    controls: Floats
    control_names: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return len(self.outcome)


def panel(tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings, *, as_of: datetime, timezone: str) -> Panel:
    """Bring `spend`, the outcome and the controls into periods.

    Raises:
        TooLittleDataError: Fewer than twenty whole periods, no spend, or an outcome that never varies.
        ForecastingError: A table or column is missing, spend is negative, a number is not finite, or a key of spend
            is there twice.
    """
    days = LENGTH[settings.period]
    cut = moment(as_of)
    last = _period(local_days(np.array([cut]), timezone), days)[0]
    spent, spend_notes = _spend(tables, cut, timezone, days)
    brought = _outcome(tables, settings, cut, timezone, days)
    if not len(brought) or last <= brought["period"].min() + LEAST_PERIODS:
        count = max(0, int(last - brought["period"].min() - 1)) if len(brought) else 0
        raise TooLittleDataError(
            f"There are {count} whole {settings.period}s of {settings.outcome}.",
            where="media mix",
            remedy=f"Give {LEAST_PERIODS} at least.",
        )
    first, truncated = _first(int(brought["period"].min()) + 1, int(last), spent["period"], settings)
    periods = np.arange(first, last)
    outcome = brought.groupby("period")["value"].sum().reindex(periods, fill_value=0.0).to_numpy(dtype=np.float64)
    if np.ptp(outcome) <= 0:
        raise TooLittleDataError(
            f"The outcome is {outcome[0]:g} in every {settings.period}.",
            where=settings.outcome,
            remedy="A return can only be found where the outcome varies.",
        )
    channels = np.array(sorted(spent["channel_id"].unique()), dtype=object)
    wide = spent.pivot_table(index="period", columns="channel_id", values="spend", aggfunc="sum", fill_value=0.0)
    before = np.arange(periods[0] - settings.carryover_periods, periods[0])
    known = tables.get("observations", pd.DataFrame())
    controls, names = _controls(known, settings.control_kinds, cut, timezone, periods, days=days)
    if truncated:
        spend_notes = (*spend_notes, truncated)
    empty = int((~np.isin(periods, brought["period"])).sum())
    notes = list(spend_notes)
    if empty:
        notes.append(f"{empty} {settings.period}s without {settings.outcome} count as zero.")
    return Panel(
        channel_id=channels,
        first_day=(periods * days + (_MONDAY if days > 1 else 0)).astype(np.int32),
        days=days,
        spend=_rows(wide, periods, channels),
        earlier_spend=_rows(wide, before, channels),
        outcome=outcome,
        controls=controls,
        control_names=names,
        notes=tuple(notes),
    )


def _first(outcome: int, last: int, spent: "pd.Series[int]", settings: MediaMixSettings) -> tuple[int, str]:
    """The first period to fit, and a note: where records of both begin together, earlier spend is not known."""
    begins = int(spent.min())
    later = begins + settings.carryover_periods
    if begins < outcome - settings.carryover_periods or begins > outcome + 1 or last - later < LEAST_PERIODS:
        return outcome, ""
    return later, (
        f"The records of spend begin with those of {settings.outcome}: the first {later - outcome} {settings.period}s"
        " only tell what carries over."
    )


def _period(day: Days, days: int) -> Days:
    return np.asarray((day - _MONDAY) // days if days > 1 else day, dtype=np.int32)


def _rows(wide: pd.DataFrame, periods: Days, channels: Keys) -> Floats:
    return wide.reindex(index=periods, columns=list(channels), fill_value=0.0).to_numpy(dtype=np.float64)


def _numbers(frame: pd.DataFrame, table: str, column: str, *, least: float = -np.inf) -> Floats:
    values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values) | (values < least)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ForecastingError(
            f"Column {column} holds {values[row]} in row {row} ({int(wrong.sum())} such rows).",
            where=table,
            remedy="Quarantine such rows before forecasting." if least == -np.inf else f"Use {least:g} or more.",
        )
    return values


def _known(frame: pd.DataFrame, table: str, column: str, cut: np.datetime64) -> pd.DataFrame:
    return frame[utc_times(frame, table, column) < cut]


def _spend(
    tables: Mapping[str, pd.DataFrame], cut: np.datetime64, timezone: str, days: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Columns period, channel_id, spend."""
    frame = tables.get("spend", pd.DataFrame())
    if not len(frame):
        raise TooLittleDataError("There is no spend.", where="spend", remedy="Give the table spend.")
    require(frame, "spend", ("campaign_id", "channel_id", "date", "spend"))
    known = _known(frame, "spend", "date", cut)
    key = [*TABLES["spend"].key, *(["account_id"] if "account_id" in known.columns else [])]
    twice = known.duplicated(key)
    if twice.any():
        row = known[twice].iloc[0]
        raise ForecastingError(
            f"{int(twice.sum())} rows repeat a key, the first {row['campaign_id']} at {row['date']}.",
            where="spend",
            remedy="Keep one row per campaign, channel and date: else spend counts twice.",
        )
    values = _numbers(known, "spend", "spend", least=0.0)
    if values.sum() <= 0:
        raise TooLittleDataError(
            "Nothing was spent before as-of.", where="spend", remedy="Give spend of at least one channel."
        )
    period = _period(local_days(utc_times(known, "spend", "date"), timezone), days)
    spent = pd.DataFrame({"period": period, "channel_id": known["channel_id"].to_numpy(dtype=object), "spend": values})
    total = spent.groupby("channel_id")["spend"].transform("sum")
    none = sorted(spent.loc[total <= 0, "channel_id"].unique())
    notes = tuple(f"Nothing was ever spent on {name}; it is left out." for name in none)
    return spent[total > 0], notes


def _outcome(
    tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings, cut: np.datetime64, timezone: str, days: int
) -> pd.DataFrame:
    """Columns period, value."""
    table, (at, column) = settings.outcome, OUTCOMES[settings.outcome]
    if table not in tables:
        raise ForecastingError(f"There is no table {table}.", where="media mix", remedy="Give it, or another outcome.")
    require(tables[table], table, (at, column))
    known = _known(tables[table], table, at, cut)
    period = _period(local_days(utc_times(known, table, at), timezone), days)
    return pd.DataFrame({"period": period, "value": _numbers(known, table, column)})


def _controls(
    frame: pd.DataFrame, kinds: tuple[str, ...], cut: np.datetime64, timezone: str, periods: Days, *, days: int
) -> tuple[Floats, tuple[str, ...]]:
    """Standardised controls; a period without an observation has the last one before it, or the first."""
    if not kinds:
        return np.zeros((len(periods), 0)), ()
    require(frame, "observations", ("kind", "about_id", "observed_at", "value"))
    known = _known(frame, "observations", "observed_at", cut)
    columns, names = [], []
    for kind in kinds:
        rows = known[(known["kind"] == kind) & known["value"].notna()]
        if not len(rows):
            raise TooLittleDataError(
                f"No observation has the kind {kind}.", where="observations", remedy="Take it out of control_kinds."
            )
        for about, found in rows.groupby("about_id"):
            period = _period(local_days(utc_times(found, "observations", "observed_at"), timezone), days)
            values = pd.Series(_numbers(found, "observations", "value")).groupby(period).mean()
            filled = values.reindex(np.union1d(values.index, periods)).ffill().bfill().reindex(periods)
            column = filled.to_numpy(dtype=np.float64)
            if np.ptp(column) > 0:
                columns.append((column - column.mean()) / column.std())
                names.append(f"{kind} of {about}")
    return np.stack(columns, axis=1) if columns else np.zeros((len(periods), 0)), tuple(names)
