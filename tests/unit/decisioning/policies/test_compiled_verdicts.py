"""The compiled verdict of every policy is the plain interpreter's, for random rules over random worlds with gaps."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numba import njit

from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import BITS_PER_WORD, compile_policies
from decisioning.policies.contradictions import is_always_true, is_never_true
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
from decisioning.policies.grammar import parse
from decisioning.policies.interpreter import refuses, truth
from decisioning.policies.programs import CrossingPrograms, crossing_programs, settled
from decisioning.policies.rules import read_rule
from decisioning.policies.screen import Positions, Verdicts, Words, counted, is_denied, screen_words, select
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
WITH_CAP = ATTRIBUTES.with_caps([CAP])
DECLARED = WITH_CAP.declared

Objects = npt.NDArray[np.object_]

# Few distinct values, so that equality, order, division by zero and overflow all come up.
VALUES: dict[str, list[Any]] = {
    "number": [0.0, -1.0, 1.0, 2.0, 9.99, 10.0, 10.01, 499.99, 500.0, 1e308, np.inf],
    "text": ["active", "de", "nl", 'a "b" \\ c'],
    "boolean": [False, True],
    "time": [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    "unknown": [None],
}
NUMBERS = st.sampled_from([value for value in VALUES["number"] if np.isfinite(value)]).map(Number)
TEXTS = st.sampled_from(VALUES["text"]).map(Text)
TRUTHS = st.booleans().map(Truth)
MOMENTS = st.sampled_from([Text("2026-01-01"), Text("2026-04-01T01:59:59.999999+02:00")])
ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
SAME = st.sampled_from(["==", "!="])
ANYWHERE = (*ON_CUSTOMERS, *ON_ASSETS)


def of_type(kind: str, names: Sequence[str] = ANYWHERE) -> st.SearchStrategy[Attribute]:
    return st.sampled_from([Attribute(name) for name in names if DECLARED[name].type in (kind, "unknown")])


def arithmetic(names: Sequence[str] = ANYWHERE) -> st.SearchStrategy[Value]:
    leaves: st.SearchStrategy[Value] = of_type("number", names) | NUMBERS
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner)
            | st.builds(Negative, inner.filter(lambda value: not isinstance(value, Number)))
        ),
        max_leaves=3,
    )


def atoms(names: Sequence[str] = ANYWHERE) -> st.SearchStrategy[Condition]:
    value, text, moment = arithmetic(names), of_type("text", names) | TEXTS, of_type("time", names)
    return st.one_of(
        st.builds(Comparison, ORDER, value, value),
        st.builds(Between, value, value, value),
        st.builds(Comparison, SAME, text, text),
        st.builds(Comparison, ORDER, moment, moment | MOMENTS),
        st.builds(Comparison, ORDER, MOMENTS, moment),
        st.builds(Membership, of_type("text", names), st.lists(TEXTS, min_size=1, max_size=3).map(tuple)),
        st.builds(Membership, value, st.lists(NUMBERS, min_size=1, max_size=3).map(tuple)),
        of_type("boolean", names),
        st.builds(Comparison, SAME, of_type("boolean", names), of_type("boolean", names) | TRUTHS),
        TRUTHS,
    )


def sided_atoms(names: Sequence[str]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(Comparison, ORDER, of_type("number", names), NUMBERS),
        st.builds(Comparison, SAME, of_type("text", names), TEXTS),
        of_type("boolean", names),
    )


def customer_atoms() -> st.SearchStrategy[Condition]:
    return atoms(PER_CUSTOMER)


def crossing_atoms() -> st.SearchStrategy[Condition]:
    def pair(kind: str, operator: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
        customer, asset = of_type(kind, ON_CUSTOMERS), of_type(kind, ON_ASSETS)
        return st.builds(Comparison, operator, customer, asset) | st.builds(Comparison, operator, asset, customer)

    mixed = st.builds(
        Arithmetic, st.sampled_from("+-*/"), of_type("number", ON_CUSTOMERS), of_type("number", ON_ASSETS)
    )
    return st.one_of(
        pair("number", ORDER),
        pair("text", SAME),
        pair("boolean", SAME),
        pair("time", ORDER),
        st.builds(Comparison, ORDER, mixed, NUMBERS),
        st.builds(Membership, mixed, st.lists(NUMBERS, min_size=1, max_size=3).map(tuple)),
    )


def narrow_atoms() -> st.SearchStrategy[Condition]:
    """Conditions about so few attributes that they often contradict each other."""
    return atoms(("customer.pclv", "customer.language", "customer.is_minor", "customer.joined_at"))


def conditions(leaves: st.SearchStrategy[Condition] | None = None, size: int = 8) -> st.SearchStrategy[Condition]:
    def several(kind: Any, inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        return st.lists(inner, min_size=2, max_size=3).map(lambda parts: kind(flattened(kind, parts)))

    return st.recursive(
        atoms() if leaves is None else leaves,
        lambda inner: st.one_of(several(And, inner), several(Or, inner), st.builds(Not, inner)),
        max_leaves=size,
    )


def policies(identifier: str | None = None) -> st.SearchStrategy[PolicySpecification]:
    text = conditions().map(to_text)
    return st.builds(
        PolicySpecification,
        identifier=st.sampled_from([f"policy-{number}" for number in range(20)])
        if identifier is None
        else st.just(identifier),
        kind=st.sampled_from(["deny", "require"]),
        because=st.just("it must be"),
        when=st.none() | text,
        expression=text,
    )


def caps() -> st.SearchStrategy[PolicySpecification]:
    return st.builds(
        PolicySpecification,
        identifier=st.just(CAP),
        kind=st.just("cap"),
        because=st.just("it is enough"),
        when=st.none() | conditions(size=3).map(to_text),
        expression=st.none() | conditions(atoms(ON_ASSETS), size=3).map(to_text),
        count=st.just(3),
        days=st.just(7.0),
    )


class World:
    """A few customers, assets and channels, each attribute with a value or without."""

    def __init__(self, seed: int, customers: int, assets: int, channels: int) -> None:
        generator = np.random.default_rng(seed)

        def array(name: str, *shape: int) -> Objects:
            gap = () if name == "asset.has_offer" else (None,)
            choices = np.array([*VALUES[DECLARED[name].type], *gap], dtype=object)
            return np.asarray(generator.choice(choices, shape), dtype=object)

        self.values = {name: array(name, customers) for name in PER_CUSTOMER}
        self.values |= {name: array(name, customers, channels) for name in PER_CUSTOMER_AND_CHANNEL}
        self.values |= {name: array(name, assets) for name in PER_ASSET}
        self.values |= {name: array(name, channels) for name in PER_CHANNEL}
        self.size = (customers, assets, channels)
        self.customer_side = AttributeTable.build(
            WITH_CAP, (customers, channels), {name: self.values[name] for name in ON_CUSTOMERS}
        )
        self.asset_side = AttributeTable.build(
            WITH_CAP, (assets, channels), {name: self.values[name] for name in ON_ASSETS}
        )

    def __repr__(self) -> str:
        return f"World({self.values})"

    def candidates(self) -> tuple[Positions, ...]:
        return tuple(axis.ravel() for axis in np.indices(self.size))

    def seen_by(self, customer: int, asset: int, channel: int) -> dict[str, object]:
        places: dict[str, tuple[int, ...]] = dict.fromkeys(PER_CUSTOMER, (customer,))
        places |= dict.fromkeys(PER_CUSTOMER_AND_CHANNEL, (customer, channel))
        places |= dict.fromkeys(PER_ASSET, (asset,)) | dict.fromkeys(PER_CHANNEL, (channel,))
        return {name: self.values[name][at] for name, at in places.items()}

    def everything_seen(self) -> list[dict[str, object]]:
        return [self.seen_by(*map(int, place)) for place in zip(*self.candidates(), strict=True)]


def worlds(least: int = 0, most: int = 3) -> st.SearchStrategy[World]:
    some = st.integers(least, most)
    return st.builds(World, st.integers(0, 2**32 - 1), some, some, st.integers(1, 2))


@njit(cache=True)
def settle_all(
    programs: CrossingPrograms, words: Words, customer: Positions, asset: Positions, channel: Positions
) -> None:
    stack = np.empty(programs.depth, dtype=np.float64)
    for row in range(len(words)):
        for index in range(words.shape[1]):
            words[row, index] = settled(
                programs, stack, index, words[row, index], customer[row], asset[row], channel[row]
            )


def one_by_one(verdicts: Verdicts, customer: Positions, asset: Positions, channel: Positions) -> Words:
    """The verdicts as a compiled loop over candidates finds them."""
    words: Words = verdicts.customer_words[customer, channel] & verdicts.asset_words[asset, channel]
    settle_all(crossing_programs(verdicts), words, customer, asset, channel)
    return words


def compare(written: Sequence[PolicySpecification], world: World) -> None:
    """Every policy's verdict on every candidate, three ways: over columns, one by one, and interpreted."""
    verdicts = screen_words(compile_policies(written, WITH_CAP), world.customer_side, world.asset_side)
    words = verdicts.denied(*world.candidates())
    assert np.array_equal(one_by_one(verdicts, *world.candidates()), words)
    seen = world.everything_seen()
    everything = (*BUILT_IN, *written)
    expected = {policy.identifier: [refuses(read_rule(policy), each) for each in seen] for policy in everything}
    assert {identifier: found.tolist() for identifier, found in verdicts.by_policy(words).items()} == expected
    assert is_denied(words).tolist() == [any(verdict) for verdict in zip(*expected.values(), strict=True)]


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@examples(500)
@given(policies("one"), worlds())
def test_one_policy_says_what_the_interpreter_says(policy: PolicySpecification, world: World) -> None:
    compare([policy], world)


