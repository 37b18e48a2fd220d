"""One decision explained: the object that `warrant why --format json` prints."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from decisioning.alternatives import said
from decisioning.motive_texts import node
from decisioning.record_columns import EarlierVersionError, is_of_earlier_version

Step = dict[str, Any]

# What the playbook states and no relationship of the graph: a campaign's asset, or one that a play's `answers` name.
ANSWERED_BY = "ANSWERED_BY"

# The terms that add up to the value, in the order of the formula, and their sign.
TERMS: Mapping[str, tuple[str, int]] = {
    "expected_margin_with_touch": ("margin_touch", 1),
    "expected_margin_without": ("margin_none", -1),
    "offer_redeemed": ("offer_cost", -1),
    "risk_of_opt_out": ("opt_out_cost", -1),
    "touch": ("touch_cost", -1),
    "total": ("value", 1),
}
LEAST_OF_BEST = 0.5
"""A playbook explores half of its customers at most, so that the best action is at least this probable."""
FORECAST: Mapping[str, str] = {
    "margin_basis": "margin_basis",
    "uplift": "uplift",
    "uplift_sd": "uplift_sd",
    "p_redeem": "p_redeem",
    "redemption_cost": "redemption_cost",
    "total_low": "value_low",
    "total_high": "value_high",
}
FUNNEL = ("motives", "candidates", "eligible", "affordable", "shortlisted")


def explain(
    record: Mapping[Any, Any],
    *,
    timezone: str,
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Explain one sealed record.

    Args:
        record: A row of `Sealed.frame`, as a mapping (`frame.iloc[i].to_dict()`), fresh or read back from storage.
        timezone: The playbook's time zone, for local times.
        versions: What the run used: code, playbook, policies, tables, models.

    Returns:
        decision_id, run_id, as_of, customer_id, arm; action (verb, is_ghost, none_reason, asset, channel, times);
        motive (play, subject, sentence, evidence, facts) or None; path (relationships from, type, to); value (the terms
        of the formula, with signs, and their total) or None; boost (what the asset was favoured by, which is no part of
        the value, and who does until when and why) or None; forecast (what the terms rest on) or None; confidence,
        evidence_grade, propensity (None where nobody can tell it), is_explored; funnel, refused_by, alternatives,
        shadow_price, margin_to_runner_up; held (who must agree, by which policies) or None; remit (under whose it
        was decided, and what of it asks a person) or None; fields (withheld: what was not known of the customer);
        versions.

    Raises:
        EarlierVersionError: It is written in other columns.
    """
    if is_of_earlier_version(record):
        raise EarlierVersionError(f"The decision {record.get('decision_id')} was")
    is_send = record["verb"] == "send"
    weighed = in_words(record)
    path = weighed["path"]
    return {
        "decision_id": record["decision_id"],
        "run_id": record["run_id"],
        "as_of": _utc(record["as_of"]),
        "customer_id": record["customer_id"],
        "arm": record["arm"],
        "action": _action(record, timezone),
        "motive": _motive(record, path) if is_send else None,
        "path": path,
        "value": {term: sign * float(record[part]) + 0.0 for term, (part, sign) in TERMS.items()} if is_send else None,
        "boost": _boost(record) if is_send else None,
        "forecast": {name: _plain(record[column]) for name, column in FORECAST.items()} if is_send else None,
        "confidence": float(record["confidence"]) if is_send else None,
        "evidence_grade": record["evidence_grade"],
        "propensity": _number(record["propensity"]),
        "is_explored": is_explored(record),
        **{name: weighed[name] for name in ("funnel", "refused_by", "alternatives", "shadow_price")},
        "margin_to_runner_up": _number(record["margin_to_runner_up"]),
        "held": _held(record) if is_send else None,
        "remit": _remit(record),
        "fields": {"withheld": _names(record.get("withheld"))},
        "versions": dict(versions or {}),
    }


def in_words(record: Mapping[Any, Any]) -> dict[str, Any]:
    """What a record's columns say together: path, funnel, refused_by, alternatives, shadow_price."""
    return {
        "path": path_of(record),
        "funnel": {stage: int(record[stage]) for stage in FUNNEL},
        "refused_by": refusals_of(record),
        "alternatives": [_alternative(other) for other in record["runners_up"]],
        "shadow_price": prices_of(record),
    }


def refusals_of(record: Mapping[Any, Any]) -> dict[str, int]:
    """How many candidates each policy refused, as the record counts them."""
    return {str(each["policy"]): int(each["candidates"]) for each in record["refusals"]}


def prices_of(record: Mapping[Any, Any]) -> dict[str, float]:
    """What a decision pays for each limit that it uses, in currency, by the limit's name."""
    return dict(sorted((str(each["limit"]), float(each["paid"])) for each in record["prices_paid"]))


