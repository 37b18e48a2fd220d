"""Keeping what was believed: a belief is closed where a newer one about the same begins, never overwritten."""

import pandas as pd

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
    # what is believed now comes last, so that it wins over the same belief as it was held
    rows = pd.concat([known.assign(is_past=True), believed.assign(is_past=False)], ignore_index=True)
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
