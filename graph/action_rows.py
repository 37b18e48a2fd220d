"""The rows of a run's actions beyond messages: decisions for customers, accounts, campaigns and channels."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from graph.decision_rows import RunFacts

FOR: Final[Mapping[str, str]] = {
    "customer": "Decision FOR Customer",
    "account": "Decision FOR Account",
    "campaign": "Decision FOR Campaign",
    "channel": "Decision FOR Channel",
}
"""The relationship that says whom or what an action is for, by kind of subject; an audience is no node of its own."""
FACTS: Final = (
    "verb",
    "is_ghost",
    "arm",
    "value",
    "confidence",
    "evidence_grade",
    "status",
    "rule",
    "parameters",
)


def with_actions(
    rows: Mapping[str, pd.DataFrame], run: RunFacts, actions: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """The rows of a run's decisions together with those of its actions.

    Args:
        rows: Of its decisions.
        run: The run.
        actions: `action_id`, `subject_kind`, `subject_id`, `reason` and `FACTS`, refused ones included; None for none.
    """
    both = dict(rows)
    nothing = pd.DataFrame({"from_key": [], "to_key": []}, dtype=object)
    for kind in FOR.values():
        both.setdefault(kind, nothing)
    if actions is None or actions.empty:
        return both
    nodes = actions[[*FACTS]].assign(
        decision_id=actions["action_id"],
        motive_sentence=actions["reason"],
        run_id=run.run_id,
        as_of=pd.Timestamp(run.as_of),
    )
    both["Decision"] = _below(both["Decision"], nodes)
    pairs = pd.DataFrame({"from_key": actions["action_id"], "to_key": actions["subject_id"]}, dtype=object)
    for kind, relationship in FOR.items():
        is_meant = (actions["subject_kind"] == kind).to_numpy()
        both[relationship] = _below(both[relationship], pairs[is_meant])
    generated = pd.DataFrame({"from_key": actions["action_id"], "to_key": run.run_id}, dtype=object)
    both["Decision WAS_GENERATED_BY Run"] = _below(both["Decision WAS_GENERATED_BY Run"], generated)
    return both


def decided_for(rows: Mapping[str, pd.DataFrame]) -> "pd.Series[str]":
    """Ids of the decisions that are for somebody or something that there is."""
    return pd.concat([rows[kind]["from_key"] for kind in FOR.values() if kind in rows], ignore_index=True)


def _below(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first
