"""What only some kinds of policies do: wait for a person, withhold, compare groups; and policies that do not fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.check import check
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import compile_holds, compile_policies
from decisioning.policies.parity import Counts, judged
from decisioning.policies.rules import read_rule
from decisioning.policies.screen import Verdicts, screen_words
from decisioning.policies.wording import in_words
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "age": "number", "gender": "text", "is_vip": "boolean"},
    asset={"price": "number", "kind": "text"},
    offer={"discount_pct": "number", "face_value": "number"},
    channel={"channel_id": "text"},
)
BUILT_IN_IDS = [policy.identifier for policy in BUILT_IN]
ZERO = np.zeros(1, dtype=np.int64)

PARITY = PolicySpecification("even", "parity", "It is fair.", by="customer.gender", within=0.1, least=10)
ESCALATE = PolicySpecification("deep", "escalate", "Ask.", expression="offer.discount_pct > 25", who="ops")
REDACT = PolicySpecification("young", "redact", "Minors.", when="customer.age < 18", fields=("customer.pclv", "carts"))


def errors(policy: PolicySpecification) -> list[str]:
    return [finding.what for finding in check([policy], {}, ATTRIBUTES) if not finding.is_warning]


# ---- holding


def test_what_holds_refuses_nothing_and_what_refuses_holds_nothing() -> None:
    deny = PolicySpecification("no", "deny", "No.", expression="asset.price > 9")
    approval = PolicySpecification("ask", "approval", "Ask.", when="customer.is_vip", who="owner")
    policies = [deny, ESCALATE, approval, REDACT, PARITY]
    assert compile_policies(policies, ATTRIBUTES).identifiers == (*BUILT_IN_IDS, "no")
    assert compile_holds(policies, ATTRIBUTES).identifiers == ("deep", "ask")


@pytest.mark.parametrize(("discount_pct", "is_held"), [(25.01, True), (25, False), (None, True)])
def test_a_missing_value_holds_too(discount_pct: float | None, is_held: bool) -> None:
    compiled = compile_holds([ESCALATE], ATTRIBUTES)
    customers = AttributeTable.build(compiled.attributes, (1, 1), {})
    offered = {"asset.has_offer": [True], "offer.discount_pct": np.array([discount_pct], dtype=object)}
    verdicts = screen_words(compiled, customers, AttributeTable.build(compiled.attributes, (1, 1), offered))
    assert bool(verdicts.denied(ZERO, ZERO, ZERO).any()) == is_held


def test_every_kind_is_part_of_the_hash() -> None:
    kinds = [ESCALATE, REDACT, PARITY]
    changes = [{"who": "legal"}, {"fields": ("carts",)}, {"within": 0.2}]
    hashes = {compile_policies([], ATTRIBUTES).bundle_hash, compile_policies(kinds, ATTRIBUTES).bundle_hash}
    for policy, change in zip(kinds, changes, strict=True):
        other = [replace(each, **change) if each is policy else each for each in kinds]  # type: ignore[arg-type]
        hashes.add(compile_policies(other, ATTRIBUTES).bundle_hash)
    assert len(hashes) == 5


# ---- what is wrong with them


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (replace(ESCALATE, who=None), "does not say who must agree"),
        (replace(ESCALATE, expression=None), "does not say what it would escalate"),
        (replace(ESCALATE, expression="offer.discount_pct >= 0 or offer.discount_pct < 0"), "is always true"),
        (replace(REDACT, fields=()), "withholds nothing"),
        (replace(REDACT, fields=("customer.shoe",)), "there is no attribute `customer.shoe`"),
        (replace(REDACT, fields=("customer.timezone",)), "can neither be withheld nor permitted"),
        (replace(REDACT, fields=("offer.discount_pct",)), "can neither be withheld nor permitted"),
        (replace(REDACT, when="asset.price > 1"), "`asset.price` cannot stand here"),
        (replace(PARITY, by="customer.age"), "makes no groups"),
        (replace(PARITY, by="customer.gneder"), "there is no attribute `customer.gneder`"),
        (replace(PARITY, within=1.5), "a bound from 0 to 1"),
        (replace(PARITY, expression="customer.is_vip"), "`customer.is_vip` cannot stand here"),
    ],
)
def test_what_is_wrong_with_a_kind_is_found(policy: PolicySpecification, what: str) -> None:
    (found,) = errors(policy)
    assert what in found


@pytest.mark.parametrize(
    ("policy", "tests"),
    [
        (ESCALATE, [({"offer": {"discount_pct": 25.01}}, "hold"), ({"offer": {"discount_pct": 25}}, "allow")]),
        (REDACT, [({"customer": {"age": 17}}, "redact"), ({"customer": {"age": 18}}, "allow"), ({}, "redact")]),
        (PARITY, [({"groups": {"f": "30 of 100", "m": "41 of 100"}}, "block")]),
        (PARITY, [({"groups": {"f": "30 of 100", "m": "40 of 100"}}, "allow")]),
        (PARITY, [({"groups": {"f": "0 of 9", "m": "40 of 100"}}, "allow")]),
    ],
)
def test_their_own_tests_are_run(policy: PolicySpecification, tests: list[tuple[dict[str, object], str]]) -> None:
    assert errors(replace(policy, tests=tuple({**given, "expect": said} for given, said in tests))) == []
    wrong = {"allow": policy.kind if policy.kind == "redact" else "hold" if policy is ESCALATE else "block"}
    turned = tuple({**given, "expect": wrong.get(said, "allow")} for given, said in tests)
    assert len(errors(replace(policy, tests=turned))) == len(tests)


@pytest.mark.parametrize("groups", [{}, {"f": "many"}, {"f": "11 of 10"}])
def test_a_paritys_test_gives_counts(groups: dict[str, str]) -> None:
    (found,) = errors(replace(PARITY, tests=({"groups": groups, "expect": "allow"},)))
    assert "no groups" in found or "is no count" in found


# ---- parity


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1))
def test_a_parity_is_broken_exactly_when_two_large_groups_are_too_far_apart(groups: dict[str, tuple[int, int]]) -> None:
    counts = {name: Counts(min(pair), max(pair)) for name, pair in groups.items()}
    large = [each for each in counts.values() if each.customers >= 10]
    # In whole numbers: a/b - c/d > 1/10.
    apart = any(
        10 * (one.given * other.customers - other.given * one.customers) > one.customers * other.customers
        for one in large
        for other in large
    )
    assert judged(read_rule(PARITY), counts, unknown="?").is_breached == apart


def test_a_parity_that_cannot_be_checked_is_broken() -> None:
    rule = read_rule(PARITY)
    assert judged(rule, {"?": Counts(5, 100)}, unknown="?").is_breached
    assert judged(rule, {}, because="there is no attribute").is_breached
    assert not judged(rule, {"?": Counts(50, 100), "f": Counts(1, 100)}, unknown="?").is_breached
    assert judged(rule, {"f": Counts(1, 9), "m": Counts(9, 9)}).text == (
        "not judged: fewer than two groups have 10 customers or more."
    )


# ---- a policy that the day's data does not fit


def running(policy: PolicySpecification, *, has_offer: bool = True, **values: Any) -> Verdicts:
    compiled = compile_policies([policy], ATTRIBUTES, is_running=True)
    given: dict[str, Any] = {"asset.has_offer": [has_offer], "asset.status": ["active"], "offer.is_cost_known": [True]}
    given |= {name.replace("__", "."): [value] for name, value in values.items() if not name.startswith("customer")}
    flags = ("is_out_of_dates", "is_out_of_season", "is_out_of_stock", "is_unready")
    assets = given | {f"asset.{flag}": [False] for flag in flags}
    customers: dict[str, Any] = {"consent.granted": [True], "customer.is_held_out": [False]}
    customers |= {name.replace("__", "."): [value] for name, value in values.items() if name.startswith("customer")}
    sides = [AttributeTable.build(compiled.attributes, (1, 1), side) for side in (customers, assets)]
    return screen_words(compiled, *sides)


def refused(verdicts: Verdicts) -> bool:
    return bool(verdicts.by_policy(verdicts.denied(ZERO, ZERO, ZERO))["mine"][0])


def deny(expression: str, **changes: object) -> PolicySpecification:
    return replace(PolicySpecification("mine", "deny", "No.", expression=expression), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("price", "is_refused"), [(10, True), (9, False)])
def test_an_attribute_that_is_not_there_is_missing_and_the_rest_still_decides(price: float, is_refused: bool) -> None:
    policy = deny("customer.shoe_size > 45 and asset.price > 9")
    with pytest.raises(PolicyError, match=r"no attribute `customer\.shoe_size`"):
        compile_policies([policy], ATTRIBUTES)
    verdicts = running(policy, asset__price=price)
    assert refused(verdicts) == is_refused
    assert "no attribute `customer.shoe_size`" in verdicts.compiled.unreadable["mine"]


@pytest.mark.parametrize("kind", ["deny", "require", "cap"])
def test_where_types_do_not_fit_everything_is_refused(kind: str) -> None:
    policy = deny("asset.kind > 9", kind=kind, count=3, days=7.0)
    verdicts = running(policy, asset__kind="story")
    assert refused(verdicts)
    assert "`asset.kind` is a text" in verdicts.compiled.unreadable["mine"]


def test_an_asset_without_an_offer_is_no_matter_of_a_broken_policy_about_offers() -> None:
    policy = deny("offer.discount_pct > 'ten'")
    assert refused(running(policy, offer__discount_pct=1.0))
    assert not refused(running(policy, has_offer=False))


@pytest.mark.parametrize(
    ("expression", "values", "is_refused"),
    [
        ("customer.pclv / asset.price < 5", {"customer__pclv": 10.0, "asset__price": 1.0}, False),
        ("customer.pclv / asset.price < 5", {"customer__pclv": 10.0, "asset__price": 0.0}, True),
        ("customer.pclv * asset.price < 5", {"customer__pclv": 1e200, "asset__price": 1e200}, True),
        ("customer.pclv * 1e300 * 1e300 < 5", {"customer__pclv": 1.0}, True),
        ("customer.pclv < 5", {"customer__pclv": np.inf}, True),
        ("customer.pclv > 5", {"customer__pclv": -np.inf}, True),
        ("customer.pclv < 5", {"customer__pclv": 1e308}, False),
    ],
)
def test_what_has_no_finite_number_refuses(expression: str, values: dict[str, Any], is_refused: bool) -> None:
    assert refused(running(deny(expression), **values)) == is_refused


def test_a_column_of_another_type_than_declared_is_an_error_and_no_guess() -> None:
    with pytest.raises(PolicyError, match="declared as number, but holds something else"):
        running(deny("customer.pclv < 5"), customer__pclv="rich")


# ---- in words


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (
            deny("offer.discount_pct > 10", when="customer.pclv < 500"),
            "Where the customer's pclv is below 500: nothing is ",
        ),
        (deny("asset.kind in ['a', 'b'] or not customer.is_vip"), 'if the asset\'s kind is one of "a" and "b" or the '),
        (ESCALATE, "A send waits for ops if the offer's discount pct is above 25."),
        (REDACT, "Where the customer's age is below 18: carts and customer.pclv are withheld before anything"),
        (replace(REDACT, kind="permit"), "of what is known only carts and customer.pclv may be used"),
        (PARITY, "may differ by at most 10 points between groups by customer.gender of 10 customers or more"),
    ],
)
def test_a_policy_is_told_in_words(policy: PolicySpecification, said: str) -> None:
    assert said in in_words(read_rule(policy))


def test_every_built_in_policy_can_be_told() -> None:
    assert all(in_words(read_rule(policy)).startswith("Nothing is sent") for policy in BUILT_IN)
