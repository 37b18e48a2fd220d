"""Who hears what on which day: the last decided run rolled forward, and nothing of it stored."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from decisioning.lifetime_values import with_lifetime_values
from decisioning.plan import SENT, Plan
from decisioning.plan import plan as roll_forward
from graph.view import View
from lake.journal import Actor
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.deciding import settings_of, touches_before
from pipelines.errors import UsageError
from pipelines.forecasts.making import insist_on_place, write_table
from pipelines.people import insist_on
from pipelines.playbook_settings import policy_reasons
from pipelines.running import day_of_run
from pipelines.stored import stored_forecasts, stored_view

Document = dict[str, Any]

CHANGES = (
    "The first day is as it is decided. Every later day is a plan from what is known today: purchases, replies, "
    "consents and new data until then change it. Values of one customer's days overlap and do not add up: each counts "
    "what the message changes in the weeks after it."
)
SAMPLE = 3
HELD_OUT = "held out, so that the effect of the rest can be measured"


@dataclass(frozen=True)
class Asked:
    """What is asked.

    Attributes:
        horizon: Days, the first included.
        customer_id: Whose plan is told in full; None for nobody's.
        run_id: Of a decided run; None for the one decided last.
        file: Where to write everybody's plan.
    """

    horizon: int
    customer_id: str | None = None
    run_id: str | None = None
    file: Path | None = None


def plan_days(day: Day, actor: Actor, asked: Asked) -> Document:
    """Plan the days after a run.

    Returns:
        `playbook`, `run_id`, `as_of_day`, `timezone`, `horizon`, `currency`, `note` (that later days may change),
        `channels`, `days` (each with `day`, `is_decided`, `sends`, `customers`, `value`, `cost`, `by_channel`,
        `by_play`), `total`, `customer` (`customer_id`, `sends`, `days`: what they hear on each, or why nothing),
        `file`, `seconds`.

    Raises:
        UsageError: There is no such customer, nothing has been decided yet, or the file cannot be written.
        RefusedError: A file is wanted, and the actor may not see personal data.
        DecisioningError: The horizon is none.
    """
    if asked.file is not None:
        insist_on_place(asked.file)
        insist_on(actor, "see personal data", day.playbook)
    day = day_of_run(day, asked.run_id)
    run = day.current_run()
    forecasts, settings = stored_forecasts(day, run), settings_of(day, run)
    view = with_lifetime_values(stored_view(day, run), forecasts.lifetime_value)
    if asked.customer_id is not None:
        _insist_on_customer(day, view, run, asked.customer_id)
    zone = ZoneInfo(day.playbook.timezone)
    day.progress.started("plan")
    began = time.perf_counter()

    def tell(moment: datetime, sends: int) -> None:
        day.progress.doing("plan", f"{moment.astimezone(zone):%A, %d %B}; {sends:,} sends so far")

    made = roll_forward(
        view,
        forecasts,
        settings,
        touches_before(day, run, view, settings),
        as_of=run.identity.as_of,
        horizon=asked.horizon,
        asked=frozenset() if asked.customer_id is None else frozenset({asked.customer_id}),
        report=tell,
    )
    seconds = time.perf_counter() - began
    day.progress.finished("plan", seconds, f"{len(made.sends):,} sends on {len(made.days)} days")
    dates = [moment.astimezone(zone).date().isoformat() for moment in made.days]
    table = made.sends.assign(day=[dates[place] for place in made.sends["day"]])
    return {
        "playbook": day.playbook.name,
        "run_id": run.run_id,
        "as_of_day": run.about["day"],
        "timezone": day.playbook.timezone,
        "horizon": asked.horizon,
        "currency": day.playbook.warrant.currency,
        "note": CHANGES,
        "channels": [str(key) for key in view.channels.keys],
        "days": [_of_day(made.sends[made.sends["day"] == place], dates[place], place) for place in range(len(dates))],
        "total": {name: total for name, total in _sums(made.sends).items() if name != "value"},
        "customer": _of_customer(made, dates, asked.customer_id, zone, policy_reasons(day.playbook)),
        "file": None if asked.file is None else str(write_table(_as_text(table), asked.file)),
        "seconds": round(seconds, 1),
    }


def _insist_on_customer(day: Day, view: View, run: RunRow, customer_id: str) -> None:
    if int(view.customers.positions([customer_id])[0]) < 0:
        known = ", ".join(str(key) for key in view.customers.keys[:SAMPLE])
        raise UsageError(
            f"the run {run.run_id} knows no customer `{customer_id}`.",
            where=str(day.lake.root),
            remedy=f"Customers have ids such as {known}." if known else "",
        )


def _of_day(sends: pd.DataFrame, date: str, place: int) -> Document:
    return {"day": date, "is_decided": place == 0, **_sums(sends)}


def _sums(sends: pd.DataFrame) -> Document:
    return {
        "sends": len(sends),
        "customers": int(sends["customer_id"].nunique()),
        "value": float(sends["value"].sum()),
        "cost": float(sends["touch_cost"].sum()),
        "by_channel": _counts(sends["channel_id"]),
        "by_play": _counts(sends["play"]),
    }


def _counts(column: "pd.Series[Any]") -> dict[str, int]:
    return {str(name): int(count) for name, count in column.value_counts().sort_index().items()}


def _of_customer(
    made: Plan, dates: list[str], customer_id: str | None, zone: ZoneInfo, reasons: Mapping[str, str]
) -> Document | None:
    """What the customer hears on each day, or why nothing."""
    if customer_id is None:
        return None
    sends = made.sends[made.sends["customer_id"] == customer_id].set_index("day")
    silent = made.unspoken[made.unspoken["customer_id"] == customer_id].set_index("day")["none_reason"]
    days = []
    for place, date in enumerate(dates):
        told: Document = {"day": date, "is_decided": place == 0}
        if place in sends.index:
            row = sends.loc[place]
            told |= {name: _plain(row[name]) for name in SENT if name not in ("customer_id", "send_at")}
            told |= {"send_at": row["send_at"].isoformat(), "local_time": f"{row['send_at'].astimezone(zone):%H:%M}"}
        else:
            reason = silent.get(place)
            policy = str(reason).partition("refused by policy: ")[2]
            told |= {"none_reason": reason or HELD_OUT, "because": reasons.get(policy)}
        days.append(told)
    return {"customer_id": customer_id, "sends": len(sends), "days": days}


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, float) else None if pd.isna(value) else str(value)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Times in ISO 8601, so that every kind of file says the same."""
    return table.assign(send_at=[moment.isoformat() for moment in table["send_at"]])
