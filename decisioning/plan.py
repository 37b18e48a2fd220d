"""Who would hear what on which day: the decision rolled forward day by day, with what is known today.

Every day of the horizon is proposed and decided by the functions that decide a run. What a day sends counts as sent for
the days after it: caps, limits that last longer than a day, and the order of messages see it. Nothing else moves on:
no purchase, reply or withdrawal is foreseen, so that only the first day is a decision and all others are plans.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from decisioning.decide import decide, propose
from decisioning.errors import DecisioningError
from decisioning.liability import LAPSED
from decisioning.limit_windows import RESERVED
from decisioning.settings import DecisionSettings
from decisioning.times import at_local, local_date, moment, to_datetime
from forecasting.values import Forecasts
from graph.view import View

MOST_DAYS = 92
SENT = (
    "customer_id",
    "channel_id",
    "asset_id",
    "title",
    "play",
    "subject",
    "motive_sentence",
    "send_at",
    "value",
    "confidence",
    "evidence_grade",
    "touch_cost",
)
"""What a plan keeps of a send's record."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The days of a horizon.

    Attributes:
        days: The moments that each day is decided at, the first being as-of itself.
        sends: One row per planned send: `day` (place in `days`) and the columns of `SENT`, by day and customer.
        unspoken: Customers who are asked about and hear nothing on a day: `day`, `customer_id`, `none_reason`.
    """

    days: tuple[datetime, ...]
    sends: pd.DataFrame
    unspoken: pd.DataFrame


def plan(
    view: View,
    forecasts: Forecasts,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    *,
    as_of: datetime,
    horizon: int,
    asked: frozenset[str] = frozenset(),
    report: Callable[[datetime, int], None] | None = None,
) -> Plan:
    """Decide the days of a horizon one after the other.

    Args:
        view: What is known.
        forecasts: What will happen.
        settings: The playbook's settings.
        touches: What was sent before as-of and what others are going to send, as `decide` takes it.
        as_of: The moment of the first day; that of the view.
        horizon: How many local days, the first included.
        asked: Customers whose days without a send are explained too.
        report: Told each day and how many sends the days before have.

    Raises:
        DecisioningError: The horizon is none, or view, forecasts and settings do not fit together.
        PolicyError: A policy is wrong.
    """
    days = horizon_days(as_of, horizon, settings.timezone)
    sends: list[pd.DataFrame] = []
    unspoken: list[pd.DataFrame] = []
    known = touches
    for place, day in enumerate(days):
        if report is not None:
            report(day, sum(len(part) for part in sends))
        today, known = replace(view, as_of=day), _lapsed(known, day)
        motives = propose(today, forecasts, settings, day)
        records = decide(today, motives, forecasts, settings, known, as_of=day).records
        is_sent = (records["verb"] == "send") & ~records["is_ghost"].astype(bool)
        sent = records[is_sent].assign(day=place)
        sends.append(sent[["day", *SENT]])
        silent = records[~is_sent & records["customer_id"].isin(asked)]
        unspoken.append(silent[["customer_id", "none_reason"]].assign(day=place))
        known = _with(known, sent, day)
    return Plan(days, _joined(sends, SENT), _joined(unspoken, ("customer_id", "none_reason")))


def horizon_days(as_of: datetime, horizon: int, timezone: str) -> tuple[datetime, ...]:
    """As-of, then the local midnights after it, as many as the horizon has days.

    Raises:
        DecisioningError: Fewer than one, or more than `MOST_DAYS`.
    """
    if not 1 <= horizon <= MOST_DAYS:
        raise DecisioningError(
            f"A horizon of {horizon} days cannot be planned.",
            where="--horizon",
            remedy=f"Ask for 1 to {MOST_DAYS} days; what is known today says little about later ones.",
        )
    zone = ZoneInfo(timezone)
    first = local_date(moment(as_of), zone)
    midnights = [at_local(first + timedelta(days=ahead), time.min, zone) for ahead in range(1, horizon)]
    return (as_of, *map(to_datetime, midnights))


def _with(touches: pd.DataFrame, sent: pd.DataFrame, day: datetime) -> pd.DataFrame:
    """The touches, with what a day sends: its cost, and that its offers may be claimed where that counts."""
    if sent.empty:
        return touches
    ours = sent.rename(columns={"send_at": "sent_at", "touch_cost": "cost"})
    ours = ours.assign(
        touch_id=f"planned/{day.isoformat()}/" + ours["customer_id"],
        expected_cost=sent["offer_cost"].fillna(0.0),
    )
    columns = ["touch_id", "customer_id", "channel_id", "asset_id", "sent_at", "cost", "expected_cost"]
    if "liability" in touches.columns:
        ours["liability"] = pd.Series(RESERVED, index=sent.index, dtype=object).where(sent["offer_id"].notna(), None)
        columns.append("liability")
    return pd.concat([part for part in (touches, ours[columns]) if len(part)], ignore_index=True)


def _lapsed(touches: pd.DataFrame, day: datetime) -> pd.DataFrame:
    """The touches, whose offers cannot be claimed any more once they have lapsed."""
    if "lapses_at" not in touches.columns:
        return touches
    is_over = touches["liability"].eq(RESERVED) & (touches["lapses_at"] <= pd.Timestamp(day))
    return touches.assign(liability=touches["liability"].mask(is_over, LAPSED))


def _joined(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)] or parts[:1]
    joined = pd.concat(filled, ignore_index=True)[["day", *columns]]
    return joined.sort_values(["day", "customer_id"], kind="stable", ignore_index=True)
