"""An explanation in four blocks: what went in, how it was reasoned, what is done, and what that is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]


def four_blocks(card: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> Document:
    """The blocks `input`, `reasoning`, `action` and `economic_impact` of an explanation, also of doing nothing.

    Args:
        card: As `explain` returns it, with `as_of_day`, `policy_reasons`, `assumed` (numbers that nobody measured),
            `currency`, `health` and `outcomes` (what came of the decision).
        evidence: The evidence of its path, each step with `confidence` and `rests_on`.
    """
    return {
        "input": _input(card, evidence),
        "reasoning": _reasoning(card),
        "action": _action(card),
        "economic_impact": _economic_impact(card),
    }


def _input(card: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> Document:
    table = "table "
    return {
        "customer_id": card["customer_id"],
        "run_id": card["run_id"],
        "as_of": card["as_of"],
        "as_of_day": card["as_of_day"],
        "evidence": list(evidence),
        "facts": card["motive"]["facts"] if card["motive"] else {},
        "tables": {
            name.removeprefix(table): digest for name, digest in card["versions"].items() if name.startswith(table)
        },
        "health": card["health"],
    }


def _reasoning(card: Mapping[str, Any]) -> Document:
    motive = card["motive"]
    return {
        "motive": {name: motive[name] for name in ("play", "subject", "sentence")} if motive else None,
        "path": card["path"],
        "confidence": card["confidence"],
        "evidence_grade": card["evidence_grade"],
        "assumed": card["assumed"],
        "funnel": card["funnel"],
        "constraints": [
            {"policy": policy, "refused": count, "because": card["policy_reasons"].get(policy, "")}
            for policy, count in card["refused_by"].items()
        ],
        "alternatives": card["alternatives"],
        "versions": {name: card["versions"].get(name) for name in ("code", "playbook", "policies", "view")},
    }


def _action(card: Mapping[str, Any]) -> Document:
    return {
        **card["action"],
        "decision_id": card["decision_id"],
        "arm": card["arm"],
        "propensity": card["propensity"],
    }


def _economic_impact(card: Mapping[str, Any]) -> Document:
    """What is expected of the action itself; a ghost is worth to us what it teaches, and is never sent."""
    value, forecast = card["value"], card["forecast"]
    is_send = card["action"]["verb"] == "send"
    best = card["alternatives"][0] if card["alternatives"] else None
    return {
        "currency": card["currency"],
        "expected": value["total"] if value else 0.0,
        "low": forecast["total_low"] if forecast else 0.0,
        "high": forecast["total_high"] if forecast else 0.0,
        "is_realised": is_send and not card["action"]["is_ghost"],
        "terms": value,
        "margin_basis": forecast["margin_basis"] if forecast else None,
        "limits": card["shadow_price"],
        "conversion": card.get("conversion"),
        "margin_kept": card.get("margin_kept"),
        "best_alternative": best and {name: best[name] for name in ("title", "channel", "value", "why_not")},
        "margin_to_runner_up": card["margin_to_runner_up"],
        "outcomes": card["outcomes"],
    }
