"""Explaining decisions from the record: one customer's card, and a few for the day sheet."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decisioning.explain import explain
from lake.errors import LakeError
from lake.runs import RunRow
from pipelines.day import Day, open_day
from pipelines.health import health_of, not_well
from pipelines.playbook_settings import policy_reasons
from pipelines.running import day_of_run
from pipelines.stored import stored_records

CARDS = 3


class UnknownCustomerError(LakeError):
    """The run knows no such customer."""

    exit_code = 2


def explain_customer(day: Day, customer_id: str, run_id: str | None) -> dict[str, Any]:
    """The object of `warrant why --format json`.

    Raises:
        UnknownCustomerError: The run has no record of this customer.
    """
    day = day_of_run(day, run_id)
    run = day.current_run()
    records = stored_records(day, run)
    found = records[records["customer_id"] == customer_id]
    if found.empty:
        known = ", ".join(records["customer_id"].head(3))
        raise UnknownCustomerError(
            f"the run {run.run_id} knows no customer `{customer_id}`.",
            where=str(day.lake.root),
            remedy=f"Customers have ids such as {known}." if known else "",
        )
    return _card(day, run, found.iloc[0].to_dict())


def sample_cards(document: Mapping[str, Any], folder: Path | None) -> list[dict[str, Any]]:
    """Cards of a few customers of a run that show different plays, the most valuable decision of each."""
    if "decide" not in document["seconds"]:
        return []
    day = day_of_run(open_day(folder, os.environ), document["run_id"])
    run = day.current_run()
    records = stored_records(day, run)
    sends = records[(records["verb"] == "send") & ~records["is_ghost"]]
    best = sends.sort_values(["value", "customer_id"], ascending=[False, True]).drop_duplicates("play").head(CARDS)
    return [_card(day, run, record) for record in best.to_dict("records")]


def _card(day: Day, run: RunRow, record: Mapping[Any, Any]) -> dict[str, Any]:
    card = explain(record, timezone=day.playbook.timezone, versions=versions_of(run))
    reasons = policy_reasons(day.playbook)
    because = {policy: reasons.get(policy, "") for policy in card["refused_by"]}
    measured = health_of(run)
    health = {"level": measured["level"], "trust": measured["trust"], "findings": not_well(measured)}
    return card | {"as_of_day": run.about["day"], "policy_reasons": because, "health": health}


def versions_of(run: RunRow) -> dict[str, str]:
    """What a run used: code, playbook, policies, view and tables, each by its digest."""
    versions = {
        "code": run.identity.code_version,
        "playbook": run.identity.playbook_digest,
        "policies": str(run.steps["decide"]["facts"]["bundle"]),
        "view": str(run.steps["relate"]["facts"]["view"]),
    }
    return versions | {f"table {name}": pin.digest for name, pin in sorted(run.pins.items())}
