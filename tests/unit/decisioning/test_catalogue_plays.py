"""Size progression and substitution: when they fire, when they are silent, and what they rest on."""

import json
from itertools import pairwise
from typing import Any

import pytest

from decisioning.explain import refusals_of
from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import World

HALF_A_YEAR = 180.0


@pytest.fixture
def jackets(world: World) -> World:
    """Jackets in sizes, and one asset about each."""
    world.customer("1").category("JACKETS").channel("email").rhythm("1", "JACKETS")
    sizes = (86, 92, 98, 104, 110, 116)
    for size in sizes:
        place = {"size": str(size), "size_scale": "next number:", "size_place": float(size)}
        world.product(f"j{size}", "JACKETS", **place).asset(f"try-{size}", products=(f"j{size}",))
    for size, following in pairwise(sizes):
        world.link("next_sizes", f"j{size}", f"j{following}", because="next number")
    world.plays = (PlaySettings("size-progression"),)
    return world


def grew(world: World, *sizes: int, last_days_ago: float, pace: float = HALF_A_YEAR) -> World:
    """The customer bought these sizes, one after the other."""
    for back, size in enumerate(reversed(sizes)):
        world.bought("1", f"j{size}", days_ago=last_days_ago + back * pace)
    return world


def motives(world: World) -> dict[str, Any]:
    """Subject to sentence, of everybody's motives."""
    frame = world.propose().frame
    return dict(zip(frame["subject"], frame["sentence"], strict=True))


@pytest.mark.parametrize(
    ("last_days_ago", "is_due"),
    [(150.0, False), (150.001, True), (180.0, True), (239.999, True), (240.0, False)],
)
def test_the_next_size_is_offered_from_a_month_before_it_is_due_to_two_months_after(
    jackets: World, last_days_ago: float, is_due: bool
) -> None:
    grew(jackets, 92, 98, 104, last_days_ago=last_days_ago)
    assert list(motives(jackets)) == (["product/j110"] if is_due else [])


def test_the_sentence_and_the_evidence_tell_the_history(jackets: World) -> None:
    found = grew(jackets, 92, 98, 104, last_days_ago=170).propose().frame.iloc[0]
    assert "Bought the sizes 92, 98, 104" in found["sentence"]
    assert "about 180 days each: j110 in size 110 is the next" in found["sentence"]
    evidence = json.loads(found["evidence"])
    assert [(step["from"], step["type"], step["to"]) for step in evidence] == [
        ("Customer/1", "BOUGHT", "Product/j104"),
        ("Product/j104", "NEXT_SIZE", "Product/j110"),
    ]
    assert jackets.record("1")["asset_id"] == "try-110"


def test_two_sizes_are_no_history_unless_the_playbook_says_so(jackets: World) -> None:
    grew(jackets, 98, 104, last_days_ago=170)
    assert motives(jackets) == {}
    jackets.plays = (PlaySettings("size-progression", thresholds={"minimum_sizes": 2}),)
    assert list(motives(jackets)) == ["product/j110"]


@pytest.mark.parametrize("larger", [110, 116])
def test_who_has_the_next_size_or_the_one_after_it_is_not_offered_it(jackets: World, larger: int) -> None:
    grew(jackets, 92, 98, 104, last_days_ago=170).bought("1", f"j{larger}", days_ago=5)
    assert motives(jackets) == {}


@pytest.mark.parametrize(("pace", "is_growing"), [(29.9, False), (30.0, True), (550.0, True), (550.1, False)])
def test_sizes_bought_too_close_or_too_far_apart_are_not_one_childs(
    jackets: World, pace: float, is_growing: bool
) -> None:
    assert bool(motives(grew(jackets, 92, 98, 104, last_days_ago=pace, pace=pace))) == is_growing


def test_a_size_that_was_skipped_does_not_break_the_history(jackets: World) -> None:
    grew(jackets, 86, 92, 104, last_days_ago=90, pace=180)
    assert list(motives(jackets)) == ["product/j110"], "104 came two sizes after 92, so a size lasts 90 days"


