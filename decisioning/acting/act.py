"""Act, on one page: rules and curves ▶ proposals ▶ what they bring ▶ screened ▶ inside money and limits ▶ records.

Pure: the same subjects, settings, curves and history give the same records to the byte, whatever the order of rows.
"""

import calendar
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.budgets import Move, equalised, marginal_return
from decisioning.acting.counterfactual import Change, Counterfactual, counterfactual
from decisioning.acting.limits import cap, conflicts, inside_money, same_as
from decisioning.acting.policies import (
    APPROVED_SPEND,
    BECAUSE,
    BUILT_IN,
    DONE,
    MISSING,
    NO_COUNTERFACTUAL,
    TAKEN,
    UNSURE,
    screen,
)
from decisioning.acting.proposals import BID, BID_BEFORE, PARAMETER, empty_proposals, propose
from decisioning.acting.rows import action_rows
from decisioning.acting.settings import ActionRule, ActionSettings, ChannelBudget
from decisioning.acting.subjects import KEY, Subjects
from decisioning.actions import verb_named
from decisioning.canonical import json_text
from decisioning.policies.rules import HOLDING
from decisioning.times import moment
from forecasting.values.spend_curves import SpendCurves

GO, HELD, REFUSED, LIMITED = "go", "held", "refused", "limited"


@dataclass(frozen=True, eq=False)
class Known:
    """What actions are decided from, beside the subjects.

    Attributes:
        as_of: The moment the world is known at.
        history: What was carried out before this day: `verb`, `subject_kind`, `subject_id`, `same_as`, `days_ago`
            (whole local days).
        budgets: What each channel has this month by now, moves of earlier days included, in currency.
        curves: Of spend, None where there are none.
        no_curves_because: Why there are none.
        versions: What the records say they were decided by.
        used: How often each verb was carried out by people's actions that were erased since; they used their limits.
    """

    as_of: datetime
    history: pd.DataFrame
    budgets: Mapping[str, float] = field(default_factory=dict)
    curves: SpendCurves | None = None
    no_curves_because: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Acted:
    """What is to be done beside messages.

    Attributes:
        records: One row per proposal, refused ones included; columns as in `records.ACTION_COLUMNS`, without what only
            a run can know (action_id, run_id).
        summary: Counts, see `summarise`.
    """

    records: pd.DataFrame
    summary: dict[str, Any]


def act(subjects: Subjects, settings: ActionSettings, known: Known) -> Acted:
    """Decide what is done beside messages.

    Raises:
        DecisioningError: Subjects, settings and curves do not fit together.
        UndeclaredVerbError: A rule calls for a verb that is not declared.
        PolicyError: A condition, an expression or a policy does not fit what is known.
    """
    month_days = _days_of_month(known.as_of, settings.timezone)
    proposals = _proposals(subjects, settings, known, month_days)
    effects = _effects(proposals, subjects, settings, known, month_days)
    proposals = _with_effects(proposals, effects, settings)
    policies, basis = screen(proposals, subjects, settings.policies)
    is_ghost = _is_held_out(proposals, subjects)
    refusals = [dict[str, None]() for _ in policies]
    _refuse_for_what_they_lack(refusals, proposals, settings)
    for refused, by_policy in zip(refusals, policies, strict=True):
        refused.update(dict.fromkeys(by_policy))
    _refuse(refusals, np.flatnonzero(_done_lately(proposals, settings, known.history)), DONE)
    open_ = np.array([not refused for refused in refusals], dtype=np.bool_)
    _refuse(refusals, np.flatnonzero(conflicts(proposals, open_ & ~is_ghost)), TAKEN)
    open_ &= np.array([not refused for refused in refusals], dtype=np.bool_)
    is_inside = inside_money(proposals, open_ & ~is_ghost, settings.money, known.budgets)
    _refuse(refusals, np.flatnonzero(open_ & ~is_inside), APPROVED_SPEND)
    open_ &= np.array([not refused for refused in refusals], dtype=np.bool_)
    limited = cap(proposals, open_ & ~is_ghost, settings, known.used)
    holding = {one.identifier for one in settings.policies if one.kind in HOLDING}
    is_held = np.array([bool(refused) and refused.keys() <= holding for refused in refusals], dtype=np.bool_)
    closed = np.where(is_held, HELD, REFUSED)
    status = np.where(~open_, closed, np.where(limited != "", LIMITED, GO)).astype(object)
    words = _words(settings)
    told = [{policy: words.get(policy, "") for policy in refused} for refused in refusals]
    for place in np.flatnonzero(limited != ""):
        told[place] = {f"limit: {limited[place]}": "Others are worth more, or come first."}
    records = action_rows(
        proposals,
        effects,
        subjects,
        status=status,
        refused=told,
        is_ghost=is_ghost,
        basis=basis,
        versions=known.versions,
    ).assign(as_of=pd.Timestamp(moment(known.as_of)).tz_localize("UTC"))
    return Acted(records, summarise(records, settings))


