"""What a policy says for nothing is told where it stands, and nothing else is."""

from dataclasses import replace

import pytest

from decisioning.policies.attributes import Attributes
from decisioning.policies.check import Finding, check
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "age": "number", "is_vip": "boolean"},
    asset={"price": "number", "kind": "text"},
    offer={"discount_pct": "number"},
)


def deny(expression: str, when: str | None = None, identifier: str = "mine", kind: str = "deny") -> PolicySpecification:
    return PolicySpecification(identifier, kind, "No.", when=when, expression=expression, where="p.yaml:3")


def found(*policies: PolicySpecification) -> list[Finding]:
    return [finding for finding in check(policies, {}, ATTRIBUTES) if "no tests" not in finding.what]


@pytest.mark.parametrize(
    ("expression", "column", "what"),
    [
        ("customer.age < 5 and customer.age > 9", 22, "`deny` is never true"),
        ("customer.is_vip and (asset.price > 9 and asset.price < 3)", 42, "`deny` is never true"),
        ("asset.price > 3 or asset.price <= 3", 20, "`deny` is always true"),
        ("customer.is_vip or (customer.age < 5 and customer.age > 9)", 21, "this alternative is never reached"),
        (
            "customer.is_vip and (customer.age < 5 or customer.age >= 5)",
            22,
            "is always true, so that it restricts nothing",
        ),
        ("customer.age < 5 or customer.age < 9", 1, "`customer.age < 5` adds nothing: `customer.age < 9` says so"),
        ("customer.age < 5 and customer.age < 9", 22, "`customer.age < 9` adds nothing: `customer.age < 5` says so"),
        ("customer.is_vip or customer.is_vip", 20, "adds nothing"),
        ("customer.is_vip or customer.is_vip and asset.price > 3", 20, "adds nothing: `customer.is_vip` says so"),
        ("not (customer.is_vip and (asset.price > 3 or asset.price > 4))", 46, "adds nothing"),
    ],
)
def test_it_is_told_with_its_column(expression: str, column: int, what: str) -> None:
    (finding,) = found(deny(expression))
    assert what in finding.what
    assert finding.column == column


def test_the_column_is_that_of_the_file_where_it_is_known() -> None:
    starts = {"when": ("p.yaml:4", 9), "expression": ("p.yaml:5", 9)}
    policy = replace(deny("customer.plcv < 5", when="customer.age < 5 and customer.age < 9"), starts=starts)
    assert [(finding.where, finding.column) for finding in found(policy)] == [("p.yaml:5", 9)]
    sound = replace(policy, expression="asset.price > 5")
    assert [(finding.where, finding.column) for finding in found(sound)] == [("p.yaml:4", 30)]


@pytest.mark.parametrize(
    "expression",
    [
        "customer.age < 5 or customer.age > 9",
        "customer.age < 5 and asset.price < 5",
        "customer.age < 5 and customer.is_vip or customer.age < 9 and asset.price > 1",
        "customer.age < customer.pclv or customer.pclv < 9",
    ],
)
def test_what_matters_is_left_alone(expression: str) -> None:
    assert found(deny(expression)) == []


def test_a_policy_that_another_one_makes_superfluous_is_told() -> None:
    wide, narrow = deny("asset.price > 5", identifier="wide"), deny("asset.price > 9", when="customer.is_vip")
    for pair in ((wide, narrow), (narrow, wide)):
        (finding,) = found(*pair)
        assert finding.what.startswith("the policy `mine`: it never refuses anything that `wide` does not refuse")
        assert finding.is_warning
    twice = found(wide, replace(wide, identifier="again"))
    assert [finding.what.split(":")[0] for finding in twice] == ["the policy `again`"]
    assert found(wide, replace(narrow, expression="asset.price > 4")) == []
    (built_in,) = found(deny("asset.is_out_of_stock and customer.is_vip"))
    assert "`asset-out-of-stock`" in built_in.what


def test_policies_that_contradict_each_other_are_told() -> None:
    only = deny("asset.kind == 'a'", when="customer.is_vip", identifier="only", kind="require")
    never = deny("asset.kind == 'a'")
    (finding,) = found(only, never)
    assert finding.what == "the policy `mine`: it contradicts `only`: where both apply, nothing is allowed any more."
    assert found(only, deny("asset.kind == 'b'")) != found(only, never)
    assert found(only, deny("asset.price > 5")) == []
    assert found(only, deny("asset.kind == 'a'", when="not customer.is_vip")) == []
