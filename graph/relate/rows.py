"""Rows of the graph from columns of tables: pairs, entries of lists, declared columns."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from graph.schema import NODE

Rows = dict[str, pd.DataFrame]
"""One table per kind of `graph.schema`."""


def no_pairs() -> pd.DataFrame:
    """A relationship without any row."""
    return pd.DataFrame({"from_key": pd.Series(dtype=object), "to_key": pd.Series(dtype=object)})


def pairs(frame: pd.DataFrame | None, source: str, target: str) -> pd.DataFrame:
    """Rows of a relationship between two columns, each pair once; rows without target have none."""
    if frame is None or target not in frame.columns:
        return no_pairs()
    found = frame[[source, target]].set_axis(["from_key", "to_key"], axis="columns")
    return found[found["to_key"].notna() & (found["to_key"] != "")].drop_duplicates(ignore_index=True)


def listed(frame: pd.DataFrame, source: str, column: str) -> pd.DataFrame:
    """A row per key and entry of a list, each entry once."""
    if column not in frame.columns:
        return no_pairs()
    lists = frame[column].map(_as_list)
    return pairs(frame.assign(entry=lists).explode("entry"), source, "entry")


def known(found: pd.DataFrame, keys: "pd.Series[Any]") -> pd.DataFrame:
    """Pairs whose target is known: campaigns that have not begun and past channels may be named without being there."""
    return found[found["to_key"].isin(keys)].reset_index(drop=True)


def declared(label: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    """The columns that the graph keeps of a table; no row where there is no table."""
    node = NODE[label]
    if frame is None:
        return pd.DataFrame({node.key: pd.Series(dtype=object)})
    wanted = [node.key, *(one.name for one in node.properties)]
    return frame[[name for name in wanted if name in frame.columns]].reset_index(drop=True)


def keyed(label: str, keys: Iterable[Any]) -> pd.DataFrame:
    """Nodes that are nothing but their key, each once, in order."""
    return pd.DataFrame({NODE[label].key: pd.Series(sorted(set(keys)), dtype=object)})


def chosen(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Columns under new names, those that are there."""
    present = {old: new for old, new in names.items() if old in frame.columns}
    return frame[list(present)].rename(columns=present)


def values_of(frame: pd.DataFrame | None, column: str) -> "pd.Series[Any]":
    """The values of a column that may not be there, without the missing ones."""
    if frame is None or column not in frame.columns:
        return pd.Series(dtype=object)
    values = frame[column].dropna()
    return values[values != ""]


def _as_list(value: Any) -> list[Any]:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else []
