"""Checks of what has left: files against manifests, and deliveries against decisions, reservations and consent."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lake.reservations import RESERVATIONS
from lake.runs import RunRow
from pipelines.checks.check import Check, Finding, found
from pipelines.checks.decisions import TAMPERED, sends_of, without_consent
from pipelines.day import Day
from pipelines.deliveries import delivered
from pipelines.stored import stored_records

DECISION = "decision_id"


def _manifests(run: RunRow, *, with_actions: bool = False) -> Iterator[Path]:
    """Manifests that are still there, those of actions beyond messages too; a channel may have fetched its files."""
    acted = run.steps["deliver"]["facts"].get("actions", {}).get("files", []) if with_actions else []
    for name in [*delivered(run)["files"], *acted]:
        if name.endswith(".manifest.json") and Path(name).is_file():
            yield Path(name)


def _files_are_intact(_day: Day, run: RunRow) -> Finding:
    changed, checked = [], 0
    for manifest in _manifests(run, with_actions=True):
        for name, digest in json.loads(manifest.read_bytes())["sha256"].items():
            path = manifest.with_name(name)
            if path.is_file():
                checked += 1
                if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                    changed.append(str(path))
    return found({"changed": changed}, files=checked)


def _deliveries_are_decisions(day: Day, run: RunRow) -> Finding:
    delivered = _delivered(day, run)
    sends = sends_of(stored_records(day, run))
    chosen = sends[sends[DECISION].isin(delivered)]
    reserved = day.lake.read_log(RESERVATIONS)
    held = pd.Series(dtype=object) if reserved is None else reserved[DECISION]
    return found(
        {
            "delivered twice": delivered[delivered.duplicated()].tolist(),
            "never decided": delivered[~delivered.isin(sends[DECISION])].tolist(),
            "not reserved": delivered[~delivered.isin(held)].tolist(),
            "without consent": without_consent(day, run, chosen),
        },
        decisions=len(delivered),
    )


def _delivered(day: Day, run: RunRow) -> "pd.Series[str]":
    """Ids of the decisions in the files of a run."""
    parts = [pd.Series(dtype=object)]
    for manifest in _manifests(run):
        channel_id = str(json.loads(manifest.read_bytes())["channel"])
        theirs = {ours: theirs for theirs, ours in day.playbook.channels.channels[channel_id].columns.items()}
        column = theirs.get(DECISION, DECISION)
        table, text = manifest.with_name(f"{channel_id}.parquet"), manifest.with_name(f"{channel_id}.csv")
        if table.is_file():
            parts.append(pd.read_parquet(table, columns=[column])[column])
        elif text.is_file():
            parts.append(pd.read_csv(text, usecols=[column], dtype=str)[column])
    return pd.concat(parts, ignore_index=True)


OF_DELIVER = (
    Check(
        "files_are_what_their_manifests_say",
        "Every file has the bytes that its manifest states.",
        _files_are_intact,
        remedy="Do not hand these files on; deliver the run again.",
    ),
    Check(
        "deliveries_are_decisions_with_consent",
        "Everything delivered was decided, reserved, delivered once, and goes to somebody who had agreed.",
        _deliveries_are_decisions,
        remedy=TAMPERED,
    ),
)
