from datetime import date

import numpy as np
import pytest

from decisioning.candidates import Candidates, find_candidates
from decisioning.errors import DecisioningError
from decisioning.motives import Motives
from decisioning.settings import CampaignSettings, PlaySettings
from decisioning.subjects import asset_coverage
from tests.unit.decisioning.world import World


def candidates(world: World) -> Candidates:
    return find_candidates(world.view(), world.propose(), world.settings())


def said(world: World) -> list[tuple[str, str, str]]:
    """Customer, asset and channel of every candidate."""
    view, found = world.view(), candidates(world)
    return [
        (str(view.customers.keys[who]), str(view.assets.keys[what]), str(view.channels.keys[where]))
        for who, what, where in zip(found.customer, found.asset, found.channel, strict=True)
    ]


def test_an_asset_answers_a_motive_about_the_same_category_on_the_channels_it_fits(shop: World) -> None:
    shop.channel("mail").channel("app").asset("milk-leaflet", "MILK", channels=["mail"]).asset("beer", "BEER")
    assert said(shop) == [
        ("1", "milk-leaflet", "mail"),
        ("1", "milk-reminder", "app"),
        ("1", "milk-reminder", "email"),
        ("1", "milk-reminder", "mail"),
    ]


def test_an_asset_about_a_product_is_about_the_products_category(shop: World) -> None:
    shop.product("oat-milk", "MILK").product("loose", None).asset("oat", products=["oat-milk", "loose"])
    assert ("1", "oat", "email") in said(shop)


def test_an_asset_about_a_category_is_about_everything_within_it(world: World) -> None:
    world.category("FOOD").category("DAIRY", parent="FOOD").category("MILK", parent="DAIRY").category("TOYS")
    world.asset("all-food", "FOOD").asset("dairy", "DAIRY").asset("toys", "TOYS").channel("email").customer("1")
    view = world.view()
    about = {
        str(key): [str(view.categories.keys[each]) for each in coverage]
        for key, coverage in zip(
            view.assets.keys, np.split(asset_coverage(view).targets, asset_coverage(view).starts[1:-1]), strict=True
        )
    }
    assert about == {"all-food": ["DAIRY", "FOOD", "MILK"], "dairy": ["DAIRY", "MILK"], "toys": ["TOYS"]}
    world.rhythm("1", "MILK")
    assert said(world) == [("1", "all-food", "email"), ("1", "dairy", "email")]


def test_categories_in_a_circle_end(world: World) -> None:
    world.category("A", parent="B").category("B", parent="A").asset("a", "A").channel("email").customer("1")
    world.rhythm("1", "B")
    assert said(world) == [("1", "a", "email")]


def test_an_asset_about_too_much_answers_nothing_in_particular(shop: World) -> None:
    shop.category(*(f"C{number}" for number in range(12)))
    shop.asset("narrow", "MILK", *(f"C{number}" for number in range(11)))
    shop.asset("wide", "MILK", *(f"C{number}" for number in range(12)))
    assert [asset for _, asset, _ in said(shop)] == ["milk-reminder", "narrow"]


def test_an_asset_that_also_talks_about_an_excluded_category_answers_nothing(shop: World) -> None:
    shop.asset("milk-and-beer", "MILK", "BEER")
    shop.plays = (PlaySettings("replenishment-due", excluded_categories=frozenset({"BEER"})),)
    assert said(shop) == [("1", "milk-reminder", "email")]


# ---- what the playbook says about answers


def test_answers_narrow_to_kinds_of_assets(shop: World) -> None:
    shop.asset("milk-coupon", "MILK", kind="coupon")
    shop.plays = (PlaySettings("replenishment-due", answers=("coupon",)),)
    assert said(shop) == [("1", "milk-coupon", "email")]


def test_answers_may_name_assets_whatever_they_are_about(shop: World) -> None:
    shop.asset("hello", "BEER").asset("milk-coupon", "MILK", kind="coupon")
    shop.plays = (PlaySettings("replenishment-due", answers=("hello",)),)
    assert said(shop) == [("1", "hello", "email")]
    shop.plays = (PlaySettings("replenishment-due", answers=("hello", "coupon")),)
    assert said(shop) == [("1", "hello", "email"), ("1", "milk-coupon", "email")]