def summarise(records: pd.DataFrame, settings: ActionSettings) -> dict[str, Any]:
    """What was decided beside messages, as plain values for JSON.

    Returns:
        `proposed` = `go` + `held` (until a person agrees) + `refused` + `limited` + `ghosts`; `by_rule`: a row per rule
        with its verb and these counts; `refused_by`: proposals by policy or reason.
    """
    is_ghost = records["is_ghost"].to_numpy(dtype=np.bool_) if len(records) else np.zeros(0, dtype=np.bool_)
    status = records["status"].to_numpy(dtype=object)
    by_rule = []
    for rule in settings.rules:
        mine = (records["rule"] == rule.name).to_numpy(dtype=np.bool_)
        by_rule.append(
            {
                "rule": rule.name,
                "verb": rule.verb,
                "subject": rule.subject_kind,
                **_counts(status[mine], is_ghost[mine]),
            }
        )
    refused: dict[str, int] = {}
    for told in records["refused_by"]:
        for policy in _keys(told):
            refused[policy] = refused.get(policy, 0) + 1
    return {**_counts(status, is_ghost), "by_rule": by_rule, "refused_by": dict(sorted(refused.items()))}


def _counts(status: np.ndarray, is_ghost: np.ndarray) -> dict[str, int]:
    counts = {name: int(((status == name) & ~is_ghost).sum()) for name in (GO, HELD, REFUSED, LIMITED)}
    return {"proposed": len(status), **counts, "ghosts": int(is_ghost.sum())}


def _keys(told: str) -> list[str]:
    return list(json.loads(told))


def _proposals(subjects: Subjects, settings: ActionSettings, known: Known, month_days: int) -> pd.DataFrame:
    """Those with stated parameters and those from curves, in the order of rules, the most worthwhile first."""
    stated = propose(settings.rules, subjects)
    parts = [
        stated,
        *(
            _moves(place, rule, subjects, settings, known, month_days)
            for place, rule in enumerate(settings.rules)
            if rule.is_from_curves
        ),
    ]
    parts = [part for part in parts if len(part)]
    proposals = pd.concat(parts, ignore_index=True) if parts else empty_proposals()
    ordered = proposals.assign(unworthy=-proposals["worth"].fillna(-np.inf)).sort_values(
        ["rule", "unworthy", "subject_id"], kind="stable", ignore_index=True
    )
    names = [rule.name for rule in settings.rules]
    ordered["rule_name"] = pd.Series([names[place] for place in ordered["rule"]], dtype=object)
    ordered["same_as"] = same_as(ordered)
    return ordered.drop(columns="unworthy")


