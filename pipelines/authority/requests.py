"""Requests: work for named people, grouped so that ten thousand escalations are a page; and their answers.

Whatever waits for somebody's word when a run is delivered becomes part of a request: one per agent, play, asset and
what asked for it, with count, value and samples. A request has one life: opened, then answered by everybody whom it
names, or refused by one of them, or expired with the day its messages were for. All of it are events of the journal; of
two answers of one person the first in the chain counts, so that answering twice, or two at once, changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd

from lake.journal import Journal, canonical_json
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.people import schedule
from pipelines.playbook_settings import policy_reasons

REQUESTED: Final = "requested"
ANSWERED: Final = "answered"
ASSIGNED: Final = "assigned"
WAITING: Final = "waiting_for_people"
"""Which decisions wait for which request: decision_id, customer_id, request_id, as a slice of the run."""
COLUMNS: Final = ("decision_id", "customer_id", "request_id")
GROUPED_BY: Final = ("remit", "play", "asset_id", "channel_id", "held_by", "needs")
DUE_HOURS: Final = 4.0
SAMPLES: Final = 3

Verdict = Literal["approve", "refuse"]
State = Literal["open", "approved", "refused", "expired"]


@dataclass(frozen=True)
class Request:
    """One piece of work for people.

    Attributes:
        request_id: Twelve hexadecimal digits; the same waiting decisions give the same.
        about: What it says: run_id, agent, play, asset_id, title, channel_id, because (reasons in words), count, value,
            samples (ids of decisions), opened_at, due_at, expires_at.
        needs: Whose word it takes, all of them.
        assigned_to: Who looks at it; whom it needs, unless somebody passed it on.
        answers: By person: approve or refuse, why, and when.
        state: Where it is in its life.
        is_overdue: It is open after its due time.
    """

    request_id: str
    about: Mapping[str, Any]
    needs: tuple[str, ...]
    assigned_to: tuple[str, ...]
    answers: Mapping[str, Mapping[str, Any]]
    state: State
    is_overdue: bool

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        said = {person: dict(answer) for person, answer in self.answers.items()}
        lists = {"needs": list(self.needs), "assigned_to": list(self.assigned_to)}
        state = {"state": self.state, "is_overdue": self.is_overdue}
        return {"request_id": self.request_id, **state, **self.about, **lists, "answers": said}


def open_requests(day: Day, run: RunRow, waiting: pd.DataFrame, now: datetime) -> int:
    """Open requests for decisions that wait, once each; how many were opened.

    Args:
        day: Of the run.
        run: Whose decisions wait.
        waiting: Their records, with `needs` as it is at this moment.
        now: The moment.
    """
    if waiting.empty:
        return 0
    journal = Journal(day.lake)
    known = {request.request_id for request in requests_in(journal.events(), now)}
    owned = waiting.assign(request_id=_ids(run, waiting))
    day.lake.write_slice(WAITING, run.run_id, _all_waiting(day, run, owned))
    reasons = policy_reasons(day.playbook)
    hours = {remit.agent: remit.answers_within_hours or DUE_HOURS for remit in day.playbook.remits}
    opened = [
        _described(run, str(request_id), group, reasons, now, hours)
        for request_id, group in owned.groupby("request_id", sort=True)
        if request_id not in known
    ]
    if opened:
        payload = {"run_id": run.run_id, "requests": opened}
        journal.append(REQUESTED, schedule(), payload, at=now, because="decided, and waiting for people")
    return len(opened)


def requests_in(events: pd.DataFrame, now: datetime) -> list[Request]:
    """All requests that events tell of, in the order in which they were opened."""
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    passed: dict[str, tuple[str, ...]] = {}
    opened: dict[str, Mapping[str, Any]] = {}
    for event in events.to_dict("records"):
        told = event["payload"]
        if told is None:
            continue
        if event["kind"] == REQUESTED:
            opened |= {one["request_id"]: one for one in told["requests"] if one["request_id"] not in opened}
        elif event["kind"] == ASSIGNED:
            passed[told["request_id"]] = (told["to"],)
        elif event["kind"] == ANSWERED:
            said = {"verdict": told["verdict"], "because": event["because"], "at": event["at"].isoformat()}
            said["by"] = event["person"] or f"system-user:{event['system_user']}"
            answers.setdefault(told["request_id"], {}).setdefault(told["for"], said)
    return [_folded(one, answers.get(key, {}), passed.get(key), now) for key, one in opened.items()]


def answered_decisions(day: Day, run: RunRow, now: datetime) -> tuple[frozenset[str], Mapping[str, str]]:
    """Decisions of a run that everybody asked has agreed to; and those that somebody refused, with why they stay."""
    requests = {one.request_id: one for one in requests_in(Journal(day.lake).events(), now)}
    waiting = waiting_of(day, run)
    state = waiting["request_id"].map({key: one.state for key, one in requests.items()})
    said = waiting["request_id"].map({key: _refusal(one) for key, one in requests.items() if one.state == "refused"})
    refused = dict(zip(waiting["decision_id"], said, strict=True))
    approved = frozenset(waiting.loc[state == "approved", "decision_id"])
    return approved, {decision: str(text) for decision, text in refused.items() if isinstance(text, str)}


def waiting_of(day: Day, run: RunRow) -> pd.DataFrame:
    """Decisions of a run that have waited for people, with the request each is part of."""
    if not (day.lake.root / "results" / WAITING).exists():
        return pd.DataFrame(columns=list(COLUMNS))
    return day.lake.read_slice(WAITING, run.run_id)[list(COLUMNS)]


def _all_waiting(day: Day, run: RunRow, owned: pd.DataFrame) -> pd.DataFrame:
    before = waiting_of(day, run)
    rows = pd.concat([part for part in (before, owned[list(COLUMNS)]) if len(part)], ignore_index=True)
    return rows.drop_duplicates(["decision_id", "request_id"]).sort_values(["request_id", "decision_id"])


def _refusal(request: Request) -> str:
    who = next(one["by"] for one in request.answers.values() if one["verdict"] == "refuse")
    return f"refused by {who}"


def _ids(run: RunRow, waiting: pd.DataFrame) -> "pd.Series[str]":
    keys = waiting[list(GROUPED_BY)].astype(object).where(waiting[list(GROUPED_BY)].notna(), None)
    texts = [canonical_json([run.run_id, *row]) for row in keys.itertuples(index=False, name=None)]
    return pd.Series([hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts], index=waiting.index)


def _described(  # noqa: PLR0917 -- as many things as it is made of
    run: RunRow,
    request_id: str,
    group: pd.DataFrame,
    reasons: Mapping[str, str],
    now: datetime,
    hours: Mapping[str, float],
) -> dict[str, Any]:
    first = group.iloc[0]
    texts = {name: None if pd.isna(first[name]) else str(first[name]) for name in (*GROUPED_BY, "title", "triggers")}
    by = _names(texts["held_by"])
    return {
        "request_id": request_id,
        "run_id": run.run_id,
        "day": str(run.about["day"]),
        "agent": texts["remit"],
        "play": texts["play"],
        "asset_id": texts["asset_id"],
        "title": texts["title"],
        "channel_id": texts["channel_id"],
        "triggers": _names(texts["triggers"]),
        "held_by": by,
        "because": [reasons.get(name, name) for name in by] or ["Somebody wants to be asked first."],
        "needs": _names(texts["needs"]),
        "count": len(group),
        "value": float(group["value"].sum()),
        "samples": group.sort_values("value", ascending=False, kind="stable")["decision_id"].head(SAMPLES).tolist(),
        "opened_at": now.isoformat(),
        "due_at": (now + timedelta(hours=hours.get(str(texts["remit"]), DUE_HOURS))).isoformat(),
        "expires_at": group["expires_at"].max().isoformat(),
    }


def _names(text: str | None) -> list[str]:
    return text.split(", ") if text else []


def _folded(
    about: Mapping[str, Any],
    answers: Mapping[str, Mapping[str, Any]],
    passed: tuple[str, ...] | None,
    now: datetime,
) -> Request:
    needs = tuple(about["needs"])
    state: State = "open"
    if any(answer["verdict"] == "refuse" for answer in answers.values()):
        state = "refused"
    elif all(name in answers for name in needs):
        state = "approved"
    elif now >= datetime.fromisoformat(about["expires_at"]):
        state = "expired"
    is_overdue = state == "open" and now >= datetime.fromisoformat(about["due_at"])
    told = {name: value for name, value in about.items() if name not in ("request_id", "needs")}
    return Request(about["request_id"], told, needs, passed or needs, answers, state, is_overdue)
