"""From rules to terms: how many bits a rule takes, which are refused, and what the bundle's hash sees."""

from dataclasses import replace

import pytest

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN, RESERVED
from decisioning.policies.compile import MOST_TERMS, CompiledPolicies, Term, compile_policies
from decisioning.policies.spelling import to_text
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "age": "number", "is_vip": "boolean", "language": "text"},
    asset={"price": "number", "kind": "text", "language": "text"},
    offer={"discount_pct": "number"},
    channel={"cost": "number"},
)


def deny(expression: str, when: str | None = None, identifier: str = "mine") -> PolicySpecification:
    return PolicySpecification(identifier, "deny", "it must be", when=when, expression=expression, where="p.yaml:3")


def compiled(*policies: PolicySpecification) -> CompiledPolicies:
    return compile_policies(policies, ATTRIBUTES)


def terms(policy: PolicySpecification) -> list[tuple[str, str, str]]:
    """(customer, asset, crossing) of each of its terms."""
    found = compiled(policy)
    position = found.identifiers.index(policy.identifier)
    return [
        (to_text(term.customer), to_text(term.asset), to_text(term.crossing))
        for term in found.terms
        if term.policy == position
    ]


def test_every_term_has_a_bit_of_its_own_split_by_side() -> None:
    assert terms(deny("(customer.age < 18 and asset.price > 9) or (customer.is_vip and asset.kind == 'cheap')")) == [
        ("customer.age < 18", "asset.price > 9", "true"),
        ("customer.is_vip", 'asset.kind == "cheap"', "true"),
    ]


def test_what_concerns_one_side_stays_whole_however_many_alternatives_it_has() -> None:
    alternatives = " or ".join(f"customer.age == {age} and customer.pclv > {age}" for age in range(30))
    ((customer, asset, crossing),) = terms(deny(f"({alternatives}) and (channel.cost > 1 or asset.price < 2)"))
    assert customer.count("customer.age") == 30
    assert (asset, crossing) == ("channel.cost > 1 or asset.price < 2", "true")


def test_comparisons_between_the_sides_are_gated_by_both() -> None:
    assert terms(deny("customer.is_vip and asset.language != customer.language", when="asset.price > 1")) == [
        ("customer.is_vip", "asset.price > 1", "asset.language != customer.language")
    ]


def test_negations_stand_at_the_atoms() -> None:
    assert terms(deny("not (customer.age < 18 or customer.is_vip or asset.price in 1..2)")) == [
        ("customer.age >= 18 and not customer.is_vip", "asset.price < 1 or asset.price > 2", "true")
    ]


def test_require_refuses_the_opposite() -> None:
    policy = replace(deny("customer.age >= 18 or asset.kind == 'toy'"), kind="require")
    assert terms(policy) == [("customer.age < 18", 'asset.kind != "toy"', "true")]


def test_a_rule_about_offers_asks_whether_there_is_one() -> None:
    assert terms(deny("offer.discount_pct > 10", when="customer.pclv < 500")) == [
        ("customer.pclv < 500", "asset.has_offer and offer.discount_pct > 10", "true")
    ]


def test_a_cap_refuses_what_it_counts_once_it_is_reached() -> None:
    cap = PolicySpecification("weekly", "cap", "enough", expression="offer.discount_pct > 0", count=3, days=7.0)
    assert terms(cap) == [("cap.weekly.reached", "asset.has_offer and offer.discount_pct > 0", "true")]
    (found,) = compiled(cap).caps
    assert (found.identifier, found.count, found.days) == ("weekly", 3, 7.0)
    assert to_text(found.counts) == "asset.has_offer and offer.discount_pct > 0"
    assert terms(replace(cap, expression=None)) == [("cap.weekly.reached", "true", "true")]


def test_a_cap_that_names_an_offer_counts_offers_alone_however_its_condition_simplifies() -> None:
    always = PolicySpecification("weekly", "cap", "enough", None, "true or offer.discount_pct > 0", 3, 7.0)
    (found,) = compiled(always).caps
    assert to_text(found.counts) == "asset.has_offer"


def test_a_rule_that_cannot_refuse_has_no_term_and_one_that_always_does_has_one() -> None:
    assert terms(deny("false")) == []
    assert terms(deny("true")) == [("true", "true", "true")]
    assert terms(replace(deny("true"), kind="require")) == []


def test_equal_terms_share_a_bit() -> None:
    pair = "(customer.is_vip and asset.price > 1)"
    assert len(terms(deny(f"{pair} or {pair}"))) == 1


