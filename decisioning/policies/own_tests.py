"""The tests that stand in a policy's own file: each is one candidate, and says whether the policy refuses it.

A test names only what matters to it; everything else is missing. An asset has an offer when the test mentions one.
Every test runs through the compiled policies and through the interpreter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes, ValueType
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import CompiledPolicies, compile_policies
from decisioning.policies.expressions import moment
from decisioning.policies.interpreter import refuses
from decisioning.policies.rules import read_rule
from decisioning.policies.screen import screen_words
from decisioning.settings import PolicySpecification

_ONE = np.zeros(1, dtype=np.int64)
_REFUSES: Mapping[object, bool] = {"deny": True, "allow": False}


def failures(policy: PolicySpecification, attributes: Attributes) -> Iterator[PolicyError]:
    """What is wrong with the policy's tests, or what they find wrong with the policy.

    Args:
        policy: A policy that compiles.
        attributes: What it may name, the caps of the playbook included.
    """
    if not policy.tests:
        return
    compiled = compile_policies([policy], attributes)
    for number, test in enumerate(policy.tests, start=1):
        try:
            _insist_on_outcome(policy, test, compiled)
        except PolicyError as error:
            yield PolicyError(f"test {number}: {error.what}", where=policy.where, remedy=error.remedy)


def _insist_on_outcome(policy: PolicySpecification, test: Mapping[str, Any], compiled: CompiledPolicies) -> None:
    """Run one test.

    Raises:
        PolicyError: It cannot be read, the policy says something else, or the two ways of asking it disagree.
    """
    expected = test.get("expect")
    if not isinstance(expected, str) or expected not in _REFUSES:
        raise PolicyError("it does not say what it expects.", remedy="Write expect: deny or expect: allow.")
    world = _world({name: value for name, value in test.items() if name != "expect"}, compiled.attributes)
    found = _is_refused(policy.identifier, world, compiled)
    if found != refuses(read_rule(policy), world):
        raise PolicyError(
            "the compiled policy and the interpreter disagree.", remedy="This is a defect of ours; please report it."
        )
    if found != _REFUSES[expected]:
        answer = "denies" if found else "allows"
        raise PolicyError(
            f"expected {expected}, but the policy {answer} it.",
            remedy="Correct the policy or the test; an attribute that the test leaves out is missing, and so refuses."
            if found
            else "Correct the policy or the test.",
        )


def _is_refused(identifier: str, world: Mapping[str, object], compiled: CompiledPolicies) -> bool:
    attributes = _with_types_of(world, compiled.attributes)
    values: dict[bool, dict[str, object]] = {False: {}, True: {}}
    for name in compiled.attribute_names | set(world):
        is_asset = attributes.declared[name].side == "asset_channel"
        values[is_asset][name] = np.array([[world.get(name)]], dtype=object)
    sides = [AttributeTable.build(attributes, (1, 1), values[is_asset]) for is_asset in (False, True)]
    verdicts = screen_words(compiled, *sides)
    return bool(verdicts.by_policy(verdicts.denied(_ONE, _ONE, _ONE))[identifier][0])


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


def _as_time(value: object) -> object:
    """A time as YAML gives it: a text, a date or a time, in UTC unless it names an offset."""
    if isinstance(value, str):
        return moment(value) or value
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value
