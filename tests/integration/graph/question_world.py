"""A small graph with something of every kind, so that every saved question has an answer: seven customers, two runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from graph.load import load
from graph.store import GraphStore

AS_OF = datetime(2026, 3, 6, tzinfo=UTC)
CUSTOMERS = ("ann", "bob", "cid", "dan", "eve", "fay", "Zoë")
SECRETS = {*CUSTOMERS, "north-of-the-wall", "gold-tooth", "31337.5", "said in confidence"}
"""What only who may see personal data may see: keys and properties of people, wherever they come out."""

Tables = dict[str, pd.DataFrame]


def days(count: float) -> pd.Timestamp:
    """The moment so many days from as-of."""
    return pd.Timestamp(AS_OF + timedelta(days=count))


def load_question_world(store: GraphStore, folder: Path) -> None:
    """Load both layers."""
    load(store, folder, "knowledge", knowledge())
    load(store, folder, "decisions", decisions())


def pairs(*rows: tuple[str, ...], **columns: Any) -> pd.DataFrame:
    """Relationships: their two ends, then what stands in `columns` for all of them."""
    return pd.DataFrame([row[:2] for row in rows], columns=["from_key", "to_key"], dtype=object).assign(**columns)


def believed(*rows: tuple[str, str], valid_from: float = -30, **columns: Any) -> pd.DataFrame:
    """Open beliefs of one rule."""
    facts: dict[str, Any] = {
        "rule": "repeat-purchase",
        "valid_from": days(valid_from),
        "valid_to": pd.NaT,
        "observed_at": days(valid_from + 1),
        "weight": 2.5,
        "half_life_days": 90.0,
        "confidence": 0.75,
        "source": "purchases",
        "evidence": [["purchases/order-1/1"]] * len(rows),
    }
    return pairs(*rows).assign(**facts | columns)


def knowledge() -> Tables:
    """The layer `knowledge`."""
    closed = believed(("bob", "tea"), valid_from=-200, valid_to=days(-5))
    asserted = believed(("cid", "discounts"), author="person:ops", source="assertions", rule="assertion")
    return {
        "Customer": pd.DataFrame(
            {
                "customer_id": CUSTOMERS,
                "region": ["north-of-the-wall", *["south"] * 6],
                "stage": "active",
                "pclv": [31337.5, *[10.0] * 6],
                "seniority": ["director", *[None] * 6],
                "shopping_days_28d": [0, *[4] * 6],
                "shopping_days_91d": [13, *[13] * 6],
                "last_purchase_at": [days(-40), *[days(-2)] * 6],
                "nickname": ["gold-tooth", *[None] * 6],
                "name": ["gold-tooth", *[None] * 6],
            }
        ),
        "Category": pd.DataFrame({"category_id": ["coffee", "tea", "salt"], "name": ["Coffee", "Tea", "Salt"]}),
        "Topic": pd.DataFrame({"topic_id": ["discounts", "security"], "name": ["Discounts", "Security"]}),
        "Product": pd.DataFrame(
            {"product_id": ["beans", "pods", "bag"], "name": ["Beans", "Pods", "Bag"], "price": 9.5, "stock": 7.0}
        ),
        "Channel": pd.DataFrame({"channel_id": ["email", "mail"], "cost_per_touch": [0.01, 0.5]}),
        "Asset": pd.DataFrame(
            {
                "asset_id": ["coffee-note", "tea-coupon", "old-page"],
                "version": "1",
                "title": ["Coffee?", "Tea for less", "Old"],
                "kind": ["reminder", "coupon", "page"],
                "readiness": ["approved", "draft", None],
                "compliance": [None, "pending", None],
                "ends_at": [pd.NaT, pd.NaT, days(-3)],
            }
        ),
        "Offer": pd.DataFrame({"offer_id": ["ten-off"], "kind": "discount", "discount_pct": 10.0, "unit_cost": 0.4}),
        "Campaign": pd.DataFrame(
            {
                "campaign_id": ["spring", "winter"],
                "channel_id": "email",
                "budget": [900.0, 100.0],
                "starts_at": days(-20),
            }
        ),
        "Region": pd.DataFrame({"region_id": ["south"]}),
        "Programme": pd.DataFrame({"programme_id": ["club"]}),
        "Account": pd.DataFrame({"account_id": ["acme"], "name": ["Acme"], "industry": ["steel"]}),
        "BuyingGroup": pd.DataFrame({"buying_group_id": ["acme/it"], "name": ["IT"]}),
        "Opportunity": pd.DataFrame(
            {
                "opportunity_id": ["o1", "o2"],
                "stage": ["won", "open"],
                "amount": [500.0, 90.0],
                "opened_at": days(-60),
                "is_won": [True, None],
            }
        ),
        "Observation": pd.DataFrame(
            {
                "observation_id": ["w1"],
                "kind": "weather",
                "observed_at": days(-2),
                "text": "Frost",
                "valid_until": days(3),
                "confidence": 0.8,
            }
        ),
        "Signal": pd.DataFrame(
            {
                "signal_id": [f"s{number}" for number in range(8)],
                "name": "Pricing Viewed",
                "occurred_at": [*(days(-2) for _ in range(7)), days(-30)],
                "fidelity": 0.9,
            }
        ),
        "Customer REACHABLE_ON Channel": pairs(
            *((one, "email") for one in CUSTOMERS), granted=[False, *[True] * 6], basis="consent", recorded_at=days(-90)
        ),
        "Customer WORKS_AT Account": pairs(*((one, "acme") for one in CUSTOMERS)),
        "Customer MEMBER_OF BuyingGroup": pairs(*((one, "acme/it") for one in CUSTOMERS), role="said in confidence"),
        "BuyingGroup PART_OF Account": pairs(("acme/it", "acme")),
        "Customer ENROLLED_IN Programme": pairs(
            ("ann", "club"), tier="silver", next_tier="gold", points=900.0, points_missing=100.0, deadline=days(20)
        ),
        "Customer HAS_IN_CART Product": pairs(("ann", "beans"), quantity=2.0, added_at=days(-1)),
        "Product SUBSTITUTES Product": pairs(("beans", "pods"), similarity=0.8, because="same category"),
        "Product NEXT_SIZE Product": pairs(("bag", "beans"), because="twice the weight"),
        "Customer BOUGHT Category": pairs(
            *((one, "coffee") for one in CUSTOMERS), count=6, spend=31337.5, last_at=days(-2)
        ),
        "Customer INTERESTED_IN Category": pd.concat(
            [believed(*((one, "coffee") for one in CUSTOMERS)), closed, believed(("bob", "tea"), valid_from=-5)],
            ignore_index=True,
        ),
        "Customer OBJECTS_TO Topic": pd.concat(
            [believed(*((one, "discounts") for one in CUSTOMERS[3:]), rule="refusals"), asserted], ignore_index=True
        ),
        "Signal BY Customer": pairs(*((f"s{number}", CUSTOMERS[number % 7]) for number in range(8))),
        "Signal ABOUT Topic": pairs(("s0", "security")),
        "Opportunity WITH Account": pairs(("o1", "acme"), ("o2", "acme")),
        "Opportunity FROM Campaign": pairs(("o1", "spring")),
        "Observation AFFECTS Category": pairs(("w1", "tea")),
        "Asset ABOUT Category": pairs(("coffee-note", "coffee"), ("tea-coupon", "tea")),
        "Asset FITS Channel": pairs(("coffee-note", "email"), ("coffee-note", "mail"), ("tea-coupon", "email")),
        "Asset CARRIES Offer": pairs(("tea-coupon", "ten-off")),
        "Asset PERFORMS Channel": pairs(
            ("coffee-note", "email"), rate=0.125, n=16, outcome="purchase", evidence_grade="assumed"
        ),
    }


def decisions() -> Tables:
    """The layer `decisions`: ann is held out, bob refused, the others are sent a note."""
    found = {"found_by": "run-2", "first_found_at": days(0), "strength": 0.5, "starts_at": days(-1), "until": days(6)}
    told = {"sentence": "said in confidence", "evidence": '["(Customer/ann)-[:BOUGHT]->(Category/coffee)"]'}
    due = "replenishment-due:category/coffee"
    ids = [f"d-{one}" for one in CUSTOMERS]
    return {
        "Run": pd.DataFrame(
            {
                "run_id": ["run-1", "run-2"],
                "as_of": [days(-1), days(0)],
                "code_version": "code-1",
                "customers": 7,
                "sends": 5,
                "nothing": 1,
                "held_out": 1,
                "ghosts": 1,
            }
        ),
        "Motive": pd.DataFrame(
            {
                "motive_id": [due, "favourites:category/salt", "favourites:category/tea"],
                "play": ["replenishment-due", "favourites", "favourites"],
                "subject": ["category/coffee", "category/salt", "category/tea"],
            }
        ),
        "Decision": pd.DataFrame(
            {
                "decision_id": ids,
                "run_id": "run-2",
                "as_of": days(0),
                "verb": ["send", "none", *["send"] * 5],
                "is_ghost": [True, *[False] * 6],
                "motive_sentence": "said in confidence",
                "offer_id": [None, None, None, None, None, None, "ten-off"],
                "send_at": days(0.4),
                "value": 1.25,
                "confidence": 0.6,
                "evidence_grade": "assumed",
                "propensity": 1.0,
                "touch_cost": 0.01,
            }
        ),
        "Outcome": pd.DataFrame({"outcome_id": ["out-1"], "name": "purchase", "occurred_at": days(0), "value": 20.0}),
        "PolicyVersion": pd.DataFrame({"version_id": ["consent@1"], "policy": "consent", "digest": "1" * 64}),
        "TableVersion": pd.DataFrame({"version_id": ["purchases@1"], "table": "purchases", "digest": "2" * 64}),
        "ModelVersion": pd.DataFrame({"version_id": ["cadence@1"], "model": "cadence", "digest": "3" * 64}),
        "Customer HAS_MOTIVE Motive": pairs(
            *((one, due) for one in CUSTOMERS),
            ("bob", "favourites:category/salt"),
            ("bob", "favourites:category/tea"),
            **found,
            **told,
        ),
        "Motive CONCERNS Category": pairs(
            (due, "coffee"), ("favourites:category/salt", "salt"), ("favourites:category/tea", "tea")
        ),
        "Decision FOR Customer": pairs(*zip(ids, CUSTOMERS, strict=True)),
        "Decision CHOSE Asset": pairs(*((one, "coffee-note") for one in ids if one != "d-bob")),
        "Decision OFFERED Offer": pairs(("d-Zoë", "ten-off")),
        "Decision ON Channel": pairs(*((one, "email") for one in ids if one != "d-bob")),
        "Decision BECAUSE Motive": pairs(*((one, due) for one in ids if one != "d-bob"), weight=0.5),
        "Decision ABOUT Category": pairs(*((one, "coffee") for one in ids), role="subject"),
        "Decision REFUSED_BY PolicyVersion": pairs(("d-bob", "consent@1"), ("d-cid", "consent@1"), count=3),
        "Decision WAS_GENERATED_BY Run": pairs(*((one, "run-2") for one in ids)),
        "Run USED TableVersion": pairs(("run-2", "purchases@1")),
        "Run USED ModelVersion": pairs(("run-2", "cadence@1")),
        "Run USED PolicyVersion": pairs(("run-1", "consent@1"), ("run-2", "consent@1")),
        "Outcome OF Decision": pairs(("out-1", "d-cid")),
    }
