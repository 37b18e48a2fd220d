"""What `warrant scores` shows: scores, stages, surges and intent latency of a run, as far as a role may see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.values.scores import Points, Scored, Scores
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import acting, may
from pipelines.playbook_scores import FILE
from pipelines.scoring import SCORED_TABLES, score_playbook
from pipelines.stored import DECISIONS, canonical_tables

FEWEST_PEOPLE: Final = 5
"""Counts of fewer people are not shown to a role that may not see personal data."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to see: everything, or one customer, account or stage; at most `limit` of each kind."""

    run_id: str | None = None
    customer: str | None = None
    account: str | None = None
    stage: str | None = None
    limit: int = 20
    actor: str | None = None


def show_scores(day: Day, wanted: Wanted) -> dict[str, Any]:
    """The scores of a run.

    They are worked out from the tables that the run pinned, so they are those that its decisions knew; what the run
    itself sends ends a wait.

    Returns:
        `run_id`, `as_of`, `as_of_day`, `scores` (name, of, threshold, how many have points and reach it), `stages`
        (stage, of, how many), `surges`, `intent_latency`, `customers` and `accounts` (who, stage, scores with their
        parts; the highest stage first), `is_masked` and `withheld` counts for a role that may not see personal data.

    Raises:
        UsageError: Nothing has been related yet, the playbook declares no scores, or there is nobody of this id.
        PlaybookError: `scores.yaml` does not fit the data.
    """
    playbook = day.playbook
    if playbook.scores is None:
        raise UsageError(
            f"the playbook `{playbook.name}` declares no scores.",
            where=str(playbook.folder / FILE),
            remedy="Write scores.yaml; examples/saas has one, and docs/forecasting/scores.md explains it.",
        )
    who = acting(playbook, wanted.actor, day.environment)
    run = day.ledger.get(wanted.run_id) if wanted.run_id else day.related_run()
    tables = canonical_tables(day, run, SCORED_TABLES)
    as_of = run.identity.as_of
    scores = score_playbook(playbook, tables, as_of=as_of, actions=_sends(day, run))
    if scores is None:
        raise AssertionError("the playbook has scores")
    is_open = may(who, "see personal data")
    document = {
        "run_id": run.run_id,
        "as_of": as_of.isoformat(),
        "as_of_day": run.about["day"],
        "scores": [_score(points, kind) for kind, points in _all_points(scores)],
        "stages": _stages(day, scores),
        "surges": _surges(scores, tables, wanted),
        "intent_latency": {"events": list(_latency_events(day)), **scores.latency.summary()},
        "customers": _subjects(scores.customers, wanted.customer, wanted, _stage_order(day, "customer")),
        "accounts": _subjects(scores.accounts, wanted.account, wanted, _stage_order(day, "account")),
        "is_masked": not is_open,
        "withheld": 0,
    }
    if wanted.customer is not None:
        document["accounts"] = []
    if wanted.account is not None:
        account_of = tables["customers"].set_index("customer_id").get("account_id")
        theirs = [] if account_of is None else list(account_of[account_of == wanted.account].index)
        document["customers"] = _subjects(scores.customers, None, wanted, _stage_order(day, "customer"), only=theirs)
    return document if is_open else _masked(document)


def _sends(day: Day, run: RunRow) -> pd.DataFrame | None:
    """What the run sends, once it has decided."""
    if "decide" not in run.steps:
        return None
    columns = ["customer_id", "verb", "is_ghost", "send_at"]
    records = day.lake.read_slice(DECISIONS, run.run_id, columns)
    sent = records[(records["verb"] == "send") & ~records["is_ghost"].astype(bool)]
    at = pd.to_datetime(sent["send_at"], utc=True).dt.as_unit("us")
    return pd.DataFrame({"customer_id": sent["customer_id"], "at": at})


def _all_points(scores: Scores) -> list[tuple[str, Points]]:
    return [(scored.kind, points) for scored in (scores.customers, scores.accounts) for points in scored.points]


def _score(points: Points, kind: str) -> dict[str, Any]:
    return {
        "score": points.name,
        "of": kind,
        "threshold": points.threshold,
        "with_points": int((points.value > 0).sum()),
        "reached": int(points.is_reached.sum()) if points.threshold is not None else None,
    }


def _stages(day: Day, scores: Scores) -> list[dict[str, Any]]:
    return [
        {"stage": stage, "of": scored.kind, "count": int((scored.stage == stage).sum())}
        for scored in (scores.accounts, scores.customers)
        for stage in reversed(_stage_order(day, scored.kind))
    ]


