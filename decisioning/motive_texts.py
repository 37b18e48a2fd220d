"""What motives rest on as canonical JSON, for many motives of one play at once."""

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from decisioning.canonical import json_text
from decisioning.play import FIELDS, Play
from decisioning.times import naive, utc_texts
from graph.view import View

Texts = npt.NDArray[np.object_]

NULL = "null"


def node(subject: str) -> str:
    """A subject as the graph's node: `category/MILK` is `Category/MILK`."""
    return subject[:1].upper() + subject[1:]


def evidence_texts(play: Play, found: pd.DataFrame, view: View, customer: Texts, subject: Texts) -> Texts:
    """What each motive rests on: a list of relationships in the order of the play's traces, shape (motives,).

    Args:
        play: Whose motives.
        found: Rows of what it found.
        view: What is known.
        customer: The key of each motive's customer.
        subject: What each is about, as text.
    """
    steps = []
    for trace in play.traces:
        starts = pa.array([encode_basestring(f"Customer/{who}") for who in customer], pa.string())
        if trace.start is not None:
            starts = _nodes(view, trace.start_label, found[trace.start])
        ends = _shared([node(what) for what in subject])
        if trace.end is not None:
            ends = _nodes(view, trace.end_label, found[trace.end])
        if trace.only is not None:
            ends = pc.if_else(pa.array(found[trace.only].to_numpy(dtype=np.bool_)), ends, pa.scalar(None, pa.string()))
        kind = f',"type":{json_text(trace.type)}}}'
        facts = _objects(found, trace.properties)
        steps.append(_joined(['{"from":', starts, ',"properties":', facts, ',"to":', ends, kind]))
    if not steps:
        return np.full(len(found), "[]", dtype=object)
    told = pc.binary_join_element_wise(*steps, ",", null_handling="skip")
    return _texts(_joined(["[", told, "]"]))


def fact_texts(found: pd.DataFrame, facts: Sequence[str]) -> Texts:
    """The facts that a person may see of each motive, as an object; shape (motives,)."""
    return _texts(_objects(found, {name: name for name in facts}))


def _objects(found: pd.DataFrame, columns: Mapping[str, str]) -> pa.Array:
    """One object per row; numbers with six digits after the point, times in UTC."""
    pieces: list[Any] = []
    for name, column in sorted(columns.items()):
        pieces += [f"{',' if pieces else '{'}{json_text(name)}:", _values(found[column])]
    return _joined([*pieces, "}"]) if pieces else pa.array(["{}"] * len(found), pa.string())


def _values(column: "pd.Series[Any]") -> pa.Array:
    """A column's values as JSON."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pa.array([NULL if text is None else f'"{text}"' for text in utc_texts(naive(column))], pa.string())
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = map(float.__repr__, column.round(6).tolist())
        return pa.array([NULL if text == "nan" else text for text in numbers], pa.string())
    if column.dtype != object:
        return pa.array([json_text(value) for value in column.tolist()], pa.string())
    return _shared(column.tolist())


def _shared(values: Sequence[Any]) -> pa.Array:
    """Values of which many are the same, each spelt once."""
    codes, distinct = pd.factorize(np.array([*values, None], dtype=object)[:-1])
    spelt = pa.array([*map(json_text, distinct.tolist()), NULL], pa.string())
    return spelt.take(pa.array(np.where(codes < 0, len(distinct), codes)))


def _nodes(view: View, label: str, positions: "pd.Series[int]") -> pa.Array:
    """The nodes of a label at these positions; missing for -1."""
    keys = getattr(view, FIELDS[label]).keys
    used, place = np.unique(positions.to_numpy(), return_inverse=True)
    spelt = [encode_basestring(f"{label}/{keys[position]}") if position >= 0 else None for position in used]
    return pa.array(spelt, pa.string()).take(pa.array(place))


def _joined(pieces: Sequence[Any]) -> pa.Array:
    """Pieces one after the other; missing where one of them is."""
    return pc.binary_join_element_wise(*pieces, "")


def _texts(texts: pa.Array) -> Texts:
    return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)