def test_sizes_in_letters_and_next_sizes_out_of_stock_are_not_offered(jackets: World) -> None:
    grew(jackets, 92, 98, 104, last_days_ago=170)
    jackets.products["j110"]["stock"] = 0.0
    assert motives(jackets) == {}
    jackets.products["j110"]["stock"] = 1.0
    assert list(motives(jackets)) == ["product/j110"]
    for product in jackets.products.values():
        product["size_scale"] = "next letter"
    assert motives(jackets) == {}


def test_an_excluded_category_has_no_next_sizes(jackets: World) -> None:
    grew(jackets, 92, 98, 104, last_days_ago=170)
    jackets.plays = (PlaySettings("size-progression", excluded_categories=frozenset({"JACKETS"})),)
    assert motives(jackets) == {}


# ---- substitution


@pytest.fixture
def drinks(world: World) -> World:
    """Oat is out of stock; soy and nut are like it, and so is rice, which is out of stock as well."""
    world.customer("1").category("DRINKS").channel("email")
    world.rhythm("1", "DRINKS", due_in=2.0, interval_days=14.0)
    for product, stock in {"oat": 0.0, "soy": 5.0, "rice": 0.0, "nut": None}.items():
        world.product(product, "DRINKS", stock=stock).asset(f"try-{product}", products=(product,))
    for product, similarity in {"soy": 0.9, "rice": 0.95, "nut": 0.5}.items():
        world.link("substitutes", product, "oat", similarity=similarity, because="same category")
    world.plays = (PlaySettings("substitution"),)
    return world


def strengths(world: World) -> dict[str, float]:
    """Subject to strength."""
    frame = world.propose().frame
    return dict(zip(frame["subject"], frame["strength"].round(6), strict=True))


def test_what_is_due_and_gone_is_replaced_and_never_by_what_is_gone_too(drinks: World) -> None:
    drinks.asset("both", products=("oat", "soy")).bought("1", "oat", days=5, days_ago=12)
    assert strengths(drinks) == {"product/soy": 0.72, "product/nut": 0.4}
    record = drinks.record("1")
    assert record["asset_id"] == "try-nut", "equally valuable, and first in order of key"
    assert record["candidates"] == 2
    assert "oat is out of stock and due (bought on 5 days" in record["motive_sentence"]


def test_the_cart_comes_first(drinks: World) -> None:
    drinks.bought("1", "oat", days=5, days_ago=12).link("carts", "1", "oat", quantity=2.0, days_ago=14.0)
    found = drinks.propose().frame.set_index("subject").loc["product/soy"]
    assert found["strength"] == pytest.approx(0.9)
    assert [step["type"] for step in json.loads(str(found["evidence"]))] == ["HAS_IN_CART", "BOUGHT", "SUBSTITUTES"]


@pytest.mark.parametrize(("days_ago", "is_wanted"), [(14.0, True), (14.001, False)])
def test_a_cart_is_forgotten_after_a_fortnight(drinks: World, days_ago: float, is_wanted: bool) -> None:
    drinks.link("carts", "1", "oat", quantity=1.0, days_ago=days_ago)
    assert bool(strengths(drinks)) == is_wanted


@pytest.mark.parametrize(
    ("days", "days_ago", "is_wanted"),
    [(3, 12.0, True), (2, 12.0, False), (3, 3.0, True), (3, 2.999, False), (3, 91.0, True), (3, 91.001, False)],
)
def test_what_is_usual_was_bought_on_three_days_not_just_now_and_not_long_ago(
    drinks: World, days: int, days_ago: float, is_wanted: bool
) -> None:
    drinks.bought("1", "oat", days=days, days_ago=days_ago)
    assert bool(strengths(drinks)) == is_wanted


def test_what_is_in_stock_or_states_no_stock_is_not_replaced(drinks: World) -> None:
    drinks.bought("1", "oat", days=5, days_ago=12)
    for stock in (1.0, None):
        drinks.products["oat"]["stock"] = stock
        assert strengths(drinks) == {}


def test_an_asset_is_refused_only_when_nothing_of_it_is_in_stock(drinks: World) -> None:
    drinks.plays = (PlaySettings("replenishment-due"),)
    drinks.assets.clear()
    drinks.asset("a-gone", products=("oat", "rice")).asset("b-half-gone", products=("oat", "soy"))
    record = drinks.record("1")
    assert record["asset_id"] == "b-half-gone"
    assert refusals_of(record) == {"asset-out-of-stock": 1}
