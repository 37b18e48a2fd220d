"""What can be written in a policy, and what the parser says about everything else."""

import pytest

from decisioning.errors import PolicyError
from decisioning.policies.expressions import And, Attribute, Comparison, Not, Number, Or
from decisioning.policies.grammar import DEEPEST_NESTING, LONGEST_TEXT, parse
from decisioning.policies.spelling import to_text

A, B, C = Attribute("customer.a"), Attribute("customer.b"), Attribute("asset.c")


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("customer.pclv<500", "customer.pclv < 500"),
        ("customer.pclv >= 499.990", "customer.pclv >= 499.99"),
        ("  offer.discount_pct\n  > 10 ", "offer.discount_pct > 10"),
        ("customer.language in ['de',\"nl\"]", 'customer.language in ["de", "nl"]'),
        ("not customer.language in ['de']", 'customer.language not in ["de"]'),
        ("customer.visits not in [1, -2.5]", "customer.visits not in [1, -2.5]"),
        ("customer.visits in 5..10", "customer.visits in 5..10"),
        ("customer.visits not in -1.5..customer.a*2", "customer.visits not in -1.5..customer.a * 2"),
        ("(customer.a) and ((customer.b))", "customer.a and customer.b"),
        ("customer.a - (customer.b - asset.c) > -1e3", "customer.a - (customer.b - asset.c) > -1000"),
        ("(customer.a + 1) * 2 == - customer.b / 3", "(customer.a + 1) * 2 == -customer.b / 3"),
        ("cap.no-more-than-3.reached and cap.x.reached", "cap.no-more-than-3.reached and cap.x.reached"),
        ("customer.is_vip == true or false", "customer.is_vip == true or false"),
        ('customer.city == "\'s \\"Hage\\" \\\\"', 'customer.city == "\'s \\"Hage\\" \\\\"'),
        ("android.x and orca.y or notable.z", "android.x and orca.y or notable.z"),
    ],
)
def test_every_spelling_has_one_canonical_form(written: str, canonical: str) -> None:
    assert to_text(parse(written)) == canonical
    assert parse(canonical) == parse(written)


def test_not_binds_before_and_and_before_or() -> None:
    assert parse("not customer.a and customer.b or asset.c") == Or((And((Not(A), B)), C))
    assert parse("not (customer.a and (customer.b or asset.c))") == Not(And((A, Or((B, C)))))


def test_brackets_around_the_same_connective_say_nothing() -> None:
    assert parse("customer.a and (customer.b and asset.c)") == parse("(customer.a and customer.b) and asset.c")


def test_a_node_knows_its_column_and_yet_equals_the_same_elsewhere() -> None:
    here = parse("customer.a > 1")
    there = parse("   customer.a > 1")
    assert isinstance(here, Comparison)
    assert isinstance(there, Comparison)
    assert here == there == Comparison(">", A, Number(1.0))
    assert (here.column, there.column, there.left.column) == (12, 15, 4)


@pytest.mark.parametrize(
    ("written", "column", "what", "remedy"),
    [
        ("customer.a = 5", 12, "`=` does not belong here", "=="),
        ("pclv < 500", 1, "`pclv` does not belong here; expected a value", "customer.pclv"),
        ("customer.a < 5 <", 16, "`<` does not belong here", "join two comparisons with and"),
        ("customer.a <", 13, "the end does not belong here; expected a value", ""),
        ("customer.a < 5 and", 19, "the end", ""),
        ("customer.a < 5 customer.b", 16, "`customer.b` does not belong here", ""),
        ("customer.a && customer.b", 12, "`&`", "and"),
        ("customer.a > 10%", 16, "`%`", "10"),
        ("customer.a in []", 16, "`]` does not belong here; expected a number, a text in quotes, true or false", ""),
        ("customer.a == 'x", 15, "`'`", "not closed"),
        ("customer.a in [customer.b]", 16, "`customer.b`", ""),
        ("(customer.a", 12, "the end", ""),
        ("", 1, "is empty", "leave it out"),
        ("  \n ", 1, "is empty", "leave it out"),
        ("5", 1, "`5` is a value; a condition belongs here", "Compare"),
        ("customer.a + 1", 12, "is a value; a condition belongs here", "Compare"),
        ("customer.a and 'x'", 16, '`"x"` is a value', "Compare"),
        ("(customer.a < 1) == true", 13, "is a condition; a value belongs here", "and, or, not"),
        ("customer.a == 1e999", 15, "too large", ""),
    ],
)
def test_an_error_says_where_what_and_what_would_be_right(written: str, column: int, what: str, remedy: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse(written, where="policies/margin.yaml:7")
    error = raised.value
    assert error.column == column
    assert error.place == "policies/margin.yaml:7"
    assert error.where == f"policies/margin.yaml:7, column {column} of the expression"
    assert what in error.what
    assert remedy in error.remedy
    assert error.exit_code == 3


@pytest.mark.parametrize(
    "written",
    [
        "__import__('os').system('x')",
        "customer.a.__class__()",
        "lambda: 1",
        "[x for x in customer.a]",
        "customer['a'] == 1",
        "customer.a := 1",
        "customer.a if customer.b else asset.c",
        "customer.a == 1; asset.c",
        "customer.a == 1 -- comment",
        "customer.a is null",
        "f(customer.a) == 1",
        "customer.a ** 2 == 1",
        "customer.a % 2 == 1",
        "1 < customer.a < 2",
        "customer.a < 5and customer.b",
        "customer. a < 5",
        "${customer.a} < 5",
    ],
)
def test_nothing_else_parses(written: str) -> None:
    with pytest.raises(PolicyError, match="does not belong here"):
        parse(written)


def test_length_and_depth_are_limited_so_that_no_text_can_exhaust_us() -> None:
    with pytest.raises(PolicyError, match="characters long"):
        parse("customer.a or " * LONGEST_TEXT)
    with pytest.raises(PolicyError, match="nests deeper"):
        parse("not " * 900 + "customer.a")
    assert parse("not " * (DEEPEST_NESTING - 1) + "customer.a") is not None
    assert parse("(" * 1500 + "customer.a" + ")" * 1500) == A