@examples(200)
@given(st.lists(policies(), max_size=6, unique_by=lambda policy: policy.identifier), st.none() | caps(), worlds())
def test_several_policies_and_a_cap_do_not_disturb_each_other(
    written: list[PolicySpecification], cap: PolicySpecification | None, world: World
) -> None:
    compare([*written, cap] if cap else written, world)


@examples(50)
@given(worlds())
def test_without_any_policy_the_built_in_ones_speak(world: World) -> None:
    compare([], world)


@examples(150)
@given(
    st.lists(st.tuples(sided_atoms(ON_CUSTOMERS), sided_atoms(ON_ASSETS)), min_size=2, max_size=7),
    st.sampled_from([(Or, And), (And, Or)]),
    st.sampled_from(["deny", "require"]),
    worlds(),
)
def test_a_rule_with_many_terms_never_mixes_the_sides_of_two_of_them(
    pairs: list[tuple[Condition, Condition]], kinds: Any, kind: str, world: World
) -> None:
    outer, inner = kinds
    expression = outer(tuple(inner(pair) for pair in pairs))
    compare([PolicySpecification("pairs", kind, "it must be", expression=to_text(expression))], world)


@examples(50)
@given(st.lists(st.tuples(sided_atoms(ON_CUSTOMERS), sided_atoms(ON_ASSETS)), min_size=70, max_size=90), worlds())
def test_more_terms_than_one_word_has_bits(pairs: list[tuple[Condition, Condition]], world: World) -> None:
    third = len(pairs) // 3
    written = [
        PolicySpecification(f"part-{start}", "deny", "it must be", expression=to_text(Or(tuple(map(And, part)))))
        for start, part in enumerate((pairs[:third], pairs[third : 2 * third], pairs[2 * third :]))
    ]
    assume(len(compile_policies(written, WITH_CAP).terms) > BITS_PER_WORD)
    compare(written, world)


