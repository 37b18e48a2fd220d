"""Affinity: next sizes, substitutes and similar topics, from tables alone and whatever the order of their rows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.affinity import AffinitySettings, affinities
from graph.affinity_sizes import NEXT_AGE, NEXT_LETTER, SizeRank, next_sizes, size_rank, with_size_places
from graph.affinity_substitutes import FEWEST_CUSTOMERS, MOST_SUBSTITUTES, substitutes
from graph.affinity_topics import MOST_PER_PERSON, similar_topics

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def products(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {"category_id": "jackets", "collection": None, "size": None, "price": None}
    frame = pd.DataFrame([usual | {"name": row["product_id"]} | row for row in rows])
    return frame.astype({"collection": object, "size": object, "price": "float64"})


def purchases(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Sales of (customer, order, product)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id"]).astype(object)
    return frame.assign(kind="sale", occurred_at=pd.Timestamp(AS_OF - timedelta(days=1)))


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["from_key"], frame["to_key"], strict=True))


# ---- sizes


@pytest.mark.parametrize(
    "ascending",
    [
        ("XXS", "XS", "s", "M", "L", "xl", "XXL", "3XL"),
        ("50", "56", "98/104", "110"),
        ("EU 35", "EU 35,5", "EU 36"),
        ("86 cm", "92 cm"),
        ("newborn", "1-3 months", "6 m", "18 months", "2 years", "3-4y", "5 years old"),
    ],
)
def test_sizes_are_ordered_as_people_read_them(ascending: tuple[str, ...]) -> None:
    ranks = [size_rank(size) for size in ascending]
    known = [rank for rank in ranks if rank is not None]
    assert len(known) == len(ascending)
    assert len({rank.scale for rank in known}) == 1
    assert [rank.place for rank in known] == sorted({rank.place for rank in known})


@pytest.mark.parametrize("size", ["16 OZ", "12 CT", "1 LB", "2L", "xm", "one size", ""])
def test_what_is_no_size_of_a_body_has_no_place(size: str) -> None:
    assert size_rank(size) is None


def test_2xl_and_xxl_are_the_same_size() -> None:
    assert size_rank("2XL") == size_rank("xxl") == SizeRank(NEXT_LETTER, 3.0)


def test_an_order_that_the_playbook_states_wins() -> None:
    order = (("M", "S"),)
    assert size_rank("m", order) == SizeRank("stated order:0", 0.0)
    assert size_rank("2 years", order) == SizeRank(NEXT_AGE, 24.0)
    shirts = products({"product_id": "a", "size": "S"}, {"product_id": "b", "size": "M"})
    assert pairs(next_sizes(shirts)) == {("a", "b")}
    assert pairs(next_sizes(shirts, order)) == {("b", "a")}


def test_the_next_size_is_the_next_rung_of_the_same_category_and_scale() -> None:
    catalogue = products(
        {"product_id": "j98", "size": "98"},
        {"product_id": "j110", "size": "110"},
        {"product_id": "j122", "size": "122"},
        {"product_id": "jM", "size": "M"},
        {"product_id": "trousers", "size": "110", "category_id": "trousers"},
        {"product_id": "scarf"},
    )
    assert pairs(next_sizes(catalogue)) == {("j98", "j110"), ("j110", "j122")}


def test_the_same_article_comes_first_then_its_collection_and_never_more_than_six() -> None:
    rows: list[dict[str, object]] = [{"product_id": "bear-98", "name": "Bear 98", "size": "98", "collection": "bears"}]
    rows += [{"product_id": f"other-{n}", "name": f"Other {n}", "size": "104"} for n in range(9)]
    rows += [{"product_id": "z-bee", "name": "Bee 104", "size": "104", "collection": "bears"}]
    rows += [{"product_id": "zz-bear", "name": "Bear (104)", "size": "104"}]
    found = next_sizes(products(*rows))
    following = set(found.loc[found["from_key"] == "bear-98", "to_key"])
    assert len(following) == 6
    assert {"zz-bear", "z-bee"} < following


def test_products_without_a_column_of_sizes_have_no_places() -> None:
    catalogue = products({"product_id": "a"}).drop(columns="size")
    assert with_size_places(catalogue)["size_place"].isna().all()
    assert next_sizes(catalogue).empty


# ---- substitutes

TEAS = products(
    {"product_id": "assam", "name": "Assam tea", "price": 3.0},
    {"product_id": "ceylon", "name": "Ceylon tea", "price": 3.0},
)


def test_alike_products_of_a_category_stand_in_for_each_other() -> None:
    drinks = products(
        {"product_id": "oat", "brand": "green", "price": 2.0, "size": "1 l"},
        {"product_id": "soy", "brand": "green", "price": 2.2, "size": "1 l"},
        {"product_id": "wine", "brand": "château", "price": 20.0, "size": "0.7 l"},
        {"product_id": "oats", "brand": "green", "price": 2.0, "size": "1 l", "category_id": "porridge"},
    )
    found = substitutes(drinks, purchases(), as_of=AS_OF)
    assert pairs(found) == {("oat", "soy"), ("soy", "oat")}
    assert found["because"].str.contains("100% of attributes alike, price 9% apart").all()
    assert found["similarity"].between(0.5, 1).all()


def test_customers_who_take_now_one_and_now_the_other_make_products_alike_and_those_who_take_both_do_not() -> None:
    def likeness(*sold: tuple[str, str, str]) -> float:
        found = substitutes(TEAS, purchases(*sold), as_of=AS_OF)
        return float(found["similarity"].iloc[0]) if len(found) else 0.0

    people = [f"c{number}" for number in range(FEWEST_CUSTOMERS)]
    now_and_now = [(who, f"{who}-{tea}", tea) for who in people for tea in ("assam", "ceylon")]
    at_once = [(who, who, tea) for who in people for tea in ("assam", "ceylon")]
    assert likeness(*now_and_now) > likeness(*now_and_now[:-2]) > likeness(*at_once)


def test_purchases_from_as_of_on_and_returns_say_nothing() -> None:
    sold = purchases(*[(f"c{n}", f"c{n}-{tea}", tea) for n in range(5) for tea in ("assam", "ceylon")])
    none = substitutes(TEAS, sold.iloc[:0], as_of=AS_OF)
    pd.testing.assert_frame_equal(substitutes(TEAS, sold.assign(occurred_at=pd.Timestamp(AS_OF)), as_of=AS_OF), none)
    pd.testing.assert_frame_equal(substitutes(TEAS, sold.assign(kind="return"), as_of=AS_OF), none)
    assert not substitutes(TEAS, sold, as_of=AS_OF).equals(none)


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(12)), st.permutations(range(12)))
def test_rows_in_another_order_give_the_same_substitutes_three_for_each(catalogue: list[int], sold: list[int]) -> None:
    draw = np.random.default_rng(5)
    rows = [{"product_id": f"p{n}", "brand": f"b{n % 2}", "price": float(n % 3 + 1)} for n in range(12)]
    lines = [(f"c{draw.integers(4)}", f"o{n}", f"p{draw.integers(12)}") for n in range(12)]
    there = products(*rows)
    found = substitutes(there, purchases(*lines), as_of=AS_OF)
    turned = substitutes(there.iloc[catalogue], purchases(*lines).iloc[sold], as_of=AS_OF)
    pd.testing.assert_frame_equal(found, turned)
    assert found.groupby("to_key").size().max() <= MOST_SUBSTITUTES
    assert (found["from_key"] != found["to_key"]).all()


# ---- topics


def content(**topics: list[str] | None) -> pd.DataFrame:
    return pd.DataFrame({"asset_id": list(topics), "topics": pd.Series(list(topics.values()), dtype=object)})


def looks(*rows: tuple[str | None, str | None, str]) -> pd.DataFrame:
    """Signals of (customer, anonymous, topic)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "anonymous_id", "topic"]).astype(object)
    return frame.assign(occurred_at=pd.Timestamp(AS_OF - timedelta(days=1)))


