"""What a belief rests on: the keys of its evidence, from the notes about what was loaded, without asking a server."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.loaded import Shelf
from graph.schema import RELATIONSHIP


def evidence_keys(state_folder: Path, step: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of the evidence of a belief, such as `signals/s-17`, newest first; none when no such belief is noted.

    A belief is closed and never overwritten, so that the evidence of an earlier day is still there on a later one.

    Args:
        state_folder: Where the content loaded last is kept.
        step: A relationship of a path: from (`Customer/1`), type, to (`Category/MILK`) and its properties.
    """
    (source, from_key), (target, to_key) = (str(step[end]).split("/", 1) for end in ("from", "to"))
    name, properties = f"{source} {step['type']} {target}", step.get("properties", {})
    kind = RELATIONSHIP.get(name)
    if kind is None or not kind.is_belief:
        return ()
    held = Shelf(state_folder, kind.layer).kind(name)
    if held is None or "evidence" not in held.column_names:
        return ()
    found = held.filter(pc.and_(pc.equal(held["from_key"], from_key), pc.equal(held["to_key"], to_key)))
    if "rule" in properties:
        found = found.filter(pc.equal(found["rule"], properties["rule"]))
    if "valid_from" in properties:
        moment = pd.Timestamp(properties["valid_from"])
        found = found.filter(pc.equal(found["valid_from"], pa.scalar(moment, pa.timestamp("us", "UTC"))))
    if not len(found):
        return ()
    newest = found.take(pc.sort_indices(found, [("valid_from", "descending")])).slice(0, 1)
    return tuple(newest["evidence"].to_pylist()[0] or ())


def rules_believing(state_folder: Path, kinds: Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Per kind of belief the rules that believe any, with the tables that their evidence is from.

    Args:
        state_folder: Where the content loaded last is kept.
        kinds: Names of beliefs, such as `Customer PREFERS Channel`.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in kinds:
        held = Shelf(state_folder, RELATIONSHIP[name].layer).kind(name)
        if held is None or not len(held):
            continue
        pairs = held.select(["rule", "source"]).group_by(["rule", "source"]).aggregate([]).to_pylist()
        for pair in sorted(pairs, key=lambda one: (one["rule"], one["source"])):
            rules = found.setdefault(name, {})
            rules[pair["rule"]] = (*rules.get(pair["rule"], ()), *pair["source"].split(", "))
    return found
