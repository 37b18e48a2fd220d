"""Replaying a run: forecast and decide again from its pinned tables and its stored view, and compare every record."""

from typing import Any

from decisioning.decision_log import merkle_root, with_erased
from lake.runs import RunRow
from pipelines.acting import replayed_actions
from pipelines.code_version import code_version
from pipelines.day import Day
from pipelines.deciding import decide_from
from pipelines.errors import VerificationError
from pipelines.forecasts.deciding_with import run_forecasts
from pipelines.running import day_of_run
from pipelines.stored import stored_forecasts, stored_records, stored_view
from pipelines.subjects.erased import erased_digests

SHOWN = 20


def replay_run(day: Day, run_id: str) -> dict[str, Any]:
    """Replay a run.

    Records of people who were erased since are there by their digests, which still lead to the root. Forecasts learn
    from everybody: of such a run they are taken as stored instead of being made again.

    Returns:
        `run_id`, `records`, `is_equal`, `recorded_root`, `replayed_root`, `differing_customers` (the first few),
        `erased` (digest by place), `forecasts` (made again, or as stored), and of actions beyond messages `actions`:
        None without `actions.yaml`, else `records`, `is_equal`, `recorded_root` and `replayed_root`.

    Raises:
        VerificationError: Code or playbook are not those that decided, so nothing could be proved.
    """
    day = day_of_run(day, run_id)
    run = day.current_run()
    _insist_on_same_makers(day, run)
    erased = erased_digests(day, run)
    day.progress.started("forecast")
    forecasts = stored_forecasts(day, run) if erased else run_forecasts(day, run)
    day.progress.doing("decide", "deciding again")
    again = decide_from(day, run, stored_view(day, run), forecasts).sealed
    recorded = stored_records(day, run)
    differing = _differing_customers(recorded, again.frame)
    root = str(run.steps["decide"]["facts"]["root"])
    actions = replayed_actions(day, run)
    replayed_root = merkle_root(with_erased(again.frame["digest"].tolist(), erased))
    return {
        "run_id": run.run_id,
        "records": len(again.frame),
        "is_equal": replayed_root == root and not differing and (actions is None or actions["is_equal"]),
        "recorded_root": root,
        "replayed_root": replayed_root,
        "differing_customers": differing[:SHOWN],
        "erased": erased,
        "forecasts": "as stored" if erased else "made again",
        "actions": actions,
    }


def _differing_customers(recorded: Any, again: Any) -> list[str]:
    from decisioning.decision_log import digests

    was = dict(zip(recorded["customer_id"], digests(recorded), strict=True))
    now = dict(zip(again["customer_id"], again["digest"], strict=True))
    return sorted(customer for customer in was.keys() | now.keys() if was.get(customer) != now.get(customer))


def _insist_on_same_makers(day: Day, run: RunRow) -> None:
    for what, recorded, present in (
        ("code", run.identity.code_version, code_version()),
        ("playbook", run.identity.playbook_digest, day.playbook.digest),
    ):
        if recorded != present:
            raise VerificationError(
                f"the {what} is not the one that decided: {recorded[:12]} then, {present[:12]} now.",
                where=f"run {run.run_id}",
                remedy=f"Check out the {what} of that day and replay with it.",
            )