def test_a_rule_with_too_many_terms_is_refused_before_they_are_made() -> None:
    def alternatives(count: int) -> PolicySpecification:
        pairs = (f"(customer.age == {each} and asset.price == {each})" for each in range(count))
        return deny(" or ".join(pairs))

    def factors(count: int) -> PolicySpecification:
        pairs = (f"(customer.age == {each} or asset.price == {each})" for each in range(count))
        return deny(" and ".join(pairs))

    assert len(terms(factors(8))) == MOST_TERMS
    for policy in (factors(9), factors(60)):
        with pytest.raises(PolicyError, match=f"{MOST_TERMS} is the most") as raised:
            compiled(policy)
        assert raised.value.place == "p.yaml:3"
    assert len(terms(alternatives(60))) == 60


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (deny("customer.plcv < 5"), "there is no attribute `customer.plcv`"),
        (deny("customer.language < 5"), "`customer.language` is a text and `5` a number"),
        (deny("customer.age <"), "the end does not belong here"),
        (deny("customer.is_vip", when="customer.pclv"), "`customer.pclv` is a number, not a condition"),
        (deny("customer.is_vip", identifier="consent"), "the policy id `consent` is taken"),
        (replace(deny("customer.is_vip"), kind="forbid"), "has the kind `forbid`"),
        (replace(deny("customer.is_vip"), expression=None), "does not say what it would deny"),
        (PolicySpecification("c", "cap", "enough", days=7.0), "needs a count of 0 or more"),
        (PolicySpecification("c", "cap", "enough", count=-1, days=7.0), "needs a count of 0 or more"),
        (PolicySpecification("c", "cap", "enough", count=1, days=0.0), "days above 0"),
        (PolicySpecification("c", "cap", "enough", "customer.age", "customer.is_vip", 1, 7.0), "not a condition"),
        (PolicySpecification("c", "cap", "enough", None, "customer.is_vip", 1, 7.0), "cannot stand here"),
    ],
)
def test_nothing_wrong_compiles(policy: PolicySpecification, what: str) -> None:
    with pytest.raises(PolicyError) as raised:
        compiled(policy)
    assert what in raised.value.what


def test_two_policies_cannot_share_an_id() -> None:
    with pytest.raises(PolicyError, match="the policy id `mine` is taken"):
        compiled(deny("customer.is_vip"), deny("customer.age < 5"))


def test_the_built_in_policies_are_always_there_and_come_first() -> None:
    found = compiled(deny("customer.is_vip"))
    assert found.identifiers == (*(policy.identifier for policy in BUILT_IN), "mine")
    assert set(found.identifiers) - {"mine"} == RESERVED
    assert found.because["mine"] == "it must be"
    assert {"consent.granted", "customer.is_held_out", "customer.is_vip"} <= found.attribute_names
    assert "customer.pclv" not in found.attribute_names


def test_words_have_64_bits() -> None:
    def many(count: int) -> CompiledPolicies:
        built_in = len(compiled().terms)
        return compiled(*(deny("customer.is_vip", identifier=f"p{each}") for each in range(count - built_in)))

    assert [many(count).word_count for count in (64, 65, 128, 129)] == [1, 2, 2, 3]
    assert compiled().terms[0] == Term(0, compiled().terms[0].customer)


class TestBundleHash:
    """The hash of a bundle of policies."""

    def test_is_the_same_in_any_order_and_spelling(self) -> None:
        first, second = deny("customer.age<18.0", identifier="a"), deny("( customer.is_vip )", identifier="b")
        spelled = replace(first, expression="customer.age < 18", where="elsewhere.yaml:9", because="otherwise put")
        assert compiled(first, second).bundle_hash == compiled(second, spelled).bundle_hash
        assert len(compiled().bundle_hash) == 64

    @pytest.mark.parametrize(
        "changed",
        [
            {"expression": "customer.age <= 18"},
            {"when": "customer.is_vip"},
            {"kind": "require"},
            {"identifier": "other"},
        ],
    )
    def test_changes_with_anything_that_matters(self, changed: dict[str, str]) -> None:
        policy = deny("customer.age < 18")
        assert compiled(policy).bundle_hash != compiled(replace(policy, **changed)).bundle_hash  # type: ignore[arg-type]

    @pytest.mark.parametrize("changed", [{"count": 4}, {"days": 8.0}, {"expression": None}])
    def test_changes_with_a_caps_numbers(self, changed: dict[str, float | None]) -> None:
        cap = PolicySpecification("weekly", "cap", "enough", expression="asset.price > 1", count=3, days=7.0)
        assert compiled(cap).bundle_hash != compiled(replace(cap, **changed)).bundle_hash  # type: ignore[arg-type]

    def test_does_not_depend_on_whether_days_are_whole(self) -> None:
        cap = PolicySpecification("weekly", "cap", "enough", count=3, days=7)
        assert compiled(cap).bundle_hash == compiled(replace(cap, days=7.0)).bundle_hash