def _moves(  # noqa: PLR0917 -- as the caller has them
    place: int, rule: ActionRule, subjects: Subjects, settings: ActionSettings, known: Known, month_days: int
) -> pd.DataFrame:
    """The moves that the curves propose, where the rule's condition holds for the channel that the money leaves."""
    if settings.money is None or known.curves is None:
        return empty_proposals()
    selected = propose([_asking(rule)], subjects)
    allowed = set(selected["subject_id"])
    budgets = tuple(
        ChannelBudget(one.channel_id, known.budgets.get(one.channel_id, one.budget), one.least, one.most)
        for one in settings.money.budgets
    )
    moves = [
        move
        for move in equalised(
            budgets, known.curves, step=settings.money.step, change_pct=rule.within.change_pct, month_days=month_days
        )
        if move.from_channel in allowed
    ]
    row_of = {key: row for row, key in enumerate(subjects.frames["channel"][KEY])}
    chosen = selected.set_index("subject_id")
    return pd.DataFrame(
        {
            "rule": np.full(len(moves), place, dtype=np.int64),
            "verb": rule.verb,
            "subject_kind": rule.subject_kind,
            "subject_id": np.array([move.from_channel for move in moves], dtype=object),
            "row": np.array([row_of[move.from_channel] for move in moves], dtype=np.int64),
            "reason": np.array([str(chosen.loc[move.from_channel, "reason"]) for move in moves], dtype=object),
            "evidence": np.array(
                [_grounds(move, chosen, known, settings.money.step, month_days) for move in moves], dtype=object
            ),
            "worth": np.full(len(moves), np.nan),
            "confidence": np.full(len(moves), np.nan),
            "grade": np.full(len(moves), None, dtype=object),
            "refusal": np.full(len(moves), None, dtype=object),
            PARAMETER + "to": np.array([move.to_channel for move in moves], dtype=object),
            PARAMETER + "amount": np.array([move.amount for move in moves], dtype=np.float64),
        }
    )


def _grounds(move: Move, chosen: pd.DataFrame, known: Known, step: float, month_days: int) -> str:
    """What the rule looked at, and what the next unit brings on both channels."""
    told = json.loads(str(chosen.loc[move.from_channel, "evidence"]))
    for channel_id in (move.from_channel, move.to_channel):
        budget = known.budgets.get(channel_id, np.nan)
        told[f"the budget of {channel_id}"] = round(budget, 2)
        if known.curves is not None:
            found = marginal_return(channel_id, budget, known.curves, step=step, month_days=month_days)
            told[f"what the next unit on {channel_id} brings"] = round(found, 4)
    return json_text(told)


def _asking(rule: ActionRule) -> ActionRule:
    """The rule with nothing but its condition, reason and evidence."""
    return ActionRule(rule.name, rule.verb, rule.subject_kind, rule.when, rule.because, where=rule.where)


def _effects(
    proposals: pd.DataFrame, subjects: Subjects, settings: ActionSettings, known: Known, month_days: int
) -> list[Counterfactual | str | None]:
    """What each proposal brings against no change; why that cannot be told; None for verbs that do not spend."""
    effects: list[Counterfactual | str | None] = [None] * len(proposals)
    spending = [name for name in proposals["verb"].unique() if verb_named(name).is_spending]
    for place in np.flatnonzero(proposals["verb"].isin(spending)):
        changes = _changes(proposals.iloc[place], subjects, known, month_days)
        effects[place] = (
            changes
            if isinstance(changes, str)
            else counterfactual(
                known.curves,
                changes,
                month_days=month_days,
                margin_share=settings.margin_share,
                missing=known.no_curves_because,
            )
        )
    return effects


def _changes(row: "pd.Series[Any]", subjects: Subjects, known: Known, month_days: int) -> list[Change] | str:
    """What a proposal changes of what channels spend in a month."""
    subject = subjects.frames[row["subject_kind"]].iloc[row["row"]]
    if row["verb"] == "move_budget":
        source, to, amount = row["subject_id"], row.get(PARAMETER + "to"), row.get(PARAMETER + "amount")
        if not isinstance(to, str) or amount is None or np.isnan(amount):
            return "the move does not say how much goes where"
        before = {one: known.budgets.get(one, np.nan) for one in (source, to)}
        return [Change(source, before[source], before[source] - amount), Change(to, before[to], before[to] + amount)]
    channel = subject.get("campaign.channel_id")
    campaign, whole = (subject.get(name, np.nan) for name in ("campaign.spend_28d", "channel.spend_28d"))
    if not isinstance(channel, str) or pd.isna(campaign) or pd.isna(whole):
        return "nothing was spent on the campaign in the last 28 days"
    monthly = float(campaign) * month_days / 28
    if row["verb"] == "set_bid":
        bid, bid_before = row.get(PARAMETER + BID, np.nan), row.get(PARAMETER + BID_BEFORE, np.nan)
        # what an auction takes follows the bid more or less; nobody has measured how closely
        more = monthly * (bid / bid_before - 1) if bid_before and bid_before > 0 else np.nan
    else:
        more = -monthly if row["verb"] == "pause_spend" else np.nan
    if not np.isfinite(more):
        return "what it would spend is not known"
    before_all = float(whole) * month_days / 28
    return [Change(channel, before_all, max(before_all + more, 0.0))]