def _stage_order(day: Day, kind: str) -> list[str]:
    stated = {} if day.playbook.scores is None else day.playbook.scores.stages
    return [name for name, stage in stated.items() if stage.of == kind]


def _latency_events(day: Day) -> tuple[str, ...]:
    stated = None if day.playbook.scores is None else day.playbook.scores.intent_latency
    return () if stated is None else stated.events


def _surges(scores: Scores, tables: Mapping[str, pd.DataFrame], wanted: Wanted) -> list[dict[str, Any]]:
    surges = scores.surges
    names = tables["accounts"].set_index("account_id")["name"] if len(tables["accounts"]) else pd.Series(dtype=object)
    return [
        {
            "surge": surges.name[at],
            "account_id": surges.account_id[at],
            "account": names.get(surges.account_id[at]),
            "people": int(surges.people[at]),
            "customers": list(surges.customers[at]),
            "first_at": _said(surges.first_at[at]),
            "last_at": _said(surges.last_at[at]),
        }
        for at in range(len(surges.account_id))
        if wanted.account in (None, surges.account_id[at])
    ]


def _subjects(
    scored: Scored, named: str | None, wanted: Wanted, order: list[str], only: list[str] | None = None
) -> list[dict[str, Any]]:
    """Those with points or a stage, the highest stage first, then by how near they come to the thresholds."""
    if named is not None and named not in set(scored.subject_id):
        raise UsageError(
            f"there is no {scored.kind} `{named}`.", where=f"--{scored.kind}", remedy="Take an id of the tables."
        )
    rank = pd.Series(scored.stage).map({name: place + 1 for place, name in enumerate(order)}).fillna(0).to_numpy()
    parts = [points.value / (points.threshold or max(points.value.max(initial=0.0), 1.0)) for points in scored.points]
    near = np.sum(parts, axis=0) if parts else np.zeros(len(rank))
    chosen = np.flatnonzero((rank > 0) | (near > 0))
    if named is not None:
        chosen = np.flatnonzero(scored.subject_id == named)
    elif only is not None:
        chosen = np.flatnonzero(np.isin(scored.subject_id, only))
    if wanted.stage is not None:
        chosen = chosen[scored.stage[chosen] == wanted.stage]
    ordered = chosen[np.lexsort((np.arange(len(chosen)), -near[chosen], -rank[chosen]))][: wanted.limit]
    return [_subject(scored, int(at)) for at in ordered]


def _subject(scored: Scored, at: int) -> dict[str, Any]:
    return {
        f"{scored.kind}_id": scored.subject_id[at],
        "stage": scored.stage[at],
        "scores": {points.name: float(points.value[at]) for points in scored.points},
        "parts": [
            {
                "score": points.name,
                "dimension": name,
                "points": round(float(points.by_dimension[at, column]), 4),
                "counted": float(points.counted[at, column]),
                "last_at": _said(points.last_at[at, column]),
            }
            for points in scored.points
            for column, name in enumerate(points.dimensions)
            if points.by_dimension[at, column]
        ],
        "last_at": _said(scored.last_at[at]),
    }


def _masked(document: dict[str, Any]) -> dict[str, Any]:
    """Without single people; counts of too few people are left out, and told how many were."""
    withheld = 0
    for list_name, counts in (("scores", ("with_points", "reached")), ("stages", ("count",))):
        for row in document[list_name]:
            for name in counts:
                is_few = row["of"] == "customer" and row[name] is not None and 0 < row[name] < FEWEST_PEOPLE
                row[name] = None if is_few else row[name]
                withheld += is_few
    few = document["intent_latency"]["waits"] < FEWEST_PEOPLE
    latency = document["intent_latency"]
    surges = [row | {"customers": []} for row in document["surges"] if row["people"] >= FEWEST_PEOPLE]
    withheld += int(few) + len(document["surges"]) - len(surges)
    hidden = {"waits", "answered", "waiting", "median_hours", "ninth_decile_hours", "share_within"}
    return document | {
        "surges": surges,
        "intent_latency": {name: None if few and name in hidden else value for name, value in latency.items()},
        "customers": [],
        "accounts": [],
        "withheld": withheld,
    }


def _said(moment: np.datetime64) -> str | None:
    return None if np.isnat(moment) else pd.Timestamp(moment).tz_localize("UTC").isoformat()