def test_an_answer_that_is_neither_an_asset_nor_a_kind_is_an_error(shop: World) -> None:
    shop.plays = (PlaySettings("replenishment-due", answers=("cupon",)),)
    with pytest.raises(DecisioningError, match=r"replenishment-due: answers: `cupon` is neither.*coupon"):
        said(shop)


def test_a_campaign_is_answered_by_its_assets_alone(shop: World) -> None:
    shop.asset("leaflet", "BEER", "MILK")
    campaign = CampaignSettings("autumn", None, ("leaflet",), date(2017, 11, 1), date(2017, 11, 30))
    shop.plays = (PlaySettings("campaign", campaigns=(campaign,), excluded_categories=frozenset({"BEER"})),)
    assert said(shop) == [("1", "leaflet", "email")]


def test_a_campaign_that_names_an_unknown_asset_is_an_error_once_it_runs(shop: World) -> None:
    campaign = CampaignSettings("autumn", None, ("leaflets",), date(2017, 11, 13), date(2017, 11, 30))
    later = CampaignSettings("winter", None, ("snow",), date(2017, 12, 1), date(2017, 12, 30))
    shop.plays = (PlaySettings("campaign", campaigns=(later, campaign)),)
    with pytest.raises(DecisioningError, match="campaign autumn: The asset `leaflets` does not exist"):
        said(shop)


# ---- products already bought


def test_favourites_do_not_offer_a_product_that_was_bought(world: World) -> None:
    world.plays = (PlaySettings("favourites"), PlaySettings("replenishment-due"))
    world.customer("1", "2").category("TEA").channel("email").product("assam", "TEA").product("earl-grey", "TEA")
    world.asset("assam", products=["assam"]).asset("earl-grey", products=["earl-grey"])
    world.asset("both", products=["assam", "earl-grey"])
    for customer in ("1", "2"):
        world.rhythm(customer, "TEA", shopping_days=3).interest(customer, "TEA")
    world.bought_products.append(("1", "assam"))
    assert [(who, asset) for who, asset, _ in said(world)] == [
        ("1", "earl-grey"),
        ("2", "assam"),
        ("2", "both"),
        ("2", "earl-grey"),
    ]
    world.rhythms[0] |= {"shopping_days": 4}  # now a rhythm: what is due may be offered again
    assert {asset for who, asset, _ in said(world) if who == "1"} == {"assam", "both", "earl-grey"}


# ---- one candidate per customer, asset and channel


def best_motives(world: World) -> list[tuple[str, str]]:
    frame, found = world.propose().frame, candidates(world)
    return [(frame["play"].iloc[row], frame["subject"].iloc[row]) for row in found.motive]


def test_of_several_motives_the_strongest_stands_for_a_candidate(shop: World) -> None:
    shop.asset("milk-reminder", "MILK", "BEER").rhythm("1", "BEER", due_in=0.0)
    assert best_motives(shop) == [("replenishment-due", "category/BEER")]


def test_between_equally_strong_motives_the_first_play_then_the_first_subject_stands(shop: World) -> None:
    shop.asset("milk-reminder", "MILK", "BEER").rhythm("1", "BEER")
    assert best_motives(shop) == [("replenishment-due", "category/BEER")]
    campaign = CampaignSettings("autumn", None, ("milk-reminder",), date(2017, 11, 1), date(2017, 11, 30))
    other = CampaignSettings("again", None, ("milk-reminder",), date(2017, 11, 1), date(2017, 11, 30))
    shop.plays = (PlaySettings("campaign", campaigns=(campaign, other)),)
    assert best_motives(shop) == [("campaign", "campaign/again")]


def test_nothing_comes_of_nothing(shop: World) -> None:
    shop.rhythms = []
    assert len(candidates(shop)) == 0


# ---- motives that do not fit


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("customer_id", "stranger", "motive for the customer stranger"),
        ("subject", "category/TEA", "motive about category/TEA"),
        ("play", "depletion", "motives of `depletion`"),
    ],
)
def test_motives_from_elsewhere_are_an_error(shop: World, column: str, value: str, complaint: str) -> None:
    frame = shop.propose().frame.assign(**{column: value})
    with pytest.raises(DecisioningError, match=complaint):
        find_candidates(shop.view(), Motives(frame), shop.settings())
