"""Explaining actions beyond messages from their records: one of them, those about a subject, or those of a run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from decisioning.actions import available, verb_named
from decisioning.verb import CONSEQUENCES, DETECTABILITIES
from lake.errors import LakeError
from lake.journal import Actor
from lake.performed import PERFORMED
from lake.runs import MINIMUM_PREFIX, RunRow
from pipelines.acting import ACTIONS, stored_actions
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.explaining import versions_of
from pipelines.people import may
from pipelines.running import day_of_run

JSON_COLUMNS: Final = ("parameters", "evidence", "refused_by", "counterfactual", "inverse", "versions")
ORDER: Final = ("go", "held", "limited", "refused")

Document = dict[str, Any]


class UnknownActionError(LakeError):
    """No action, or more than one, goes by that id."""

    exit_code = 2


@dataclass(frozen=True)
class Wanted:
    """Which actions of a run somebody wants to see; None and 0 leave it open."""

    run_id: str | None = None
    verb: str | None = None
    status: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    limit: int = 20


def explain_action(day: Day, action_id: str) -> Document:
    """The object of `warrant why --action … --format json`, of any run.

    Args:
        day: Of the playbook.
        action_id: Its id, or the start of it.

    Raises:
        UnknownActionError: No action starts so, or several do.
    """
    runs = {run.run_id: run for run in day.ledger.having("decide") if ACTIONS in run.steps["decide"]["facts"]}
    has_any = any(run.steps["decide"]["facts"][ACTIONS]["summary"]["proposed"] for run in runs.values())
    found = day.lake.read_results(ACTIONS) if has_any else None
    if found is not None:
        found = found[found["action_id"].str.startswith(action_id) & found["run_id"].isin(list(runs))]
    if found is None or len(found) != 1 or len(action_id) < MINIMUM_PREFIX:
        count = 0 if found is None else len(found)
        raise UnknownActionError(
            f"{count or 'no'} actions start with `{action_id}`.",
            where=str(day.lake.root),
            remedy=f"Give {MINIMUM_PREFIX} digits or more; `warrant actions` lists the ids.",
        )
    record = found.iloc[0].to_dict()
    return _card(day, runs[str(record["run_id"])], record)


def actions_about(day: Day, kind: str, subject_id: str, run_id: str | None, actor: Actor) -> Document:
    """The object of `warrant why --account|--campaign|--channel … --format json`: what was decided about it, and why.

    Raises:
        UnknownActionError: Nothing was proposed about it; it says what there was about others.
    """
    document = list_actions(day, Wanted(run_id=run_id, subject_kind=kind, subject_id=subject_id, limit=0), actor)
    if not document["actions"] and not document["withheld"]:
        raise UnknownActionError(
            f"the run {document['run_id']} proposed no action about the {kind} `{subject_id}`.",
            where=str(day.lake.root),
            remedy="`warrant actions` lists what it proposed; actions.yaml says which rules there are.",
        )
    return document


def list_actions(day: Day, wanted: Wanted, actor: Actor) -> Document:
    """The actions of a run.

    Returns:
        `run_id`, `as_of_day`, `summary`, `actions` (cards, those that are carried out first, then by worth), `shown` of
        `found`, and `withheld`: how many about single customers a role that may not see personal data is not shown.

    Raises:
        UsageError: Nothing has been decided yet, or the playbook has no `actions.yaml`.
        UndeclaredVerbError: No such verb.
    """
    if wanted.verb is not None:
        verb_named(wanted.verb, where="--verb")
    day = day_of_run(day, wanted.run_id)
    run = day.current_run()
    if ACTIONS not in run.steps["decide"]["facts"]:
        raise UsageError(
            f"the run {run.run_id} decided on no actions beyond messages.",
            where=str(day.playbook.folder / "actions.yaml"),
            remedy="Write actions.yaml; examples/saas has one, and docs/guides/actions.md explains it.",
        )
    records = stored_actions(day, run)
    rows = pd.DataFrame() if records is None else _chosen(records, wanted)
    withheld = 0
    if len(rows) and not may(actor, "see personal data"):
        withheld = int(rows["customer_id"].notna().sum())
        rows = rows[rows["customer_id"].isna()]
    shown = rows if not wanted.limit else rows.head(wanted.limit)
    return {
        "run_id": run.run_id,
        "as_of_day": run.about["day"],
        "currency": day.playbook.warrant.currency,
        "summary": run.steps["decide"]["facts"][ACTIONS]["summary"],
        "found": len(rows),
        "withheld": withheld,
        "actions": [_card(day, run, record) for record in shown.to_dict("records")],
    }


def describe_verbs() -> list[Document]:
    """Everything that may be done at all, as its files declare it."""
    return [
        {
            "verb": verb.name,
            "meaning": verb.meaning,
            "subjects": list(verb.subject_kinds),
            "parameters": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "unit": one.unit,
                    "required": one.is_required,
                    "meaning": one.meaning,
                }
                for one in verb.parameters
            ],
            "spends": verb.is_spending,
            "consequence": verb.consequence,
            "detectability": verb.detectability,
            "inverse": verb.inverse.verb if verb.inverse else None,
            "cannot_be_undone_because": verb.cannot_be_undone_because or None,
            "leaves_through": verb.leaves_through,
            "per_day": verb.per_day,
            "called_by": "rules" if verb.is_for_rules else "plays",
        }
        for verb in available().values()
    ]


def _chosen(records: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    rows = records
    for column, value in (("verb", wanted.verb), ("status", wanted.status)):
        rows = rows if value is None else rows[rows[column] == value]
    if wanted.subject_kind is not None:
        # what is about a customer is about their account, what is about a campaign about its channel
        rows = rows[rows[f"{wanted.subject_kind}_id"] == wanted.subject_id]
    rank = rows["status"].map({name: place for place, name in enumerate(ORDER)})
    worth = -rows["value"].astype(float).fillna(float("-inf"))
    return rows.assign(rank=rank, worth=worth).sort_values(
        ["rank", "worth", "verb", "subject_id"], kind="stable", ignore_index=True
    )


def _card(day: Day, run: RunRow, record: Mapping[Any, Any]) -> Document:
    verb = verb_named(str(record["verb"]))
    told = {name: json.loads(record[name]) if isinstance(record[name], str) else None for name in JSON_COLUMNS}
    units = {one.name: one.unit for one in verb.parameters}
    value = _number(record["value"])
    return {
        "action_id": record["action_id"],
        "run_id": run.run_id,
        "as_of": run.identity.as_of.isoformat(),
        "as_of_day": run.about["day"],
        "verb": verb.name,
        "meaning": verb.meaning,
        "subject": {"kind": record["subject_kind"], "id": record["subject_id"]},
        "about": {
            name.removesuffix("_id"): record[name]
            for name in ("customer_id", "account_id", "campaign_id", "channel_id")
            if isinstance(record[name], str)
        },
        "parameters": [
            {"name": name, "value": value_of, "unit": units.get(name, "")}
            for name, value_of in (told["parameters"] or {}).items()
        ],
        "rule": record["rule"],
        "reason": record["reason"],
        "evidence": told["evidence"],
        "status": record["status"],
        "is_ghost": bool(record["is_ghost"]),
        "is_carried_out": _is_carried_out(day, str(record["action_id"])),
        "refused_by": told["refused_by"],
        "currency": day.playbook.warrant.currency,
        "value": None
        if value is None
        else {
            "expected": value,
            "low": _number(record["value_low"]),
            "high": _number(record["value_high"]),
            "basis": record["value_basis"],
        },
        "counterfactual": told["counterfactual"],
        "confidence": _number(record["confidence"]),
        "evidence_grade": record["evidence_grade"],
        "consequence": {"level": verb.consequence, "meaning": CONSEQUENCES[verb.consequence]},
        "detectability": {"level": verb.detectability, "meaning": DETECTABILITIES[verb.detectability]},
        "inverse": told["inverse"],
        "lawful_basis": record["lawful_basis"],
        "leaves_through": record["leaves_through"],
        "digest": record["digest"],
        "versions": versions_of(run),
    }


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _is_carried_out(day: Day, action_id: str) -> bool:
    rows = day.lake.read_log(PERFORMED)
    return rows is not None and bool((rows["action_id"] == action_id).any())
