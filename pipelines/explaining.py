"""Explaining decisions from the record: one customer's card, and a few for the day sheet."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from decisioning.blocks import four_blocks
from decisioning.explain import evidence_steps, explain
from graph.decision_outcomes import outcomes_by_decision
from lake.errors import LakeError
from lake.runs import MINIMUM_PREFIX, RunRow, playbook_lock
from lake.store import Only
from pipelines.day import Day, open_day
from pipelines.evidence import traced
from pipelines.health import health_in_short
from pipelines.lawful_basis import lawful_basis
from pipelines.people import acting, may
from pipelines.playbook_settings import policy_reasons
from pipelines.running import assumed_numbers, day_of_run
from pipelines.stored import DECISIONS, empty_table, stored_records
from pipelines.telling import told

CARDS = 3

Document = dict[str, Any]


class UnknownCustomerError(LakeError):
    """The run knows no such customer."""

    exit_code = 2


class UnknownDecisionError(LakeError):
    """No record, or more than one, goes by that id."""

    exit_code = 2


def explain_customer(day: Day, customer_id: str, run_id: str | None, asked: str | None = None) -> Document:
    """The object of `warrant why --customer … --format json`.

    Args:
        day: Of the playbook.
        customer_id: Whose decision.
        run_id: Of a decided run; None for the one decided last.
        asked: `ASSET` or `ASSET@CHANNEL`: why this was not sent.

    Raises:
        UnknownCustomerError: The run has no record of this customer.
        UsageError: There is no such asset or channel.
    """
    day = day_of_run(day, run_id)
    run = day.current_run()
    found = _records(day, run, {"customer_id": [customer_id]})
    if found.empty:
        known = ", ".join(sorted(stored_records(day, run)["customer_id"])[:3])
        raise UnknownCustomerError(
            f"the run {run.run_id} knows no customer `{customer_id}`.",
            where=str(day.lake.root),
            remedy=f"Customers have ids such as {known}." if known else "",
        )
    return _card(day, run, found.iloc[0].to_dict(), in_full=True, asked=asked)


def explain_decision(day: Day, decision_id: str, asked: str | None = None) -> Document:
    """The object of `warrant why --decision … --format json`, of any run; also for ghosts and for doing nothing.

    Args:
        day: Of the playbook.
        decision_id: Its id, or the start of it.
        asked: `ASSET` or `ASSET@CHANNEL`: why this was not sent.

    Raises:
        UnknownDecisionError: No decision starts so, or several do.
    """
    run_id, decision_id = find_decision(day, decision_id)
    day = day_of_run(day, run_id)
    run = day.current_run()
    found = _records(day, run, {"decision_id": [decision_id]})
    return _card(day, run, found.iloc[0].to_dict(), in_full=True, asked=asked)


def find_decision(day: Day, decision_id: str) -> tuple[str, str]:
    """The run and the whole id of a decision.

    Raises:
        UnknownDecisionError: No decision starts so, or several do.
    """
    columns = ["run_id", "decision_id"]
    decided = {run.run_id for run in day.ledger.having("decide")}
    found = day.lake.read_results(DECISIONS, columns, only={"decision_id": [decision_id]}) if decided else None
    if found is not None and found.empty:
        every = day.lake.read_results(DECISIONS, columns)
        found = every[every["decision_id"].str.startswith(decision_id)]
    found = None if found is None else found[found["run_id"].isin(decided)]
    if found is None or len(found) != 1 or len(decision_id) < MINIMUM_PREFIX:
        count = 0 if found is None else len(found)
        raise UnknownDecisionError(
            f"{count or 'no'} decisions start with `{decision_id}`.",
            where=str(day.lake.root),
            remedy=f"Give {MINIMUM_PREFIX} digits or more; `warrant why --customer …` shows a decision's id.",
        )
    return str(found["run_id"].iloc[0]), str(found["decision_id"].iloc[0])


def project_decision(day: Day, card: Mapping[str, Any]) -> None:
    """Put one explained decision into the graph, whatever the playbook keeps there; it stays until its run leaves."""
    from pipelines.graph_access import playbook_graph
    from pipelines.projecting import project

    day = day_of_run(day, card["run_id"])
    with playbook_lock(day.lake.root), playbook_graph(day, "project") as store:
        project(day, day.current_run(), store, asked_for=[card["decision_id"]])


def sample_cards(document: Mapping[str, Any], folder: Path | None) -> list[Document]:
    """Cards of a few customers of a run that show different plays, the most valuable decision of each."""
    if "decide" not in document["seconds"]:
        return []
    day = open_day(folder, os.environ)
    if not may(acting(day.playbook, None, day.environment), "see personal data"):
        return []
    day = day_of_run(day, document["run_id"])
    run = day.current_run()
    records = stored_records(day, run)
    sends = records[(records["verb"] == "send") & ~records["is_ghost"]]
    best = sends.sort_values(["value", "customer_id"], ascending=[False, True]).drop_duplicates("play").head(CARDS)
    return [_card(day, run, record, in_full=False) for record in best.to_dict("records")]


def _records(day: Day, run: RunRow, only: Only) -> pd.DataFrame:
    return day.lake.read_results(DECISIONS, only={"run_id": [run.run_id], **only})


def _card(day: Day, run: RunRow, record: Mapping[Any, Any], *, in_full: bool, asked: str | None = None) -> Document:
    """The explanation of a record; in full, it is traced to single rows, decided again, and told in four blocks."""
    card = explain(record, timezone=day.playbook.timezone, versions=versions_of(run))
    reasons = policy_reasons(day.playbook)
    card |= {
        "as_of_day": run.about["day"],
        "policy_reasons": {policy: reasons.get(policy, "") for policy in card["refused_by"]},
        "health": health_in_short(run),
        "fields": _fields(run, card["fields"]["withheld"]),
        "remit": _remit(day, card["remit"]),
    }
    if not in_full:
        return card
    card |= {
        "assumed": assumed_numbers(day.playbook),
        "currency": day.playbook.warrant.currency,
        "outcomes": outcomes_of(day, card["customer_id"], card["decision_id"]),
    }
    from pipelines.what_else import what_else, why_not_asked
    from pipelines.what_if import open_case

    opened = open_case(day, run, record)
    card["lawful_basis"] = lawful_basis(opened.case.view, card["customer_id"], _text(record["channel_id"]))
    card |= what_else(opened, card)
    if asked is not None:
        card["not"] = why_not_asked(opened, asked, card["policy_reasons"] | reasons)
    card |= {"blocks": four_blocks(card, traced(day, run, evidence_steps(card["path"])))}
    return card | {"said": told(card)}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _remit(day: Day, under: Document | None) -> Document | None:
    """Under whose remit it was decided, and who answers for that agent as the playbook is now."""
    if under is None:
        return None
    owner = next((remit.owner for remit in day.playbook.remits if remit.agent == under["agent"]), None)
    return {**under, "owner": owner}


def _fields(run: RunRow, withheld: list[str]) -> Document:
    """What could be withheld of the customer and was not, and what was; nothing is told where no policy withholds."""
    there = run.steps["decide"]["facts"]["summary"].get("minimised", {}).get("fields", [])
    return {"permitted": [name for name in there if name not in withheld], "withheld": withheld}


def outcomes_of(day: Day, customer_id: str, decision_id: str) -> list[Document]:
    """What is known by now to have come of a decision, oldest first."""
    newest = max(day.ledger.having("decide"), key=lambda run: run.identity.as_of)
    touches = _newest(day, newest, "touches", {"customer_id": [customer_id]})
    named = [_newest(day, newest, "outcomes", {"touch_id": touches["touch_id"].tolist()})] if len(touches) else []
    unnamed = _newest(day, newest, "outcomes", {"customer_id": [customer_id]})
    outcomes = pd.concat([*named, unnamed[unnamed["touch_id"].isna()]], ignore_index=True)
    found = outcomes_by_decision(outcomes, touches)
    found = found[found["decision_id"] == decision_id].sort_values(["occurred_at", "outcome_id"])
    return [
        {
            "outcome_id": row["outcome_id"],
            "name": row["name"],
            "occurred_at": row["occurred_at"].isoformat(),
            "value": None if pd.isna(row["value"]) else float(row["value"]),
        }
        for row in found.to_dict("records")
    ]


def _newest(day: Day, run: RunRow, name: str, only: Only) -> pd.DataFrame:
    return day.lake.read(name, run.pins[name].version, only=only) if name in run.pins else empty_table(name)


def versions_of(run: RunRow) -> dict[str, str]:
    """What a run used: code, playbook, policies, view and tables, each by its digest."""
    versions = {
        "code": run.identity.code_version,
        "playbook": run.identity.playbook_digest,
        "policies": str(run.steps["decide"]["facts"]["bundle"]),
        "view": str(run.steps["relate"]["facts"]["view"]),
    }
    return versions | {f"table {name}": pin.digest for name, pin in sorted(run.pins.items())}
