"""Rules ▶ proposals: which subjects each rule selects, with what parameters, why, and on what grounds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.expressions import (
    UNKNOWN,
    Floats,
    condition_names,
    number_names,
    numbers,
    selected,
    template_names,
    texts,
)
from decisioning.acting.settings import ActionRule, Within
from decisioning.acting.subjects import KEY, Subjects, plain
from decisioning.actions import verb_named
from decisioning.canonical import json_texts
from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.columns import AttributeTable

PARAMETER: Final = "action."
"""What stands before a parameter's name in the columns of proposals and in policies."""
OUTSIDE_PARAMETERS: Final = "outside-parameters"
BID: Final = "bid"
BID_BEFORE: Final = "bid_before"
SMALLEST_COIN: Final = 0.01
CURRENT: Final[Mapping[str, str]] = {"set_bid": "campaign.bid"}
"""What each verb's number replaces."""

COLUMNS: Final = (
    "rule",
    "verb",
    "subject_kind",
    "subject_id",
    "row",
    "reason",
    "evidence",
    "worth",
    "confidence",
    "grade",
    "refusal",
)


def empty_proposals() -> pd.DataFrame:
    """A table of proposals without rows."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS}).astype(
        {"rule": np.int64, "row": np.int64, "worth": np.float64, "confidence": np.float64}
    )


def propose(rules: Sequence[ActionRule], subjects: Subjects) -> pd.DataFrame:
    """What all rules with stated parameters propose, by rule and subject.

    Returns:
        `rule` (its place), `verb`, `subject_kind`, `subject_id`, `row` (place among its kind), `reason`,
        `evidence` (JSON object: what the rule looked at), `worth` (NaN where nobody says), `confidence`, `grade`,
        `refusal` (a reason known already, else None), and `action.<parameter>` per parameter of any verb, None or NaN
        where it is not said.

    Raises:
        UndeclaredVerbError: A rule calls for a verb that is not declared.
        PolicyError: A condition, expression or template does not fit what is known of its subjects.
    """
    found = [_of_rule(place, rule, subjects) for place, rule in enumerate(rules) if not rule.is_from_curves]
    found = [frame for frame in found if len(frame)]
    return pd.concat(found, ignore_index=True) if found else empty_proposals()


def names_in(rule: ActionRule, attributes: Attributes) -> frozenset[str]:
    """The attributes that a rule names, reasons left aside.

    Raises:
        UndeclaredVerbError: Its verb is not declared.
        PolicyError: Something in it does not fit.
    """
    verb = verb_named(rule.verb, where=rule.where)
    names = condition_names(rule.when, attributes, where=rule.where)
    template_names(rule.because, attributes, where=rule.where)
    if rule.worth is not None:
        names |= number_names(rule.worth, attributes, where=rule.where)
    for name, stated in rule.parameters.items():
        declared = verb.parameter(name)
        if declared is not None and declared.kind == "number":
            names |= number_names(stated, attributes, where=rule.where)
        elif declared is not None:
            names |= template_names(str(stated), attributes, where=rule.where)
    return names


def _of_rule(place: int, rule: ActionRule, subjects: Subjects) -> pd.DataFrame:
    names = names_in(rule, subjects.attributes(rule.subject_kind))
    table = subjects.table(rule.subject_kind)
    rows = np.flatnonzero(selected(rule.when, table, where=rule.where))
    frame = subjects.frames[rule.subject_kind].iloc[rows].reset_index(drop=True)
    worth = np.full(len(rows), np.nan)
    if rule.worth is not None:
        worth = numbers(rule.worth, table, where=rule.where)[rows]
    proposed = pd.DataFrame(
        {
            "rule": np.full(len(rows), place, dtype=np.int64),
            "verb": rule.verb,
            "subject_kind": rule.subject_kind,
            "subject_id": frame[KEY].to_numpy(dtype=object),
            "row": rows.astype(np.int64),
            "reason": texts(rule.because, _columns(frame), len(rows), unknown=UNKNOWN),
            "evidence": evidence(frame, names),
            "worth": worth,
            "confidence": np.full(len(rows), np.nan),
            "grade": np.full(len(rows), None, dtype=object),
            "refusal": np.full(len(rows), None, dtype=object),
        }
    )
    for name in rule.parameters:
        proposed[PARAMETER + name] = _parameter(name, rule, table, frame, rows)
    return _within(proposed, rule, frame)


def evidence(frame: pd.DataFrame, names: frozenset[str]) -> npt.NDArray[np.object_]:
    """What was looked at, per row, as a JSON object by attribute, shape (rows,)."""
    told = {name: plain(frame[name]) for name in sorted(names)}
    return json_texts(
        [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)] if told else [{}] * len(frame)
    )


def _columns(frame: pd.DataFrame) -> "dict[str, pd.Series[Any]]":
    return {str(name): frame[name] for name in frame.columns}


def _parameter(
    name: str, rule: ActionRule, table: AttributeTable, frame: pd.DataFrame, rows: npt.NDArray[np.intp]
) -> npt.NDArray[Any]:
    verb, stated = verb_named(rule.verb, where=rule.where), rule.parameters[name]
    declared = verb.parameter(name)
    if declared is None:
        raise PolicyError(
            f"the verb `{verb.name}` has no parameter `{name}`.",
            where=rule.where,
            remedy=f"Declared: {', '.join(one.name for one in verb.parameters)}.",
        )
    if declared.kind == "number":
        return numbers(stated, table, where=rule.where)[rows]
    return texts(str(stated), _columns(frame), len(rows), unknown=None)


def _within(proposed: pd.DataFrame, rule: ActionRule, frame: pd.DataFrame) -> pd.DataFrame:
    """Hold a bid within its parameters; refuse it where nothing lies within all of them, drop it where it stays."""
    if rule.verb not in CURRENT or not len(proposed):
        return proposed
    now = pd.to_numeric(frame[CURRENT[rule.verb]], errors="coerce").to_numpy(dtype=np.float64)
    wanted = proposed[PARAMETER + BID].to_numpy(dtype=np.float64)
    low, high = bounds(now, rule.within)
    held = np.clip(wanted, low, np.maximum(low, high))
    held = np.where(np.isnan(wanted), np.nan, np.round(held, 2))
    # rounding to cents must not lead outside
    held = np.where(held > high, np.floor(high * 100) / 100, np.where(held < low, np.ceil(low * 100) / 100, held))
    is_outside = (low > high) | (held > high) | (held < low)
    held = np.where(is_outside, np.round(wanted, 2), held)
    proposed[PARAMETER + BID], proposed[PARAMETER + BID_BEFORE] = held, now
    proposed.loc[is_outside, "refusal"] = OUTSIDE_PARAMETERS
    reasons = proposed["reason"].to_numpy(dtype=object)
    is_held = ~is_outside & (np.abs(held - wanted) >= SMALLEST_COIN / 2)
    told = [
        f"{reason} {one:,.2f} was computed and {other:,.2f} is as far as its parameters go."
        for reason, one, other in zip(reasons, wanted, held, strict=True)
    ]
    proposed["reason"] = np.where(is_held, np.array(told, dtype=object), reasons)
    stays = ~is_outside & (held == now)
    kept: pd.DataFrame = proposed[~stays].reset_index(drop=True)
    return kept


def bounds(now: Floats, within: Within) -> tuple[Floats, Floats]:
    """The smallest and the largest that numbers may become, given what they are now; the stated ends win."""
    low = np.full(len(now), -np.inf if within.at_least is None else within.at_least)
    high = np.full(len(now), np.inf if within.at_most is None else within.at_most)
    if within.change_pct is not None:
        share = within.change_pct / 100
        # by how much something changes cannot be told without what it is: nothing lies within
        low = np.where(np.isnan(now), np.inf, np.maximum(low, now * (1 - share)))
        high = np.where(np.isnan(now), -np.inf, np.minimum(high, now * (1 + share)))
    # 20 % more than 1.10 is 1.32, whatever floats make of it
    return np.round(low, 9), np.round(high, 9)
