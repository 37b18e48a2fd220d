"""The compiled verdict of every policy is the plain interpreter's, for random rules over random worlds with gaps."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import compile_policies
from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Between,
    Comparison,
    Condition,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Text,
    Truth,
    Value,
    flattened,
)
from decisioning.policies.interpreter import refuses
from decisioning.policies.rules import read_rule
from decisioning.policies.screen import is_denied, screen_words
from decisioning.policies.spelling import to_text
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={
        "pclv": "number",
        "visits": "integer",
        "language": "text",
        "is_minor": "boolean",
        "joined_at": "time",
        "nothing": "unknown",
    },
    asset={"depth": "number", "language": "text", "is_new": "boolean", "starts_at": "time"},
    offer={"discount_pct": "number"},
    channel={"kind": "text", "cost": "number"},
)
CAP = "no-more"
PER_CUSTOMER = tuple(name for name in ATTRIBUTES.declared if name.startswith("customer."))
PER_CUSTOMER_AND_CHANNEL = ("consent.granted", "consent.basis", f"cap.{CAP}.reached")
PER_ASSET = tuple(name for name in ATTRIBUTES.declared if name.startswith(("asset.", "offer.")))
PER_CHANNEL = ("channel.kind", "channel.cost")
ON_CUSTOMERS = (*PER_CUSTOMER, *PER_CUSTOMER_AND_CHANNEL)
ON_ASSETS = (*PER_ASSET, *PER_CHANNEL)
DECLARED = ATTRIBUTES.with_caps([CAP]).declared

# Few distinct values, so that equality, order and division by zero all come up.
NUMBERS = st.sampled_from([0.0, -1.0, 1.0, 2.0, 9.99, 10.0, 10.01, 499.99, 500.0])
TEXTS = st.sampled_from(["active", "de", "nl", 'a "b" \\ c'])
TIMES = st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC)])
VALUES = {"number": NUMBERS, "text": TEXTS, "boolean": st.booleans(), "time": TIMES, "unknown": st.none()}


def of_type(kind: str, names: tuple[str, ...] = (*ON_CUSTOMERS, *ON_ASSETS)) -> st.SearchStrategy[Attribute]:
    return st.sampled_from([Attribute(name) for name in names if DECLARED[name].type in (kind, "unknown")])


def arithmetic() -> st.SearchStrategy[Value]:
    leaves: st.SearchStrategy[Value] = st.one_of(of_type("number"), NUMBERS.map(Number))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
            st.builds(Negative, inner.filter(lambda value: not isinstance(value, Number))),
        ),
        max_leaves=3,
    )


def atoms() -> st.SearchStrategy[Condition]:
    order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    same = st.sampled_from(["==", "!="])
    moments = st.sampled_from([Text("2026-01-01"), Text("2026-04-01T01:59:59.999999+02:00")])
    texts = st.one_of(of_type("text"), TEXTS.map(Text))
    return st.one_of(
        st.builds(Comparison, order, arithmetic(), arithmetic()),
        st.builds(Between, arithmetic(), arithmetic(), arithmetic()),
        st.builds(Comparison, same, texts, texts),
        st.builds(Comparison, order, of_type("time"), st.one_of(of_type("time"), moments)),
        st.builds(Membership, of_type("text"), st.lists(TEXTS.map(Text), min_size=1, max_size=3).map(tuple)),
        st.builds(Membership, arithmetic(), st.lists(NUMBERS.map(Number), min_size=1, max_size=3).map(tuple)),
        of_type("boolean"),
        st.builds(Comparison, same, of_type("boolean"), st.one_of(of_type("boolean"), st.booleans().map(Truth))),
        st.booleans().map(Truth),
    )


def conditions(leaves: st.SearchStrategy[Condition] | None = None, size: int = 8) -> st.SearchStrategy[Condition]:
    def several(kind: Any, inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        return st.lists(inner, min_size=2, max_size=3).map(lambda parts: kind(flattened(kind, parts)))

    return st.recursive(
        atoms() if leaves is None else leaves,
        lambda inner: st.one_of(several(And, inner), several(Or, inner), st.builds(Not, inner)),
        max_leaves=size,
    )


def policies(identifier: str) -> st.SearchStrategy[PolicySpecification]:
    text = conditions().map(to_text)
    return st.builds(
        PolicySpecification,
        identifier=st.just(identifier),
        kind=st.sampled_from(["deny", "require"]),
        because=st.just("it must be"),
        when=st.one_of(st.none(), text),
        expression=text,
    )


def caps() -> st.SearchStrategy[PolicySpecification]:
    sided = st.one_of(
        st.builds(Comparison, st.sampled_from(["<", ">="]), of_type("number", ON_ASSETS), NUMBERS.map(Number)),
        st.builds(Comparison, st.just("=="), of_type("text", ON_ASSETS), TEXTS.map(Text)),
        of_type("boolean", ON_ASSETS),
    )
    return st.builds(
        PolicySpecification,
        identifier=st.just(CAP),
        kind=st.just("cap"),
        because=st.just("it is enough"),
        when=st.one_of(st.none(), conditions(size=3).map(to_text)),
        expression=st.one_of(st.none(), conditions(sided, size=3).map(to_text)),
        count=st.just(3),
        days=st.just(7.0),
    )


class World:
    """A few customers, assets and channels, each attribute with a value or without."""

    def __init__(self, values: dict[str, np.ndarray[Any, Any]], customers: int, assets: int, channels: int) -> None:
        self.values = values
        self.customers, self.assets, self.channels = customers, assets, channels
        declared = ATTRIBUTES.with_caps([CAP])
        self.customer_side = AttributeTable.build(
            declared, (customers, channels), {name: values[name] for name in ON_CUSTOMERS}
        )
        self.asset_side = AttributeTable.build(declared, (assets, channels), {name: values[name] for name in ON_ASSETS})

    def candidates(self) -> tuple[np.ndarray[Any, Any], ...]:
        return tuple(axis.ravel() for axis in np.indices((self.customers, self.assets, self.channels)))

    def seen_by(self, customer: int, asset: int, channel: int) -> dict[str, object]:
        place = dict.fromkeys(PER_CUSTOMER, (customer,))
        place |= dict.fromkeys(PER_ASSET, (asset,)) | dict.fromkeys(PER_CHANNEL, (channel,))
        places: dict[str, tuple[int, ...]] = {
            **place,
            **dict.fromkeys(PER_CUSTOMER_AND_CHANNEL, (customer, channel)),
        }
        return {name: self.values[name][at] for name, at in places.items()}


@st.composite
def worlds(draw: st.DrawFn, most: int = 3) -> World:
    customers, assets, channels = (draw(st.integers(0, most)), draw(st.integers(0, most)), draw(st.integers(1, 2)))

    def array(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        value = VALUES[DECLARED[name].type]
        one = value if name == "asset.has_offer" else st.one_of(st.none(), value, value)
        flat = np.empty(int(np.prod(shape)), dtype=object)
        flat[:] = draw(st.lists(one, min_size=len(flat), max_size=len(flat)))
        return flat.reshape(shape)

    values = {name: array(name, (customers,)) for name in PER_CUSTOMER}
    values |= {name: array(name, (customers, channels)) for name in PER_CUSTOMER_AND_CHANNEL}
    values |= {name: array(name, (assets,)) for name in PER_ASSET}
    values |= {name: array(name, (channels,)) for name in PER_CHANNEL}
    return World(values, customers, assets, channels)


def compare(written: list[PolicySpecification], world: World) -> None:
    """Every policy's verdict on every candidate, both ways."""
    has_cap = any(policy.kind == "cap" for policy in written)
    verdicts = screen_words(
        compile_policies(written, ATTRIBUTES if has_cap else ATTRIBUTES.with_caps([CAP])),
        world.customer_side,
        world.asset_side,
    )
    customer, asset, channel = world.candidates()
    words = verdicts.denied(customer, asset, channel)
    found = verdicts.by_policy(words)
    seen = [world.seen_by(*map(int, place)) for place in zip(customer, asset, channel, strict=True)]
    expected = {
        policy.identifier: [refuses(read_rule(policy), each) for each in seen] for policy in (*BUILT_IN, *written)
    }
    assert {identifier: refused.tolist() for identifier, refused in found.items()} == expected
    assert is_denied(words).tolist() == [any(verdict) for verdict in zip(*expected.values(), strict=True)]


MANY = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(policies("one"), worlds())
def test_one_policy_says_what_the_interpreter_says(policy: PolicySpecification, world: World) -> None:
    compare([policy], world)
