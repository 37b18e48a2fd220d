"""What stays of a person's decision records so that roots hold and replays come out: places, digests and bids."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from decisioning.decision_log import merkle_root, with_erased
from lake.errors import WarrantError
from lake.runs import RunRow
from pipelines.code_version import code_version
from pipelines.day import Day
from pipelines.deciding import decide_from
from pipelines.running import day_of_run
from pipelines.stored import stored_forecasts, stored_records, stored_view
from pipelines.subjects.erased import ERASED_RECORDS, erased_digests, keep_what_was_common, places_of

if TYPE_CHECKING:
    from decisioning.bids import Bids
    from graph.view import View


def keep_digests(day: Day, customer_ids: frozenset[str]) -> list[dict[str, Any]]:
    """Keep place, digest and bids of all records of a person; those kept before are not kept twice.

    Bids do not tell what they were about: an asset that uses the same limits, channel, value and costs. They can be
    found out only for runs that today's code and playbook decided; others are marked.

    Returns:
        `run_id`, `place`, `digest` and `can_be_replayed` of each.
    """
    kept = []
    for run in [*day.ledger.having("decide"), *day.ledger.backfills()]:
        rows = _kept_of_run(day, run, customer_ids)
        if rows:
            day.lake.append_log(ERASED_RECORDS, rows)
        kept += [
            {
                "run_id": run.run_id,
                "place": row["place"],
                "digest": row["digest"],
                "can_be_replayed": row["bids"] is not None,
            }
            for row in rows
        ]
    return kept


def _kept_of_run(day: Day, run: RunRow, customer_ids: frozenset[str]) -> list[dict[str, Any]]:
    records, erased = stored_records(day, run), erased_digests(day, run)
    places = {
        row: place
        for row, place in places_of(records, erased, customer_ids).items()
        if records["digest"].iloc[row] not in erased.values()
    }
    if not places:
        return []
    bids = _bids(day, run)
    return [
        {
            "run_id": run.run_id,
            "place": place,
            "digest": str(records["digest"].iloc[row]),
            "bids": None if bids is None else _as_json(bids[0], bids[1], row),
        }
        for row, place in places.items()
    ]


def _bids(day: Day, run: RunRow) -> "tuple[Bids, View] | None":
    """What everybody who is here bid, and the view; None where it cannot be found out.

    Deciding again must lead to the recorded root, or what is found now is not what they bid then.
    """
    if run.identity.code_version != code_version() or run.identity.playbook_digest != day.playbook.digest:
        return None
    of_run = day_of_run(day, run.run_id)
    try:
        view = stored_view(of_run, run)
        decided = decide_from(of_run, run, view, stored_forecasts(of_run, run))
    except WarrantError:
        return None
    digests = with_erased(decided.sealed.frame["digest"].tolist(), erased_digests(day, run))
    if merkle_root(digests) != run.steps["decide"]["facts"]["root"] or decided.bids.usual is None:
        return None
    keep_what_was_common(day, run, view, decided.bids)
    return decided.bids, view


def _as_json(bids: "Bids", view: "View", row: int) -> str:
    options = bids.options.take(np.flatnonzero(bids.options.customer == row))
    amounts = (options.value, options.touch_cost, options.expected_cost, options.exposure)
    rows = [
        [str(view.assets.keys[asset]), str(view.channels.keys[channel]), *(_number(each) for each in numbers)]
        for asset, channel, *numbers in zip(options.asset, options.channel, *amounts, strict=True)
    ]
    owners = {name: None if owner[row] is None else str(owner[row]) for name, owner in bids.owners.items()}
    return json.dumps({"options": rows, "owners": owners})


def _number(amount: float) -> float | None:
    return float(amount) if np.isfinite(amount) else None
