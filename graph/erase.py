"""Taking customers out of what the graph holds and out of stored views, without touching anything about others."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from graph.build_view import LINKS
from graph.errors import GraphError
from graph.parts import Parts
from graph.read_view import load_view, store_view
from graph.schema import NODE, RELATIONSHIP
from graph.view import Links, Nodes, Positions, View

OWNED: Final = (
    ("Signal", "Signal BY Customer"),
    ("Decision", "Decision FOR Customer"),
    ("Outcome", "Outcome OF Decision"),
)
"""Nodes that are about the node at the other end of a relationship, and go with it."""

MOVED: Final = "erased.moved"
"""Which stored views were replaced, in the folder of the views: digests, null where a view could not be kept."""


def without_customers(tables: Mapping[str, pd.DataFrame], keys: Collection[str]) -> dict[str, pd.DataFrame]:
    """The content of a graph without customers, everything that is about them alone, and all relationships to either.

    Args:
        tables: One table per kind, of all layers together.
        keys: Keys of the customers.
    """
    gone: dict[str, set[str]] = {"Customer": set(keys)}
    for label, kind in OWNED:
        rows = tables.get(kind)
        if rows is not None and len(rows):
            gone[label] = set(rows.loc[rows["to_key"].isin(gone.get(RELATIONSHIP[kind].target, set())), "from_key"])
    return {kind: _kept(kind, rows, gone) for kind, rows in tables.items()}


def view_without(view: View, keys: Collection[str]) -> View:
    """A view without some customers; all others and all other nodes stay in their order."""
    is_kept = ~view.customers.frame["key"].isin(list(keys)).to_numpy(dtype=np.bool_)
    place = np.where(is_kept, np.cumsum(is_kept) - 1, -1).astype(np.int32)
    changed: dict[str, Any] = {"customers": Nodes(view.customers.frame[is_kept].reset_index(drop=True))}
    places = {"Customer": (place, int(is_kept.sum()))}
    if len(view.signals):
        changed["signals"], places["Signal"] = _signals_without(view, place)
    for field, kind in LINKS.items():
        links: Links = getattr(view, field)
        sources, targets, stays = links.sources, links.targets, np.ones(len(links), dtype=np.bool_)
        source_count = len(links.starts) - 1
        if RELATIONSHIP[kind].source in places:
            moved, source_count = places[RELATIONSHIP[kind].source]
            sources = moved[sources]
            stays &= sources >= 0
        if RELATIONSHIP[kind].target == "Customer":
            targets = place[targets]
            stays &= targets >= 0
        if source_count != len(links.starts) - 1 or not stays.all():
            facts = {name: values[stays] for name, values in links.facts.items()}
            changed[field] = Links.build(sources[stays], targets[stays], source_count, facts)
    return replace(view, **changed)


def _signals_without(view: View, place: Positions) -> tuple[Nodes, tuple[Positions, int]]:
    """The signals of the customers who stay, and where each one is now (-1: gone) among so many."""
    frame = view.signals.frame
    customer = frame["customer"].to_numpy(dtype=np.int32)
    now = np.append(place, np.int32(-1))[customer]
    stays = (now >= 0) | (customer < 0)
    left = frame[stays].reset_index(drop=True).assign(customer=now[stays])
    return Nodes(left), (np.where(stays, np.cumsum(stays) - 1, -1).astype(np.int32), int(stays.sum()))


def erase_from_views(folder: Path, keys: Collection[str]) -> tuple[int, int]:
    """Replace every stored view that knows one of these customers by one that does not.

    Returns:
        How many were replaced, and how many had to be dropped because today's code cannot read them.
    """
    moved = moved_views(folder)
    replaced = dropped = 0
    for manifest in sorted(folder.glob("*.json")):
        digest = manifest.stem
        try:
            view = load_view(folder, digest)
        except (GraphError, KeyError):
            moved[digest], dropped = None, dropped + 1
            continue
        if view.customers.frame["key"].isin(list(keys)).any():
            moved[digest], replaced = store_view(view_without(view, keys), folder), replaced + 1
    if replaced or dropped:
        draft = folder / f"{MOVED}.draft"
        draft.write_text(json.dumps(moved, sort_keys=True, indent=1), encoding="utf-8")
        draft.replace(folder / MOVED)
        Parts(folder).keep_only(one.stem for one in folder.glob("*.json") if one.stem not in moved)
    return replaced, dropped


def moved_views(folder: Path) -> dict[str, str | None]:
    """Which stored views were replaced by which, None where one had to be dropped."""
    path = folder / MOVED
    found: dict[str, str | None] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def present_view(folder: Path, digest: str) -> str:
    """The digest under which a view is stored now, after people were erased from it.

    Raises:
        GraphError: It had to be dropped.
    """
    moved = moved_views(folder)
    found: str | None = digest
    while found in moved:
        found = moved[found]
    if found is None:
        raise GraphError(
            "The view that this run decided from was dropped when a person was erased: it was of an older form.",
            where=str(folder / f"{digest}.json"),
            remedy="Its records are still there; the run cannot be decided again.",
        )
    return found


def _kept(kind: str, rows: pd.DataFrame, gone: Mapping[str, set[str]]) -> pd.DataFrame:
    if kind in NODE:
        is_gone = rows[NODE[kind].key].isin(gone.get(kind, set())) if len(rows) else pd.Series(dtype=bool)
    else:
        ends = RELATIONSHIP[kind]
        is_gone = pd.Series(data=False, index=rows.index)
        for label, column in ((ends.source, "from_key"), (ends.target, "to_key")):
            if label in gone and len(rows):
                is_gone |= rows[column].isin(gone[label])
    return rows[~is_gone].reset_index(drop=True) if is_gone.any() else rows
