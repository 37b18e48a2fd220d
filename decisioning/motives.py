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
from graph.view import View

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
            (`category/GROCERY/MILK`, `campaign/autumn`), strength (0 to 1), starts_at, until (UTC, until excluded),
            sentence, evidence (JSON list of relationships of the graph: from, type, to, properties), facts (JSON
            object).
    """

    frame: pd.DataFrame


def play_frame(play: Play, known: Known, settings: PlaySettings) -> pd.DataFrame:
    """The motives of one play under the columns of `Motives.frame`."""
    found = play.find(known, settings)
    customer = known.view.customers.keys[found["customer"].to_numpy()]
    subject = subject_keys(play.subject_kind, known.view, settings)[found["subject"].to_numpy()]
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
    """The text of every possible subject of a kind, by its position: `category/GROCERY/MILK`, `campaign/autumn`."""
    names = view.categories.keys if kind == "category" else [campaign.name for campaign in settings.campaigns]
    return np.array([f"{kind}/{name}" for name in names], dtype=object)


def node(subject: str) -> str:
    """A subject as the graph's node: `category/MILK` is `Category/MILK`."""
    return subject[:1].upper() + subject[1:]


def _evidence(play: Play, found: pd.DataFrame, customer: Texts, subject: Texts) -> Texts:
    properties = {relation: _objects(found, named) for relation, named in play.relations.items()}
    return json_texts(
        [
            {"from": f"Customer/{who}", "type": relation, "to": node(what), "properties": known[row]}
            for relation, known in properties.items()
        ]
        for row, (who, what) in enumerate(zip(customer, subject, strict=True))
    )


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
