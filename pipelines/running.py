"""Running a day: the Dagster job in this process, and the one object that says what came out."""

from datetime import date
from typing import Any

from lake.runs import RunRow, playbook_lock
from pipelines.acting import actions_in_short
from pipelines.day import Day, open_day
from pipelines.deliveries import delivered, deliveries
from pipelines.errors import UsageError
from pipelines.health import health_in_short
from pipelines.playbook import Playbook
from pipelines.playbook_settings import policy_reasons
from pipelines.steps import STEPS, deliver_rest

STOP_AFTER = {
    "perceive": "perceive",
    "relate": "relate",
    "forecast": "forecast",
    "propose": "propose",
    "authorise": "project",
    "deliver": "deliver",
}
"""The last step for each word of `--until`; screen, value, allocate and authorise are one pass."""


def run_day(day: Day, until: str) -> dict[str, Any]:
    """Run the steps of the day up to `until`, and describe the run.

    Args:
        day: The opened day.
        until: A key of `STOP_AFTER`.

    Raises:
        WarrantError: What a step raises; what was committed before stays and is not repeated.
    """
    from pipelines.checking import check_before_running
    from pipelines.definitions import run_job

    check_before_running(day.playbook, day.clock.day)
    day.home.remember_playbook(day.playbook.folder)
    with playbook_lock(day.lake.root):
        run_job(day, list(STEPS[: STEPS.index(STOP_AFTER[until]) + 1]))
    return describe_run(day, day.current_run())


def deliver_run(day: Day, run_id: str) -> dict[str, Any]:
    """Deliver a run that has been decided; delivered already, what was kept back then and may go by now.

    Raises:
        UsageError: It has not been decided.
        RefusedError: The playbook has changed since, or the run was decided in hindsight.
    """
    from pipelines.definitions import run_job
    from pipelines.deliver import refuse_backfill

    day = day_of_run(day, run_id)
    run = day.current_run()
    refuse_backfill(run)
    with playbook_lock(day.lake.root):
        if deliveries(run):
            deliver_rest(day)
        else:
            run_job(day, ["project", "deliver"])
    return describe_run(day, day.current_run())


def day_of_run(day: Day, run_id: str | None) -> Day:
    """The day of a decided run, or of the run decided last.

    Raises:
        UsageError: Nothing has been decided yet, or not by this run.
        UnknownRunError: No run goes by this id.
    """
    nothing = f"nothing has been decided for `{day.playbook.name}` yet."
    run = day.ledger.get(run_id) if run_id else day.newest_run("decide", otherwise=nothing)
    if "decide" not in run.steps:
        raise UsageError(
            f"the run {run.run_id} is only {run.state}.",
            where=str(day.lake.root),
            remedy=f"Finish it first: warrant run {day.playbook.folder} --as-of {run.about['day']} --until authorise.",
        )
    of_run = open_day(
        day.playbook.folder, day.environment, day=date.fromisoformat(run.about["day"]), progress=day.progress
    )
    of_run.run = run
    return of_run


def describe_run(day: Day, run: RunRow) -> dict[str, Any]:
    """The object of `warrant run --format json`; value and bound are the allocation's, before the check at export."""
    summary = run.steps["decide"]["facts"]["summary"] if "decide" in run.steps else {}
    delivery = delivered(run)
    plays = summary.get("plays", [])
    return {
        "run_id": run.run_id,
        "playbook": day.playbook.name,
        "state": run.state,
        "as_of": run.identity.as_of.isoformat(),
        "as_of_day": run.about["day"],
        "currency": day.playbook.warrant.currency,
        "customers": summary.get("customers", run.about["rows"].get("customers", 0)),
        "sends": summary.get("sends", 0),
        "none": summary.get("none", 0),
        "held_out": summary.get("held_out", 0),
        "exploration": summary.get("exploration", {"customers": 0, "cost": 0.0}),
        "by_channel": _sums(plays, "channel"),
        "by_play": _sums(plays, "play"),
        "value": summary.get("value", 0.0),
        "bound": summary.get("bound", 0.0),
        "cost": summary.get("cost", 0.0),
        "boosts": summary.get("boosts", []),
        "boost_cost": summary.get("boost_cost"),
        "boosted": summary.get("boosted"),
        "evidence_grade": summary.get("evidence_grade"),
        "plays": plays,
        "none_by_reason": summary.get("none_by_reason", {}),
        "refused_by_policy": summary.get("refused_by_policy", {}),
        "policy_reasons": policy_reasons(day.playbook),
        "unreadable_policies": summary.get("unreadable_policies", {}),
        "held": summary.get("held", {}),
        "remits": summary.get("remits", {}),
        "parity": summary.get("parity", []),
        "minimised": summary.get("minimised", {}),
        "shadow_prices": summary.get("shadow_prices", {}),
        "limits": summary.get("limits", []),
        "shortfalls": summary.get("shortfalls", []),
        "templates": summary.get("templates", []),
        "health": health_in_short(run) if "relate" in run.steps else None,
        "quarantined": run.about["quarantined"],
        "later": run.about["later"],
        "forgotten": run.about.get("forgotten", {}),
        "identities": run.about.get("identities", {}),
        "withheld": delivery["withheld"],
        "delivered": delivery["by_channel"],
        "files": delivery["files"],
        "actions": actions_in_short(run),
        "assumed": assumed_numbers(day.playbook),
        "seconds": {"perceive": run.about["seconds"]} | {name: done["seconds"] for name, done in run.steps.items()},
    }


def assumed_numbers(playbook: Playbook) -> list[str]:
    """What the playbook marks as assumed, in words."""
    objective = [name.replace("_", " ") for name in playbook.warrant.objective.assumed]
    channels = [
        f"{key} {name.replace('_', ' ')}"
        for key, channel in sorted(playbook.channels.channels.items())
        for name in channel.assumed
    ]
    kinds = [f"uplift of {_an(kind)} {kind}" for kind in sorted(playbook.warrant.uplift.kinds)] or [
        "uplift of every asset"
    ]
    return [*objective, *channels, *kinds]


def _an(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"


def _sums(plays: list[dict[str, Any]], by: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in plays:
        sums[row[by]] = sums.get(row[by], 0) + row["sent"]
    return sums
