"""A day and a customer as commands print them to programs, to be shown to people."""

from typing import Any

import pytest

from decisioning.blocks import four_blocks

Document = dict[str, Any]


@pytest.fixture
def day() -> Document:
    """What `warrant run --format json` prints of a small day."""
    return {
        "run_id": "019b28be7dd88548",
        "playbook": "corner-shop",
        "state": "delivered",
        "as_of_day": "2017-11-13",
        "currency": "USD",
        "customers": 2458,
        "sends": 2,
        "none": 2450,
        "held_out": 6,
        "value": 14.457,
        "bound": 14.458,
        "cost": 0.031,
        "evidence_grade": "assumed",
        "plays": [
            play("replenishment-due", "email", eligible=1031, sent=1, held_out=5, cost=0.001, margin=7.0),
            play("replenishment-due", "mail", eligible=936, sent=1, held_out=0, cost=0.03, margin=7.457),
            play("campaign", "email"),
            play("campaign", "mail"),
        ],
        "none_by_reason": {
            "no motive": 450,
            "limits: email capacity": 1500,
            "refused by policy: margin-protection": 400,
            "not worth it": 60,
            "no content answers": 40,
        },
        "refused_by_policy": {"consent": 73091, "margin-protection": 130128, "asset-not-ready": 0},
        "policy_reasons": {"consent": "We write only to people who agreed to it.", "margin-protection": "Too deep."},
        "unreadable_policies": {},
        "held": {},
        "parity": [],
        "minimised": {},
        "shadow_prices": {"email capacity": 0.0717, "mail capacity": 0.0, "total budget": 1.54},
        "quarantined": {"purchases": 9650, "customers": 0},
        "withheld": {},
        "delivered": {"email": 1, "mail": 1},
        "files": [
            f"/somewhere/exports/{name}"
            for name in ("email.csv", "email.manifest.json", "mail.csv", "mail.manifest.json")
        ],
        "assumed": ["margin pct", "email cost per touch", "uplift of a reminder"],
        "seconds": {"perceive": 1.0, "decide": 1.0},
    }


def play(name: str, channel: str, **numbers: float) -> Document:
    """One row of the day's plays; its interval reaches from nothing to twice the margin."""
    row: Document = dict.fromkeys(("eligible", "sent", "held_out"), 0) | {"cost": 0.0, "margin": 0.0} | numbers
    ends = {"margin_low": -0.0, "margin_high": 2 * row["margin"]}
    return {"play": name, "channel": channel, "evidence_grade": "assumed", **row, **ends}


@pytest.fixture
def card() -> Document:
    """What `warrant why --format json` prints of a customer who is sent something."""
    told = _card()
    evidence = {**told["path"][0], "confidence": 0.875, "rests_on": [PURCHASE]}
    return told | {"blocks": four_blocks(told, [evidence])}


PURCHASE: Document = {
    "key": "purchases/order-7/1",
    "table": "purchases",
    "row": {"occurred_at": "2017-11-11T12:00:00+00:00", "product_id": "cola"},
}


def _card() -> Document:
    return {
        "decision_id": "20a2363fac26fc5d375a741248852eb3",
        "run_id": "019b28be7dd88548",
        "as_of_day": "2017-11-13",
        "customer_id": "358",
        "action": {
            "verb": "send",
            "is_ghost": False,
            "title": "$1.00 off soft drinks [or water]",
            "channel": "mail",
            "send_at_local": "2017-11-13 06:00",
            "expires_at_local": "2017-11-14 00:00",
        },
        "motive": {
            "play": "favourites",
            "subject": "category/GROCERY/SOFT DRINKS",
            "sentence": "soft drinks is a favourite: bought on 117 days, last evidence 2017-11-11.",
            "facts": {"shopping_days": 117},
        },
        "path": [
            {
                "from": "Customer/358",
                "type": "INTERESTED_IN",
                "to": "Category/GROCERY/SOFT DRINKS",
                "properties": {"confidence": 0.875, "rule": "repeat-purchase"},
            },
            {"from": "Asset/coupon/18", "type": "FITS", "to": "Channel/mail"},
        ],
        "value": {
            "expected_margin_with_touch": 27.09120828954321,
            "expected_margin_without": -26.049238739945395,
            "offer_redeemed": 0.0,
            "risk_of_opt_out": 0.0,
            "touch": -0.03,
            "total": 1.0119695495978158,
        },
        "forecast": {"margin_basis": "margin_pct", "total_low": -0.03, "total_high": 2.053939099195632},
        "confidence": 0.6,
        "health": {"level": "ok", "trust": 1.0, "findings": []},
        "fields": {"withheld": [], "permitted": []},
        "held": None,
        "evidence_grade": "assumed",
        "arm": "treated",
        "propensity": 1.0,
        "as_of": "2017-11-13T05:00:00+00:00",
        "assumed": ["margin pct", "uplift of a coupon"],
        "currency": "USD",
        "outcomes": [],
        "shadow_price": {"mail capacity": 0.01, "total budget": 0.0},
        "margin_to_runner_up": 0.0,
        "funnel": {"motives": 33, "candidates": 450, "eligible": 144, "affordable": 121, "shortlisted": 2},
        "refused_by": {"margin-protection": 264},
        "policy_reasons": {"margin-protection": "Too deep."},
        "alternatives": [
            alternative("$1.00 off soft drinks", "email", 1.0389, "no room left in email capacity"),
            alternative("$1.50 off cheese", "mail", 1.0119, "just as good, and later in order"),
            alternative("$2.00 off bread", "mail", 0.9949, "worth 0.0170 less after limits"),
        ],
        "versions": {
            "code": "494a2fbeb3042a72",
            "view": "8d1553e7fdee20f2",
            "table customers": "1",
            "table offers": "2",
        },
    }


def alternative(title: str, channel: str, value: float, why_not: str) -> Document:
    return {"title": title, "channel": channel, "value": value, "why_not": why_not}


@pytest.fixture
def silence(card: Document) -> Document:
    """The same of a customer to whom nothing is said."""
    nothing: Document = {"motive": None, "path": [], "value": None, "forecast": None, "confidence": None}
    action = {"verb": "none", "is_ghost": False, "none_reason": "limits: email capacity"}
    told = card | nothing | {"action": action}
    return told | {"blocks": four_blocks(told, [])}
