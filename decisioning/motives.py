"""Motives as a table: who, by which play, about what, why now, and on which facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.canonical import json_texts
from decisioning.play import Known, Play
from decisioning.settings import PlaySettings
from decisioning.times import naive, utc_texts
from graph.view import Nodes, View

Texts = npt.NDArray[np.object_]

MOTIVE_COLUMNS = (
    "customer_id",
    "play",
    "subject",
    "strength",
    "starts_at",
    "until",
    "sentence",
    "evidence",
    "facts",
)


@dataclass(frozen=True, eq=False)
class Motives:
    """All motives of a run.

    Attributes:
        frame: One row per customer, play and subject, sorted by these: customer_id, play, subject
            (`category/GROCERY/MILK`, `topic/running`, `product/oat-milk`, `campaign/autumn`), strength (0 to 1),
            starts_at, until (UTC, until excluded), sentence, evidence (JSON list of relationships of the graph: from,
            type, to, properties), facts (JSON object).
    """

    frame: pd.DataFrame


def play_frame(play: Play, known: Known, settings: PlaySettings) -> pd.DataFrame:
    """The motives of one play under the columns of `Motives.frame`."""
    found = play.find(known, settings)
    customer = known.view.customers.keys[found["customer"].to_numpy()]
    subject = _subjects(play, found, known.view, settings)
    return pd.DataFrame(
        {
            "customer_id": customer,
            "play": np.full(len(found), play.name, dtype=object),
            "subject": subject,
            "strength": found["strength"],
            "starts_at": found["starts_at"],
            "until": found["until"],
            "sentence": np.array(play.sentences(known, found), dtype=object),
            "evidence": _evidence(play, found, customer, subject),
            "facts": json_texts(_objects(found, {name: name for name in play.facts})),
        },
        columns=list(MOTIVE_COLUMNS),
    )


def collected(frames: Sequence[pd.DataFrame]) -> Motives:
    """The motives of all plays as one table in canonical order."""
    empty = pd.DataFrame({column: pd.Series(dtype=object) for column in MOTIVE_COLUMNS}).astype(
        {"strength": "float64", "starts_at": "datetime64[us, UTC]", "until": "datetime64[us, UTC]"}
    )
    found = [frame for frame in frames if len(frame)]
    frame = pd.concat(found) if found else empty
    return Motives(frame.sort_values(["customer_id", "play", "subject"], kind="stable", ignore_index=True))


def subject_keys(kind: str, view: View, settings: PlaySettings) -> Texts:
    """The text of every possible subject of a kind, by its position: `category/GROCERY/MILK`, `topic/running`."""
    nodes: dict[str, Nodes] = {"category": view.categories, "topic": view.topics, "product": view.products}
    names = nodes[kind].keys if kind in nodes else [campaign.name for campaign in settings.campaigns]
    return np.array([f"{kind}/{name}" for name in names], dtype=object)


def node(subject: str) -> str:
    """A subject as the graph's node: `category/MILK` is `Category/MILK`."""
    return subject[:1].upper() + subject[1:]


def _subjects(play: Play, found: pd.DataFrame, view: View, settings: PlaySettings) -> Texts:
    """The subject of each motive as a text, whatever its kind."""
    position = found["subject"].to_numpy()
    if len(play.subject_kinds) == 1:
        return np.asarray(subject_keys(play.subject_kinds[0], view, settings)[position], dtype=object)
    texts = np.full(len(found), None, dtype=object)
    for kind in play.subject_kinds:
        is_kind = (found["kind"] == kind).to_numpy()
        texts[is_kind] = subject_keys(kind, view, settings)[position[is_kind]]
    return texts


def _evidence(play: Play, found: pd.DataFrame, customer: Texts, subject: Texts) -> Texts:
    """What each motive rests on as JSON, in the order of the play's traces."""
    steps: list[list[dict[str, Any]]] = [[] for _ in range(len(found))]
    for trace in play.traces:
        starts = [f"Customer/{who}" for who in customer] if trace.start is None else list(found[trace.start])
        ends = [node(what) for what in subject] if trace.end is None else list(found[trace.end])
        properties = _objects(found, trace.properties)
        for row, (start, end, facts) in enumerate(zip(starts, ends, properties, strict=True)):
            if start is not None and end is not None:
                steps[row].append({"from": start, "type": trace.type, "to": end, "properties": facts})
    return json_texts(steps)


def _objects(found: pd.DataFrame, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """One object per row; numbers with six digits after the point, times in UTC."""
    if not columns:
        return [{} for _ in range(len(found))]
    values = [_plain(found[column]) for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _plain(column: "pd.Series[Any]") -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return utc_texts(naive(column))
    if pd.api.types.is_float_dtype(column.dtype):
        return [None if np.isnan(value) else value for value in column.round(6).tolist()]
    return list(column.tolist())