def path_of(record: Mapping[Any, Any]) -> list[Step]:
    """The literal path in the graph: customer ▶ evidence ▶ motive ▶ asset ▶ channel; empty for nothing.

    Every step is a relationship: from, type, to, and the properties of what is evidence.
    """
    if record["verb"] != "send":
        return []
    motive, asset = f"Motive/{record['play']}:{record['subject']}", f"Asset/{record['asset_id']}"
    link = record["link"]
    steps = [
        *json.loads(record["evidence"]),
        _step(f"Customer/{record['customer_id']}", "HAS_MOTIVE", motive),
        _step(motive, "CONCERNS", node(record["subject"])),
        *(json.loads(link) if isinstance(link, str) else [_step(motive, ANSWERED_BY, asset)]),
    ]
    if isinstance(record["offer_id"], str):
        steps.append(_step(asset, "CARRIES", f"Offer/{record['offer_id']}"))
    return [*steps, _step(asset, "FITS", f"Channel/{record['channel_id']}")]


def _step(start: str, kind: str, end: str) -> Step:
    return {"from": start, "type": kind, "to": end}


def _held(record: Mapping[Any, Any]) -> dict[str, Any] | None:
    """Whose word a send waits for, and which policies ask for it."""
    needs = _names(record.get("needs"))
    return {"needs": needs, "by": _names(record.get("held_by"))} if needs else None


def _boost(record: Mapping[Any, Any]) -> dict[str, Any] | None:
    """What the choice ranked a send by beyond its value, and why."""
    amount = record.get("boost")
    if amount is None or pd.isna(amount):
        return None
    return {"amount": float(amount), "because": record["boost_because"]}


def _remit(record: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The agent under whose remit a send was decided, and which of its triggers fired."""
    agent = record.get("remit")
    return {"agent": agent, "triggers": _names(record.get("triggers"))} if isinstance(agent, str) else None


def _names(text: Any) -> list[str]:
    """The names that a record joins by commas; none where it has none, or is older than they are."""
    return text.split(", ") if isinstance(text, str) else []


def evidence_steps(path: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The relationships of a path that its motive rests on: those before it."""
    until_motive = next((place for place, step in enumerate(path) if step["type"] == "HAS_MOTIVE"), 0)
    return path[:until_motive]


def evidence_text(step: Mapping[str, Any]) -> str:
    """A relationship as an analyst would write it: `(Customer/1)-[:BOUGHT {count: 23}]->(Category/MILK)`."""
    known = ", ".join(f"{name}: {value}" for name, value in step.get("properties", {}).items() if value is not None)
    return f"({step['from']})-[:{step['type']}{' {' + known + '}' if known else ''}]->({step['to']})"


def _action(record: Mapping[Any, Any], timezone: str) -> dict[str, Any]:
    action = {"verb": record["verb"], "is_ghost": bool(record["is_ghost"])}
    if record["verb"] != "send":
        return {**action, "none_reason": record["none_reason"]}
    return {
        **action,
        "asset_id": record["asset_id"],
        "asset_version": record["asset_version"],
        "title": record["title"] or record["asset_id"],
        "offer_id": record["offer_id"],
        "channel": record["channel_id"],
        "send_at": _utc(record["send_at"]),
        "expires_at": _utc(record["expires_at"]),
        "send_at_local": _local(record["send_at"], timezone),
        "expires_at_local": _local(record["expires_at"], timezone),
    }


def _motive(record: Mapping[Any, Any], path: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "play": record["play"],
        "subject": record["subject"],
        "sentence": record["motive_sentence"],
        "evidence": [evidence_text(step) for step in evidence_steps(path)],
        "facts": json.loads(record["facts"]),
    }


def _alternative(other: Mapping[str, Any]) -> dict[str, Any]:
    told = ("asset_id", "channel_id", "play", "subject", "value", "priced_value")
    return {
        **{name: other[name] for name in told},
        "channel": other["channel_id"],
        "title": other["title"] or other["asset_id"],
        "why_not": said(other),
        "price": other["value"] - other["priced_value"],
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else _number(value)


def _utc(value: Any) -> str:
    return pd.Timestamp(value).tz_convert("UTC").isoformat()


def _local(value: Any, timezone: str) -> str:
    return pd.Timestamp(value).tz_convert(timezone).strftime("%Y-%m-%d %H:%M")


def is_explored(record: Mapping[Any, Any]) -> bool:
    """Whether chance chose another action than the best, which is more probable than all others together."""
    return float(record["propensity"]) < LEAST_OF_BEST


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