def likeness(found: pd.DataFrame, one: str, other: str) -> float:
    match = found[(found["from_key"] == one) & (found["to_key"] == other)]["similarity"]
    return float(match.iloc[0]) if len(match) else 0.0


def test_topics_are_as_alike_as_the_share_of_content_about_both_and_likeness_goes_on() -> None:
    found = similar_topics(content(a=["run", "trail"], b=["trail", "hike"], c=["chess"], d=None), None, as_of=AS_OF)
    assert likeness(found, "run", "trail") == pytest.approx(0.5**0.5, abs=1e-6)
    assert likeness(found, "run", "hike") == pytest.approx(0.5, abs=1e-6)
    assert likeness(found, "hike", "run") == likeness(found, "run", "hike")
    assert "chess" not in set(found["from_key"])


def test_topics_of_the_same_people_are_alike_from_two_people_on_strangers_included() -> None:
    assets = content(a=["run"], b=["chess"])
    one = looks(("ann", None, "run"), ("ann", None, "chess"))
    two = looks((None, "visitor", "run"), (None, "visitor", "chess"))
    assert similar_topics(assets, one, as_of=AS_OF).empty
    assert likeness(similar_topics(assets, pd.concat([one, two]), as_of=AS_OF), "run", "chess") == 1.0
    later = pd.concat([one, two]).assign(occurred_at=pd.Timestamp(AS_OF))
    assert similar_topics(assets, later, as_of=AS_OF).empty


def test_who_looks_at_everything_says_nothing_about_likeness() -> None:
    topics = [f"t{number}" for number in range(MOST_PER_PERSON)]
    readers = [looks(*[(who, None, topic) for topic in topics]) for who in ("ann", "bob")]
    assert not similar_topics(content(), pd.concat(readers), as_of=AS_OF).empty
    robots = [looks(*[(who, None, topic) for topic in (*topics, "more")]) for who in ("ann", "bob")]
    assert similar_topics(content(), pd.concat(robots), as_of=AS_OF).empty


def test_nothing_at_all_has_no_affinities() -> None:
    nothing = {
        "products": products({"product_id": "a"}).iloc[:0],
        "purchases": purchases(),
        "assets": content(),
        "signals": looks(),
    }
    found = affinities(nothing, as_of=AS_OF, settings=AffinitySettings())
    assert {kind: len(rows) for kind, rows in found.items()} == dict.fromkeys(found, 0)


def test_only_kept_products_are_compared_while_their_next_sizes_may_be_any() -> None:
    catalogue = products(
        {"product_id": "j98", "size": "98", "brand": "x"},
        {"product_id": "k98", "size": "98", "brand": "x"},
        {"product_id": "j104", "size": "104", "brand": "x"},
    )
    tables = {"products": catalogue, "purchases": purchases(), "assets": content()}
    found = affinities(tables, as_of=AS_OF, kept={"j98"})
    assert pairs(found["Product NEXT_SIZE Product"]) == {("j98", "j104")}
    assert found["Product SUBSTITUTES Product"].empty
