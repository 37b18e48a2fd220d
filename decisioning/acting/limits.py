"""What may not be done beside something else: two rules that change the same, approved money, and limits per day."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.proposals import PARAMETER
from decisioning.acting.settings import ActionSettings, MoneySettings
from decisioning.actions import verb_named
from decisioning.canonical import json_text

Flags = npt.NDArray[np.bool_]
CENT = 0.005


def same_as(proposals: pd.DataFrame) -> list[str]:
    """What there is one of a day, per proposal: what it changes of its subject, or the action with its parameters."""
    return [_same_as(row) for row in proposals.to_dict("records")]


def _same_as(row: Mapping[Any, Any]) -> str:
    verb = verb_named(str(row["verb"]))
    told = [row["subject_kind"], row["subject_id"]]
    own = [row.get(PARAMETER + name) for name in verb.told_apart_by]
    return json_text([verb.changes or verb.name, *told, *own])


def conflicts(proposals: pd.DataFrame, is_open: Flags) -> Flags:
    """Which open proposals change what one before them changes already, shape (proposals,).

    Proposals are in order of their rules, so the first rule of the playbook does it. Money that two rules move between
    the same channels is one budget: a rule that comes later moves none of what an earlier one moves.
    """
    taken = np.zeros(len(proposals), dtype=np.bool_)
    held: dict[str, int] = {}
    for place, (key, row) in enumerate(zip(same_as(proposals), proposals.to_dict("records"), strict=True)):
        if not is_open[place]:
            continue
        # within one rule the moves of a budget belong together
        keys = (
            [key]
            if row["verb"] != "move_budget"
            else [f"budget/{row['subject_id']}", f"budget/{row[PARAMETER + 'to']}"]
        )
        holders = {held[one] for one in keys if one in held}
        if any(row["verb"] != "move_budget" or holder != row["rule"] for holder in holders):
            taken[place] = True
        else:
            held |= dict.fromkeys(keys, int(row["rule"]))
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
    for place, row in enumerate(proposals.to_dict("records")):
        if row["verb"] != "move_budget" or not is_open[place]:
            continue
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