def _with_effects(
    proposals: pd.DataFrame, effects: list[Counterfactual | str | None], settings: ActionSettings
) -> pd.DataFrame:
    """The proposals with worth, confidence and grade of what they bring."""
    found = [(place, one) for place, one in enumerate(effects) if isinstance(one, Counterfactual)]
    told = proposals.copy()
    for place, one in found:
        cap_of_grade = settings.confidence_cap.get(one.grade, 1.0)
        told.loc[place, ["worth", "confidence"]] = [one.value, min(one.p_better, cap_of_grade)]
        told.loc[place, "grade"] = one.grade
    return told


def _refuse_for_what_they_lack(
    refusals: list[dict[str, None]], proposals: pd.DataFrame, settings: ActionSettings
) -> None:
    """What the proposals themselves show to be wrong."""
    for place in np.flatnonzero(proposals["refusal"].notna()):
        refusals[place][str(proposals["refusal"].iloc[place])] = None
    confidence = proposals["confidence"].to_numpy(dtype=np.float64)
    least = [settings.rules[place].least_confidence for place in proposals["rule"]]
    asked = np.array([np.nan if one is None else one for one in least], dtype=np.float64)
    is_unsure = ~np.isnan(asked) & ~(confidence >= asked)
    for name, places in proposals.groupby("verb", sort=False).indices.items():
        verb, rows = verb_named(str(name)), proposals.iloc[places]
        lacks = np.zeros(len(rows), dtype=np.bool_)
        for one in verb.parameters:
            values = rows[PARAMETER + one.name] if PARAMETER + one.name in rows else pd.Series([None] * len(rows))
            is_missing = (values.isna() | (values == "")).to_numpy(dtype=np.bool_)
            lacks |= is_missing & one.is_required
            if one.minimum is not None:
                lacks |= ~is_missing & (pd.to_numeric(values) < one.minimum).to_numpy(dtype=np.bool_)
        _refuse(refusals, np.asarray(places)[lacks], MISSING)
        untold = np.isnan(confidence[places]) & verb.needs_counterfactual
        _refuse(refusals, np.asarray(places)[untold], NO_COUNTERFACTUAL)
        is_unsure[np.asarray(places)[untold]] = False
    _refuse(refusals, np.flatnonzero(is_unsure), UNSURE)


def _refuse(refusals: list[dict[str, None]], places: npt.NDArray[np.intp], reason: str) -> None:
    for place in places:
        refusals[place][reason] = None


def _done_lately(proposals: pd.DataFrame, settings: ActionSettings, history: pd.DataFrame) -> np.ndarray:
    """Which proposals were carried out within their rule's days already."""
    last = history.groupby("same_as")["days_ago"].min() if len(history) else pd.Series(dtype=np.float64)
    ago = proposals["same_as"].map(last).astype(np.float64).to_numpy()
    within = np.array([settings.rules[place].again_after_days for place in proposals["rule"]], dtype=np.float64)
    return np.asarray(~np.isnan(ago) & (ago < within), dtype=np.bool_)


def _is_held_out(proposals: pd.DataFrame, subjects: Subjects) -> np.ndarray:
    """Which proposals are about somebody held out of everything; an account is where all of its people are."""
    held_out = np.zeros(len(proposals), dtype=np.bool_)
    for kind in ("customer", "account"):
        here = (proposals["subject_kind"] == kind).to_numpy(dtype=np.bool_)
        if here.any():
            flags = subjects.frames[kind][f"{kind}.is_held_out"].to_numpy(dtype=np.bool_)
            held_out[here] = flags[proposals.loc[here, "row"].to_numpy(dtype=np.int64)]
    return held_out


def _words(settings: ActionSettings) -> dict[str, str]:
    return {
        **BECAUSE,
        **{one.identifier: one.because for one in BUILT_IN},
        **{one.identifier: one.because for one in settings.policies},
    }


def _days_of_month(as_of: datetime, timezone: str) -> int:
    local = as_of.astimezone(ZoneInfo(timezone))
    return calendar.monthrange(local.year, local.month)[1]
