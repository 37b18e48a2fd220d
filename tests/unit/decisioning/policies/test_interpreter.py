"""Three-valued logic and exact boundaries, as the reference says them."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from decisioning.policies.grammar import parse
from decisioning.policies.interpreter import refuses, truth
from decisioning.policies.rules import read_rule
from decisioning.settings import PolicySpecification

WORLD = {
    "customer.pclv": 500.0,
    "customer.zero": 0,
    "customer.language": "de",
    "customer.is_vip": True,
    "customer.gap": None,
    "customer.nan": float("nan"),
    "customer.joined_at": datetime(2026, 3, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("customer.pclv < 500", False),
        ("customer.pclv <= 500", True),
        ("customer.pclv in 500..501 and customer.pclv not in 501..500", True),
        ("customer.language in ['nl', 'de']", True),
        ("customer.language != 'DE'", True),
        ("customer.is_vip and not false", True),
        ("customer.pclv / 2 - 1 == 249", True),
        ("-customer.pclv * -1 == 500", True),
        ("customer.joined_at >= '2026-03-01'", True),
        ("customer.joined_at < '2026-03-01T00:00+01:00'", False),
        ("'2026-03-01T00:00:00.000001' > customer.joined_at", True),
        # A missing value leaves it open …
        ("customer.gap == 1", None),
        ("not customer.gap == 1", None),
        ("customer.gap != customer.gap", None),
        ("customer.nan > 1", None),
        ("customer.nan + 1 > 1", None),
        ("customer.absent", None),
        ("customer.gap in [1, 2]", None),
        ("customer.gap not in 1..2", None),
        ("customer.pclv / customer.zero > 1", None),
        ("customer.zero / customer.zero == 1", None),
        ("1e308 * 10 - 1e308 * 10 == 0", None),
        # … unless the rest decides.
        ("customer.gap == 1 and customer.pclv == 1", False),
        ("customer.gap == 1 or customer.pclv == 500", True),
        ("customer.gap == 1 and customer.pclv == 500", None),
        ("customer.gap == 1 or customer.pclv == 1", None),
        ("not (customer.gap == 1 and customer.pclv == 1)", True),
        ("customer.pclv in customer.gap..499", False),
        ("customer.pclv in customer.gap..500", None),
    ],
)
def test_truth(written: str, expected: bool | None) -> None:
    assert truth(parse(written), WORLD) is expected


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NaT, pd.NA, np.datetime64("NaT")])
def test_every_kind_of_gap_is_missing(gap: object) -> None:
    assert truth(parse("customer.gap == 1 or customer.gap"), {"customer.gap": gap}) is None


@pytest.mark.parametrize(
    ("kind", "world", "expected"),
    [
        ("deny", {"customer.a": True}, True),
        ("deny", {"customer.a": False}, False),
        ("deny", {}, True),
        ("require", {"customer.a": True}, False),
        ("require", {"customer.a": False}, True),
        ("require", {}, True),
        ("deny", {"customer.a": True, "customer.w": False}, False),
        ("deny", {"customer.a": True, "customer.w": None}, True),
        ("require", {"customer.a": False, "customer.w": False}, False),
        ("require", {"customer.w": None}, True),
    ],
)
def test_a_missing_value_refuses(kind: str, world: dict[str, object], expected: bool) -> None:
    policy = PolicySpecification("p", kind, "it must be", when="customer.w", expression="customer.a")
    assert refuses(read_rule(policy), {"customer.w": True, **world}) is expected


@pytest.mark.parametrize(
    ("reached", "kind", "expected"),
    [(True, "promo", True), (True, "news", False), (False, "promo", False), (None, "promo", True), (True, None, True)],
)
def test_a_cap_refuses_what_it_counts_once_it_is_reached(
    reached: bool | None, kind: str | None, expected: bool
) -> None:
    cap = PolicySpecification("weekly", "cap", "it is enough", expression="asset.kind == 'promo'", count=3, days=7.0)
    assert refuses(read_rule(cap), {"cap.weekly.reached": reached, "asset.kind": kind}) is expected


@pytest.mark.parametrize(("has_offer", "expected"), [(True, True), (False, False)])
@pytest.mark.parametrize("kind", ["deny", "require"])
def test_a_rule_about_offers_leaves_assets_without_one_alone(kind: str, has_offer: bool, expected: bool) -> None:
    for when, expression in [(None, "offer.discount_pct > 10"), ("offer.discount_pct > 10", "customer.a")]:
        rule = read_rule(PolicySpecification("p", kind, "it must be", when=when, expression=expression))
        assert refuses(rule, {"asset.has_offer": has_offer}) is expected
