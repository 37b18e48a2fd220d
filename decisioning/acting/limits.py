"""What may not be done beside something else: two rules that change the same, approved money, and limits per day."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.proposals import PARAMETER
from decisioning.acting.settings import ActionSettings, MoneySettings
from decisioning.actions import verb_named
from decisioning.canonical import json_texts

Flags = npt.NDArray[np.bool_]
MOVING: Final = "move_budget"
CENT: Final = 0.005


def same_as(proposals: pd.DataFrame) -> npt.NDArray[np.object_]:
    """What there is one of a day, shape (proposals,): what changes of a subject, or the action with its parameters."""
    keys = np.full(len(proposals), None, dtype=object)
    for name, places in proposals.groupby("verb", sort=False).indices.items():
        verb, rows = verb_named(str(name)), proposals.iloc[places]
        told = [rows[column].tolist() for column in ("subject_kind", "subject_id")]
        own = [_stated(rows, PARAMETER + parameter) for parameter in verb.told_apart_by]
        keys[places] = json_texts([verb.changes or verb.name, *one] for one in zip(*told, *own, strict=True))
    return keys


def _stated(rows: pd.DataFrame, column: str) -> list[Any]:
    """A parameter per row, None where it is not stated."""
    if column not in rows:
        return [None] * len(rows)
    return rows[column].astype(object).where(rows[column].notna(), None).tolist()


def conflicts(proposals: pd.DataFrame, is_open: Flags) -> Flags:
    """Which open proposals change what one before them changes already, shape (proposals,).

    Proposals are in order of their rules, so the first rule of the playbook does it. Money that two rules move between
    the same channels is one budget: a rule that comes later moves none of what an earlier one moves.
    """
    is_move = (proposals["verb"] == MOVING).to_numpy(dtype=np.bool_)
    taken = np.zeros(len(proposals), dtype=np.bool_)
    others = np.flatnonzero(is_open & ~is_move)
    taken[others] = proposals["same_as"].iloc[others].duplicated().to_numpy(dtype=np.bool_)
    held: dict[str, int] = {}
    for place in np.flatnonzero(is_open & is_move):
        row = proposals.iloc[place]
        ends = [str(row["subject_id"]), str(row[PARAMETER + "to"])]
        # within one rule the moves of a budget belong together
        if any(held.get(one, row["rule"]) != row["rule"] for one in ends):
            taken[place] = True
        else:
            held |= dict.fromkeys(ends, int(row["rule"]))
    return taken


def inside_money(
    proposals: pd.DataFrame, is_open: Flags, money: MoneySettings | None, budgets: Mapping[str, float]
) -> Flags:
    """Which proposals stay inside the approved spend, shape (proposals,), those before them carried out.

    A move may bring no channel above what it may have or below what it must have, nor all of them together above what
    was approved. Whatever else a verb does needs no money of the month.
    """
    inside = np.ones(len(proposals), dtype=np.bool_)
    now = dict(budgets)
    stated = {one.channel_id: one for one in money.budgets} if money else {}
    for place in np.flatnonzero(is_open & (proposals["verb"] == MOVING).to_numpy(dtype=np.bool_)):
        row = proposals.iloc[place]
        source, to, amount = (
            stated.get(str(row["subject_id"])),
            stated.get(str(row[PARAMETER + "to"])),
            row[PARAMETER + "amount"],
        )
        if money is None or source is None or to is None or source == to or not amount > 0:
            inside[place] = False
            continue
        left, reached = now[source.channel_id] - amount, now[to.channel_id] + amount
        inside[place] = (
            left >= source.least - CENT / 1000
            and reached <= to.most + CENT / 1000
            and sum(now.values()) <= money.approved + CENT / 1000
        )
        if inside[place]:
            now |= {source.channel_id: left, to.channel_id: reached}
    return inside


def cap(
    proposals: pd.DataFrame, is_open: Flags, settings: ActionSettings, used: Mapping[str, int]
) -> npt.NDArray[np.object_]:
    """Which limit leaves each open proposal out, shape (proposals,); an empty text where none does.

    The most worthwhile go first, whatever rule they come from; of equals the rule that comes first, then the subject.
    """
    limited = np.full(len(proposals), "", dtype=object)
    worth = proposals["worth"].fillna(-np.inf).to_numpy(dtype=np.float64)
    order = np.lexsort((np.arange(len(proposals)), -worth))
    by_verb, by_rule = dict(used), dict[int, int]()
    verbs, rules = proposals["verb"].tolist(), proposals["rule"].tolist()
    for place in order[is_open[order]]:
        verb, rule = verbs[place], rules[place]
        most = settings.limits.get(verb, verb_named(verb).per_day)
        of_rule = settings.rules[rule].most
        if by_verb.get(verb, 0) >= most:
            limited[place] = f"{most} {verb} a day"
        elif of_rule is not None and by_rule.get(rule, 0) >= of_rule:
            limited[place] = f"{of_rule} a day by {settings.rules[rule].name}"
        else:
            by_verb[verb], by_rule[rule] = by_verb.get(verb, 0) + 1, by_rule.get(rule, 0) + 1
    return limited
