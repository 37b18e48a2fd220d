"""Everything that is wrong with policies and audiences is found before a run, each thing where it stands."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from decisioning.policies.attributes import Attributes
from decisioning.policies.check import Finding, check
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={
        "pclv": "number",
        "age": "number",
        "language": "text",
        "is_vip": "boolean",
        "joined_at": "time",
        "nothing": "unknown",
    },
    asset={"kind": "text", "ends_at": "time"},
    offer={"discount_pct": "number"},
    channel={"channel_id": "text"},
)
TESTS: tuple[dict[str, Any], ...] = (
    {"customer": {"pclv": 499.99}, "offer": {"discount_pct": 10.01}, "expect": "deny"},
    {"customer": {"pclv": 500}, "offer": {"discount_pct": 25}, "expect": "allow"},
)
GOOD = PolicySpecification(
    identifier="margin-protection",
    kind="deny",
    when="customer.pclv < 500",
    expression="offer.discount_pct > 10",
    because="Small accounts cannot carry deep discounts.",
    tests=TESTS,
    where="policies/margin.yaml:3",
)


def found(*policies: PolicySpecification, **audiences: str) -> list[Finding]:
    return check(policies, audiences, ATTRIBUTES)


def one(policy: PolicySpecification) -> Finding:
    """The only error in it; a missing test is another matter."""
    (finding,) = [finding for finding in found(policy) if not finding.is_warning]
    return finding


def deny(expression: str, when: str | None = None, kind: str = "deny") -> PolicySpecification:
    return replace(GOOD, expression=expression, when=when, kind=kind, tests=())


def test_nothing_is_found_in_a_good_policy_and_a_good_audience() -> None:
    assert found(GOOD, regulars="customer.pclv > 100", everybody="true") == []


def test_a_text_that_does_not_parse_is_found_with_its_column_in_either_place() -> None:
    broken = replace(GOOD, when="customer.pclv <", expression="offer.discount_pct = 10")
    assert [(finding.where, finding.column) for finding in found(broken)] == [
        ("policies/margin.yaml:3", 16),
        ("policies/margin.yaml:3", 20),
    ]
    assert found(broken)[0].what.startswith("`when`: the end does not belong here")


def test_an_unknown_attribute_is_found_with_the_nearest_known_ones() -> None:
    finding = one(deny("customer.age < 18 and customer.plcv < 5"))
    assert (finding.column, finding.what) == (23, "there is no attribute `customer.plcv`.")
    assert "customer.pclv" in finding.remedy


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("customer.language < 5", "`customer.language` is a text and `5` a number"),
        ("customer.language == customer.pclv", "is a text and `customer.pclv` a number"),
        ("customer.language > 'de'", "a text has no order"),
        ("customer.is_vip >= true", "a boolean has no order"),
        ("customer.is_vip == 1", "`customer.is_vip` is a boolean and `1` a number"),
        ("customer.pclv", "`customer.pclv` is a number, not a condition"),
        ("customer.language + 1 > 2", "`customer.language` is a text; arithmetic needs numbers"),
        ("-customer.is_vip == 1", "`customer.is_vip` is a boolean; arithmetic needs numbers"),
        ("customer.age in [18, 'x']", '`customer.age` is a number and `"x"` a text'),
        ("customer.age in 1..'x'", '`customer.age` is a number and `"x"` a text'),
        ("customer.joined_at > 'soon'", '"soon" is no time'),
        ("customer.joined_at > 5", "`customer.joined_at` is a time and `5` a number"),
        ("customer.joined_at == asset.kind", "is a time and `asset.kind` a text"),
    ],
)
def test_types_that_do_not_fit_are_found(expression: str, what: str) -> None:
    assert what in one(deny(expression)).what


@pytest.mark.parametrize("expression", ["customer.nothing > 5", "customer.nothing == 'x'", "customer.nothing"])
def test_a_column_without_any_value_fits_everywhere(expression: str) -> None:
    assert all(finding.is_warning for finding in found(deny(expression)))


@pytest.mark.parametrize(
    "expression",
    [
        "customer.age < 5 and customer.age > 9",
        "customer.age < 5 and customer.age >= 5",
        "customer.age in 9..5",
        "customer.age == 5 and customer.age != 5",
        "customer.age in [1, 2] and customer.age > 2",
        "customer.language == 'de' and customer.language in ['nl', 'fr']",
        "customer.is_vip and not customer.is_vip",
        "customer.is_vip == true and customer.is_vip != true",
        "customer.is_vip != true and customer.is_vip != false",
        "customer.age < customer.pclv and customer.pclv < customer.age",
        "customer.age < customer.age",
        "customer.joined_at > '2026-02-01' and customer.joined_at < '2026-02-01T00:30+01:00'",
        "2 > 3 and customer.is_vip",
        "(customer.age < 5 or 1 == 2) and 9 < customer.age",
        "false",
    ],
)
def test_what_can_never_be_true_is_found(expression: str) -> None:
    assert "never true" in one(deny(expression)).what
    assert "always true" in one(deny(f"not ({expression})")).what


@pytest.mark.parametrize(
    "expression",
    [
        "customer.age <= 5 and customer.age >= 5",
        "customer.age > 5 or customer.age < 9 and customer.is_vip",
        "customer.age in [1, 2] and customer.age >= 2",
        "customer.age != 5 and customer.age != 6",
        "customer.age < 5 and customer.pclv > 9",
        "customer.age <= customer.pclv and customer.pclv <= customer.age",
        "customer.language != 'de' and customer.language != 'nl'",
        "1 / 0 > 1 and customer.is_vip",
    ],
)
def test_what_can_be_either_is_left_alone(expression: str) -> None:
    assert all(finding.is_warning for finding in found(deny(expression)))


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (deny("customer.is_vip", when="1 > 2"), "`when` is never true, so that the policy never applies."),
        (deny("customer.is_vip", when="customer.age == customer.age"), "`when` is always true."),
        (deny("true"), "`deny` is always true, so that everything is denied."),
        (deny("customer.age < 5", when="customer.age > 9"), "`when` and `deny` exclude each other"),
        (deny("customer.age < 5", when="customer.age < 4", kind="require"), "so that nothing is refused"),
        (deny("true", kind="require"), "`require` is always true, so that nothing is required."),
        (deny("false", kind="require"), "`require` is never true, so that everything is refused."),
    ],
)
def test_what_is_decided_says_what_follows_from_it(policy: PolicySpecification, what: str) -> None:
    assert what in one(policy).what


def test_denying_everything_under_a_condition_is_no_mistake() -> None:
    assert all(finding.is_warning for finding in found(deny("true", when="channel.channel_id == 'sms'")))


def test_ids_are_unique_and_the_built_in_ones_are_taken() -> None:
    twice = found(GOOD, replace(GOOD, where="policies/other.yaml:1"))
    assert [(finding.where, finding.what) for finding in twice] == [
        ("policies/other.yaml:1", "the policy id `margin-protection` is taken by policies/margin.yaml:3.")
    ]
    assert "taken by a built-in policy" in one(replace(GOOD, identifier="consent", tests=())).what


def test_a_policy_without_a_reason_is_found() -> None:
    assert "gives no reason" in one(replace(GOOD, because="  ")).what


def test_a_policy_without_tests_is_a_warning() -> None:
    (finding,) = found(replace(GOOD, tests=()))
    assert finding.is_warning
    assert "has no tests" in finding.what


def test_a_policy_with_too_many_alternatives_is_found() -> None:
    pairs = " and ".join(f"(customer.age == {each} or asset.kind == '{each}')" for each in range(9))
    assert "256 is the most" in one(deny(pairs)).what


@pytest.mark.parametrize(
    ("test", "what"),
    [
        ({**TESTS[0], "expect": "allow"}, "test 1: expected allow, but the policy denies it."),
        ({**TESTS[1], "expect": "deny"}, "test 1: expected deny, but the policy allows it."),
        ({"customer": {"pclv": 1}}, "test 1: it does not say what it expects."),
        ({"customer": {"pclv": 1}, "expect": "refuse"}, "test 1: it does not say what it expects."),
        ({"customer": {"plcv": 1}, "expect": "deny"}, "test 1: there is no attribute `customer.plcv`."),
        ({"customer": {"pclv": "rich"}, "expect": "deny"}, "test 1: `customer.pclv` is declared as number"),
        ({"pclv": 1, "expect": "deny"}, "test 1: there is no attribute `pclv`."),
    ],
)
def test_a_failing_or_unreadable_test_is_found(test: dict[str, Any], what: str) -> None:
    assert one(replace(GOOD, tests=(test,))).what.startswith(what)


def test_what_a_test_leaves_out_is_missing_and_no_offer_means_no_offer() -> None:
    tests = (
        {"offer": {"discount_pct": 11}, "expect": "deny"},
        {"offer": {}, "expect": "deny"},
        {"asset": {"has_offer": True}, "expect": "deny"},
        {"customer": {"pclv": 1}, "expect": "allow"},
        {"customer": {"pclv": None}, "offer": {"discount_pct": None}, "expect": "deny"},
        {"customer": {"pclv": 500}, "offer": {}, "expect": "allow"},
    )
    assert found(replace(GOOD, tests=tests)) == []


def test_times_in_tests_are_written_as_dates_times_or_texts() -> None:
    tests = (
        {"asset": {"ends_at": date(2026, 2, 28)}, "expect": "deny"},
        {"asset": {"ends_at": datetime(2026, 3, 1)}, "expect": "allow"},  # noqa: DTZ001 - as YAML reads it
        {"asset": {"ends_at": datetime(2026, 3, 1, tzinfo=UTC)}, "expect": "allow"},
        {"asset": {"ends_at": "2026-03-01T00:30+01:00"}, "expect": "deny"},
    )
    assert found(replace(deny("asset.ends_at < '2026-03-01'"), tests=tests)) == []


def test_caps_can_be_tested_and_named_by_other_policies() -> None:
    cap = PolicySpecification(
        identifier="no-more",
        kind="cap",
        because="Three promotions a week are enough.",
        expression="asset.kind == 'promo'",
        count=3,
        days=7.0,
        tests=(
            {"cap": {"no-more": {"reached": True}}, "asset": {"kind": "promo"}, "expect": "deny"},
            {"cap": {"no-more": {"reached": True}}, "asset": {"kind": "news"}, "expect": "allow"},
            {"cap": {"no-more": {"reached": False}}, "asset": {"kind": "promo"}, "expect": "allow"},
            {"asset": {"kind": "promo"}, "expect": "deny"},
        ),
        where="policies/caps.yaml:1",
    )
    other = replace(
        deny("cap.no-more.reached and customer.age < 18"),
        tests=({"cap": {"no-more": {"reached": True}}, "customer": {"age": 17}, "expect": "deny"},),
    )
    assert found(cap, other) == []
    assert "cannot stand here" in one(replace(cap, expression="customer.is_vip", tests=())).what
    (typo,) = found(cap, replace(other, expression="cap.nomore.reached", tests=()))[:1]
    assert typo.what == "there is no attribute `cap.nomore.reached`."
    assert "cap.no-more.reached" in typo.remedy


@pytest.mark.parametrize(
    ("expression", "refused", "allowed"),
    [
        ("customer.nothing > 5", 6, 5),
        ("customer.nothing == 'x'", "x", "y"),
        ("customer.nothing", True, False),
        ("customer.nothing < '2026-03-01'", date(2026, 2, 28), date(2026, 3, 1)),
    ],
)
def test_a_test_may_give_a_value_to_a_column_that_has_none_yet(
    expression: str, refused: object, allowed: object
) -> None:
    tests = (
        {"customer": {"nothing": refused}, "expect": "deny"},
        {"customer": {"nothing": allowed}, "expect": "allow"},
        {"customer": {"nothing": None}, "expect": "deny"},
    )
    assert found(replace(deny(expression), tests=tests)) == []
    wrong = replace(deny(expression), tests=({"customer": {"nothing": [1]}, "expect": "deny"},))
    assert one(wrong).what.startswith("test 1: `customer.nothing`")


def test_audiences_are_conditions_on_customers_that_select_somebody() -> None:
    findings = found(
        broken="customer.age <",
        channels="channel.channel_id == 'sms'",
        typo="customer.agee > 5",
        nobody="customer.age < 5 and customer.age > 9",
        everybody="customer.age == customer.age",
    )
    assert [(finding.where, finding.column) for finding in findings] == [
        ("audience broken", 15),
        ("audience channels", 1),
        ("audience typo", 1),
        ("audience nobody", 22),
        ("audience everybody", 1),
    ]