@examples(500)
@given(st.lists(crossing_atoms(), min_size=1, max_size=3), conditions(size=3), st.sampled_from([And, Or]), worlds())
def test_comparisons_between_customer_and_asset(
    crossings: list[Condition], other: Condition, kind: Any, world: World
) -> None:
    expression = kind(flattened(kind, (*crossings, other)))
    compare([PolicySpecification("between", "deny", "it must be", expression=to_text(expression))], world)


@examples(150)
@given(conditions(customer_atoms()), worlds())
def test_an_audience_is_who_the_condition_surely_selects(condition: Condition, world: World) -> None:
    found = select(to_text(condition), world.customer_side)
    seen = [{name: world.values[name][at] for name in PER_CUSTOMER} for at in range(world.size[0])]
    assert found.tolist() == [truth(condition, each) is True for each in seen]


@examples(150)
@given(caps(), worlds())
def test_a_cap_counts_what_its_condition_may_include(cap: PolicySpecification, world: World) -> None:
    (compiled,) = compile_policies([cap], WITH_CAP).caps
    rule = read_rule(cap)
    is_about_offers = cap.expression is not None and "offer." in cap.expression
    _, assets, channels = world.size
    for asset in range(assets):
        for channel in range(channels):
            seen = {name: world.values[name][asset] for name in PER_ASSET}
            seen |= {name: world.values[name][channel] for name in PER_CHANNEL}
            expected = truth(rule.expression, seen) is not False and not (
                is_about_offers and seen["asset.has_offer"] is False
            )
            assert counted(compiled, world.asset_side)[asset, channel] == expected


@examples(500)
@given(conditions(size=12))
def test_what_is_written_down_reads_back_as_the_same(condition: Condition) -> None:
    assert parse(to_text(condition)) == condition


@examples(500)
@given(conditions(narrow_atoms(), size=6), worlds(least=1))
def test_what_is_called_impossible_or_certain_is_so_wherever_nothing_is_missing(
    condition: Condition, world: World
) -> None:
    found = {truth(condition, each) for each in world.everything_seen()}
    if is_never_true(condition, WITH_CAP):
        assert True not in found
    if is_always_true(condition, WITH_CAP):
        assert False not in found
