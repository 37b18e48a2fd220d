"""The record of actions beyond messages and its seal: canonical bytes per record, digests, and a Merkle root of them.

Leaves and nodes are hashed like those of decisions (`decisioning.decision_log`). Decisions and actions of one run are
sealed together by one root over both.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from decisioning.canonical import json_text
from decisioning.decision_log import Verification, merkle_root, with_erased
from decisioning.errors import DecisioningError
from decisioning.record_columns import PlainKind
from decisioning.times import naive, utc_texts

ACTION_COLUMNS: Final[Mapping[str, PlainKind]] = {
    "action_id": "text",
    "run_id": "text",
    "as_of": "time",
    "verb": "text",
    "subject_kind": "text",
    "subject_id": "text",
    "customer_id": "text",  # whom it is about, None where it is about nobody in particular
    "account_id": "text",  # the subject, or the one that the subject belongs to
    "campaign_id": "text",
    "channel_id": "text",
    "rule": "text",
    "reason": "text",
    "parameters": "text",  # JSON object
    "evidence": "text",  # JSON object: what the rule looked at
    "status": "text",  # go, held (a person must agree first), refused or limited
    "refused_by": "text",  # JSON object: policy or reason to its words
    "is_ghost": "boolean",  # held out: recorded, never carried out
    "arm": "text",
    "value": "number",  # in currency: a month's for what spends, else what the playbook says
    "value_low": "number",
    "value_high": "number",
    "value_basis": "text",  # margin, revenue, or stated by the playbook
    "counterfactual": "text",  # JSON object: against no change; or why that cannot be told
    "confidence": "number",
    "evidence_grade": "text",
    "consequence": "text",
    "detectability": "text",
    "inverse": "text",  # JSON object: what takes it back; or why nothing does
    "lawful_basis": "text",  # of the consent that was asked for
    "leaves_through": "text",
    "same_as": "text",  # what there is one of a day
    "versions": "text",  # JSON object: what it was decided by
}


@dataclass(frozen=True, eq=False)
class SealedActions:
    """Actions with their digests, and the root over all of them.

    Attributes:
        frame: The columns of `ACTION_COLUMNS` and `digest`, in order of action_id.
        root: Merkle root, hexadecimal.
    """

    frame: pd.DataFrame
    root: str


def action_id(  # noqa: PLR0917 -- all that tells one action from another
    run_id: str, rule: str, verb: str, subject_kind: str, subject_id: str, parameters: str
) -> str:
    """The first 32 hexadecimal digits of sha256 over run, rule, verb, subject and parameters."""
    told = ["action", run_id, rule, verb, subject_kind, subject_id, parameters]
    return hashlib.sha256(json_text(told).encode()).hexdigest()[:32]


def seal_actions(records: pd.DataFrame, *, run_id: str) -> SealedActions:
    """Give actions their identity and their digests.

    Args:
        records: As `act` returns them, in any order.
        run_id: The run that decided.

    Raises:
        DecisioningError: A column is missing or holds something else than declared, or an action comes twice.
    """
    frame = records.assign(run_id=run_id)
    keys = zip(*(frame[name] for name in ("rule", "verb", "subject_kind", "subject_id", "parameters")), strict=True)
    frame["action_id"] = pd.Series([action_id(run_id, *key) for key in keys], index=frame.index, dtype=object)
    again = frame.loc[frame["action_id"].duplicated(), ["verb", "subject_id"]]
    if len(again):
        verb, subject = again.iloc[0]
        raise DecisioningError(f"The action {verb} on {subject} is there twice.", where="seal", remedy="Decide once.")
    frame = frame.sort_values("action_id", kind="stable", ignore_index=True)[[*ACTION_COLUMNS]].copy()
    frame["digest"] = pd.Series(action_digests(frame), dtype=object)
    return SealedActions(frame, merkle_root(frame["digest"].tolist()))


def verify_actions(frame: pd.DataFrame, root: str, erased: Mapping[int, str] | None = None) -> Verification:
    """Whether actions that were sealed still have their digests and root.

    Args:
        frame: Sealed actions, in any order.
        root: The root that was recorded.
        erased: Digests of actions that were erased since, by their place among all of the run in order of action_id.
    """
    ordered = frame.sort_values("action_id", kind="stable", ignore_index=True)
    now = action_digests(ordered)
    changed = [at for at, was, found in zip(ordered["action_id"], ordered["digest"], now, strict=True) if was != found]
    found_root = merkle_root(with_erased(now, erased or {}))
    return Verification(not changed and found_root == root, tuple(str(one) for one in changed), found_root)


def joint_root(decisions: str, actions: str) -> str:
    """One root over the decisions and the actions of a run, hexadecimal."""
    return hashlib.sha256(b"run\0" + bytes.fromhex(decisions) + bytes.fromhex(actions)).hexdigest()


def action_digests(frame: pd.DataFrame) -> list[str]:
    """sha256 of the canonical bytes of every action, hexadecimal.

    Raises:
        DecisioningError: A column is missing, or holds something else than declared.
    """
    return [hashlib.sha256(line.encode()).hexdigest() for line in action_lines(frame)]


def action_lines(frame: pd.DataFrame) -> list[str]:
    """The canonical JSON of every action.

    Raises:
        DecisioningError: A column is missing, or holds something else than declared.
    """
    lacking = [name for name in ACTION_COLUMNS if name not in frame.columns]
    if lacking:
        raise DecisioningError(
            f"The actions have no column {', '.join(lacking)}.", where="action log", remedy="Seal what `act` returns."
        )
    columns = [_plain(frame[name], name, kind) for name, kind in ACTION_COLUMNS.items()]
    return [json_text(dict(zip(ACTION_COLUMNS, row, strict=True))) for row in zip(*columns, strict=True)]


def _plain(column: "pd.Series[Any]", name: str, kind: PlainKind) -> list[Any]:
    if kind == "time":
        return utc_texts(naive(column))
    return [_checked(value, name, kind) for value in column.tolist()]


def _checked(value: Any, name: str, kind: PlainKind) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if (kind == "text" and isinstance(value, str)) or (kind == "boolean" and isinstance(value, bool)):
        return value
    raise DecisioningError(
        f"The column {name} holds {value!r}, which is no {kind}.", where="action log", remedy="Seal what `act` returns."
    )
