"""The tests that stand in a policy's own file: each is one candidate, and says what the policy makes of it.

A test names only what matters to it; everything else is missing. An asset has an offer when the test mentions one.
Every test runs through the compiled policies and through the interpreter. Policies that refuse say `deny` or `allow`,
those that wait for a person `hold` or `allow`, those that withhold `redact` or `allow`; a parity is given counts
(`groups: {a: 30 of 100, b: 45 of 100}`) and says `block` or `allow`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes, ValueType
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import compile_policies
from decisioning.policies.expressions import moment
from decisioning.policies.interpreter import refuses
from decisioning.policies.parity import Counts, judged
from decisioning.policies.rules import HOLDING, PARITY, REFUSING, WITHHOLDING, read_rule
from decisioning.policies.screen import screen_words
from decisioning.settings import PolicySpecification

_ONE = np.zeros(1, dtype=np.int64)
ALLOW = "allow"
WORDS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(REFUSING, ("deny", "denies")),
    **dict.fromkeys(HOLDING, ("hold", "holds")),
    **dict.fromkeys(WITHHOLDING, ("redact", "withholds something from")),
    PARITY: ("block", "blocks"),
}
"""What the tests of each kind expect where the policy applies, and how that is told."""
_COUNTS = re.compile(r"(\d+) of (\d+)")


def results(policy: PolicySpecification, attributes: Attributes) -> Iterator[tuple[str, PolicyError | None]]:
    """Every test of a policy in words, with what is wrong with it or what it finds wrong; None where it passes.

    Args:
        policy: A policy that compiles.
        attributes: What it may name, the caps of the playbook included.
    """
    for number, test in enumerate(policy.tests, start=1):
        try:
            _insist_on_outcome(policy, test, attributes)
        except PolicyError as error:
            yield (
                in_words(test),
                PolicyError(f"test {number}: {error.what}", where=policy.where, remedy=error.remedy),
            )
        else:
            yield in_words(test), None


def in_words(test: Mapping[str, Any]) -> str:
    """A test as one line: `customer.pclv 499.99, offer.discount_pct 10.01 ▸ deny`."""
    given = [f"{name} {_said(value)}" for name, value in _flat(test) if name != "expect"]
    return f"{', '.join(given) or 'nothing known'} ▸ {test.get('expect')}"


def failures(policy: PolicySpecification, attributes: Attributes) -> Iterator[PolicyError]:
    """What is wrong with the policy's tests, or what they find wrong with the policy.

    Args:
        policy: A policy that compiles.
        attributes: What it may name, the caps of the playbook included.
    """
    yield from (error for _, error in results(policy, attributes) if error is not None)


def _insist_on_outcome(policy: PolicySpecification, test: Mapping[str, Any], attributes: Attributes) -> None:
    """Run one test.

    Raises:
        PolicyError: It cannot be read, the policy says something else, or the two ways of asking it disagree.
    """
    word, verb = WORDS[policy.kind]
    expected = test.get("expect")
    if expected not in (word, ALLOW):
        raise PolicyError("it does not say what it expects.", remedy=f"Write expect: {word} or expect: {ALLOW}.")
    stated = {name: value for name, value in test.items() if name != "expect"}
    if policy.kind == PARITY:
        verdict = judged(read_rule(policy), _groups(stated))
        found, hint = verdict.is_breached, f" It finds: {verdict.text}"
    else:
        found = _applies(policy, stated, attributes)
        hint = " An attribute that the test leaves out is missing, and so refuses." if found else ""
    if found != (expected == word):
        what = f"expected {expected}, but the policy {verb if found else 'allows'} it."
        raise PolicyError(what, remedy=f"Correct the policy or the test.{hint}")


def _applies(policy: PolicySpecification, stated: Mapping[str, Any], attributes: Attributes) -> bool:
    """Whether the policy refuses, holds or withholds something from the candidate.

    Raises:
        PolicyError: The test cannot be read, or the compiled policy and the interpreter disagree.
    """
    rule = read_rule(policy)
    world = _world(stated, attributes)
    found = _is_refused(policy, world, attributes)
    if found != refuses(rule, world):
        raise PolicyError(
            "the compiled policy and the interpreter disagree.", remedy="This is a defect of ours; please report it."
        )
    return found


def _groups(stated: Mapping[str, Any]) -> dict[str, Counts]:
    """The counts of a parity's test."""
    groups = stated.get("groups")
    if set(stated) != {"groups"} or not isinstance(groups, Mapping) or not groups:
        raise PolicyError("it gives no groups.", remedy="Write groups: {a: 30 of 100, b: 45 of 100}.")
    counts = {}
    for name, value in groups.items():
        numbers = _COUNTS.fullmatch(str(value))
        if numbers is None or int(numbers[1]) > int(numbers[2]):
            raise PolicyError(f"`{value}` is no count.", remedy="Write it like 30 of 100.")
        counts[str(name)] = Counts(int(numbers[1]), int(numbers[2]))
    return counts


def _is_refused(policy: PolicySpecification, world: Mapping[str, object], declared: Attributes) -> bool:
    # Whatever the kind, the question is where the same condition may hold.
    asked = policy if policy.kind in REFUSING else _as_deny(policy)
    compiled = compile_policies([asked], declared)
    attributes = _with_types_of(world, compiled.attributes)
    values: dict[bool, dict[str, object]] = {False: {}, True: {}}
    for name in compiled.attribute_names | set(world):
        is_asset = attributes.declared[name].side == "asset_channel"
        values[is_asset][name] = np.array([[world.get(name)]], dtype=object)
    sides = [AttributeTable.build(attributes, (1, 1), values[is_asset]) for is_asset in (False, True)]
    verdicts = screen_words(compiled, *sides)
    return bool(verdicts.by_policy(verdicts.denied(_ONE, _ONE, _ONE))[policy.identifier][0])


def _as_deny(policy: PolicySpecification) -> PolicySpecification:
    return replace(policy, kind="deny", expression=policy.expression or "true", tests=())


def _with_types_of(world: Mapping[str, object], attributes: Attributes) -> Attributes:
    """The attributes, where a column without any value so far has the type that the test gives it."""
    types = {
        name: replace(attributes.declared[name], type=kind)
        for name, value in world.items()
        if attributes.declared[name].type == "unknown" and (kind := _type_of(value)) is not None
    }
    return Attributes({**attributes.declared, **types})


def _type_of(value: object) -> ValueType | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def _world(test: Mapping[str, Any], attributes: Attributes) -> dict[str, object]:
    """The test's values by attribute name."""
    world: dict[str, object] = {"asset.has_offer": test.get("offer") is not None}
    for name, value in _flat(test):
        if name not in attributes.declared:
            raise PolicyError(
                f"there is no attribute `{name}`.", remedy=f"Nearest known: {', '.join(attributes.nearest(name))}."
            )
        is_time = attributes.declared[name].type == "time" or isinstance(value, date)
        world[name] = _as_time(value) if is_time else value
    return world


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif prefix or value is not None:
            yield f"{prefix}{name}", value


def _said(value: object) -> str:
    return "missing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _as_time(value: object) -> object:
    """A time as YAML gives it: a text, a date or a time, in UTC unless it names an offset."""
    if isinstance(value, str):
        return moment(value) or value
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value
