"""Keeping what was believed: a belief is closed where a newer one about the same begins, never overwritten."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.content import normal_form
from graph.declarations import Relationship
from graph.difference import shares_key

_ABOUT = ["from_key", "to_key", "rule"]
_IDENTITY = [*_ABOUT, "valid_from"]


def close_beliefs(held: pd.DataFrame, believed: pd.DataFrame, newest_evidence: pd.Timestamp | None) -> pd.DataFrame:
    """All rows that the graph should hold: what is believed now, and what was, closed.

    A belief that is no longer among the believed ones ends where it would have faded, where the next one about the
    same begins, or, without a next one, with the newest evidence that anybody has, whichever comes first. Beliefs from
    later than that are not known yet (an earlier day is being decided again) and are left out. A belief from later than
    what is believed now about the same rests on evidence that has been withdrawn: it ends where it began.

    Args:
        held: Rows of a belief as loaded before, open and closed.
        believed: Its rows now, each with the end of its validity, if that is known.
        newest_evidence: The latest time in the evidence that there is now.
    """
    if held.empty or newest_evidence is None:
        return believed
    known = held[held["valid_from"] <= newest_evidence]
    if known.empty:
        return believed
    # what is believed now comes last, so that it wins over the same belief as it was held
    marked = (known.assign(is_past=True), believed.assign(is_past=False))
    rows = pd.concat([frame for frame in marked if len(frame)], ignore_index=True)
    rows = rows.drop_duplicates(_IDENTITY, keep="last").sort_values(_IDENTITY)
    about = rows.groupby(_ABOUT, sort=False)
    next_begins = about["valid_from"].shift(-1)
    current = rows["valid_from"].where(~rows["is_past"]).groupby([rows[name] for name in _ABOUT], sort=False)
    is_withdrawn = rows["is_past"] & (rows["valid_from"] > current.transform("max"))
    at_most = next_begins.fillna(newest_evidence)
    ends = rows["valid_to"].where(rows["valid_to"] <= at_most, at_most)
    ends = ends.where(~is_withdrawn, rows["valid_from"])
    return (
        rows.assign(valid_to=ends.where(rows["is_past"], rows["valid_to"]))
        .drop(columns="is_past")
        .reset_index(drop=True)
    )


def earlier(kind: Relationship, held: pa.Table, believed: pa.Table) -> pa.Table:
    """The rows that were held before and are not among those believed now; both tables in normal form."""
    return held.filter(pa.array(~shares_key(held, believed, kind.key_columns))) if len(held) else held


def closed_table(kind: Relationship, held: pa.Table, believed: pa.Table, newest: pd.Timestamp | None) -> pa.Table:
    """`close_beliefs` for tables in normal form; only where something else was held before, anything is worked out."""
    past = earlier(kind, held, believed)
    if not len(past):
        return believed
    is_about_it = shares_key(believed, past, _ABOUT)
    rows = close_beliefs(past.to_pandas(), believed.filter(pa.array(is_about_it)).to_pandas(), newest)
    closed = pa.concat_tables([believed.filter(pa.array(~is_about_it)), normal_form(kind, rows)])
    return closed.take(pc.sort_indices(closed, [(name, "ascending") for name in kind.key_columns])).combine_chunks()
