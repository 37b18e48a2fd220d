import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.candidates import find_candidates
from decisioning.errors import DecisioningError
from decisioning.rhythms import align
from decisioning.settings import PlaySettings
from decisioning.value import Values, confidence, value_candidates
from tests.unit.decisioning.world import World

P_REDEEM = 1 / (1 + np.exp(4.6))  # of the world's redemption model without affinity


def values(world: World) -> Values:
    view, forecasts = world.view(), world.forecasts()
    found = find_candidates(view, world.propose(), world.settings())
    rhythms = align(view, forecasts.cadence, forecasts.recent)
    return value_candidates(view, found, forecasts, rhythms, world.settings())


def coupon(world: World, **offer: object) -> World:
    """Only one asset: a coupon about milk."""
    world.assets.clear()
    return world.offer("off", **offer).asset("milk-coupon", "MILK", kind="coupon", offer="off")


# ---- the formula, by hand


def test_a_reminder_is_worth_its_uplift_less_touch_and_opt_out(shop: World) -> None:
    shop.channel("email", cost=0.003, p_opt_out=0.001, future_margin=12.0)
    shop.rhythms[0] |= {"margin_none": 5.0}
    shop.uplift = {"reminder": (0.02, 0.01)}
    found = values(shop)
    # 5.00 × 2 % - 0.001 × 12 - 0.003
    assert found.value[0] == pytest.approx(0.100 - 0.012 - 0.003)
    assert found.p_redeem[0] == 0
    assert found.offer_cost[0] == 0


def test_a_coupon_for_somebody_who_buys_anyway_comes_out_negative(shop: World) -> None:
    coupon(shop, face_value=1.0, is_automatic=True)
    shop.rhythms[0] |= {"margin_none": 5.0, "p_purchase": 0.9}
    shop.uplift = {"coupon": (0.04, 0.02)}
    # 5.00 × 4 % - 0.9 × 1.00 - 0.001
    assert values(shop).value[0] == pytest.approx(0.2 - 0.9 - 0.001)


def test_a_coupon_that_must_be_claimed_costs_on_every_redemption(shop: World) -> None:
    coupon(shop, face_value=1.0)
    found = values(shop)
    assert found.p_redeem[0] == pytest.approx(P_REDEEM)
    assert found.value[0] == pytest.approx(5.0 * 0.04 - P_REDEEM * 1.0 - 0.001)


def test_redemption_grows_with_recent_shopping_days_in_the_assets_categories(shop: World) -> None:
    coupon(shop, face_value=1.0)
    shop.affinity_slope = 0.7
    shop.rhythm("1", "BEER", recent_days=5, margin_none=0.0, p_purchase=0.0)
    shop.asset("milk-coupon", "MILK", "BEER", kind="coupon", offer="off")
    log_odds = -4.6 + 0.7 * np.log(1 + 3 + 5)
    assert values(shop).p_redeem[0] == pytest.approx(1 / (1 + np.exp(-log_odds)))


def test_margins_of_all_categories_of_an_asset_add_up(shop: World) -> None:
    shop.category("TEA").rhythm("1", "TEA", margin_none=3.0, shopping_days=1).asset("milk-reminder", "MILK", "TEA")
    found = values(shop)
    assert found.margin_none[0] == pytest.approx(8.0)


def test_a_customer_without_a_rhythm_in_the_assets_categories_brings_nothing(shop: World) -> None:
    shop.rhythms[0] |= {"margin_none": 0.0}
    assert values(shop).value[0] == pytest.approx(-0.001)
    assert values(shop).confidence[0] == 0


# ---- what a redemption costs


@pytest.mark.parametrize(
    ("offer", "cost"),
    [
        ({"unit_cost": 0.17, "face_value": 1.0, "funded_pct": 100.0}, 0.17),
        ({"unit_cost": 0.0, "face_value": 1.0}, 0.0),
        ({"face_value": 2.0, "funded_pct": 75.0, "discount_pct": 50.0}, 0.5),
        ({"face_value": 2.0}, 2.0),
        ({"discount_pct": 25.0}, 1.0),  # of 4.00 spent on a day of purchase
        ({"discount_pct": 25.0, "funded_pct": 50.0}, 0.5),
    ],
)
def test_a_redemption_costs_what_we_fund(shop: World, offer: dict[str, float], cost: float) -> None:
    coupon(shop, **offer)
    assert values(shop).redemption_cost[0] == pytest.approx(cost)


def test_a_discount_counts_on_what_others_spend_when_the_customer_never_bought_there(shop: World) -> None:
    coupon(shop, discount_pct=50.0)
    shop.asset("milk-coupon", "BEER", kind="coupon", offer="off")
    shop.plays = (PlaySettings("replenishment-due", answers=("milk-coupon",)),)
    shop.customer("2", "3").rhythm("2", "BEER", purchase_spend=6.0).rhythm("3", "BEER", purchase_spend=8.0)
    assert values(shop).redemption_cost == pytest.approx([3.5, 3.0, 4.0])


def test_an_offer_of_unknown_cost_is_worth_less_than_nothing_and_refused(shop: World) -> None:
    coupon(shop)
    assert values(shop).value[0] == -np.inf
    record = shop.record("1")
    assert record["verb"] == "none"
    assert record["none_reason"] == "refused by policy: offer-cost-unknown"


# ---- what an offer asks for


@pytest.mark.parametrize("offer", [{"face_value": 1.0}, {"face_value": 1.0, "is_automatic": True}])
def test_an_offer_is_redeemed_up_to_three_times_the_usual_spend_and_not_a_cent_beyond(
    shop: World, offer: dict[str, object]
) -> None:
    coupon(shop, **offer)
    unasked = values(shop)
    coupon(shop, **offer, min_spend=12.0)  # 4.00 are spent on a day of purchase
    within = values(shop)
    assert (within.value[0], within.p_redeem[0]) == (unasked.value[0], unasked.p_redeem[0])
    assert not within.is_out_of_reach[0]
    coupon(shop, **offer, min_spend=12.01)
    beyond = values(shop)
    assert (beyond.p_redeem[0], beyond.gain[0], beyond.offer_cost[0]) == (0.0, 0.0, 0.0)
    assert beyond.value[0] == pytest.approx(-0.001), "the touch alone"
    assert beyond.confidence[0] == 0.0
    assert beyond.is_out_of_reach[0]
    assert shop.record("1")["none_reason"] == "not worth it"


def test_a_discount_is_given_at_least_on_the_spend_that_the_offer_asks_for(shop: World) -> None:
    coupon(shop, discount_pct=25.0, min_spend=4.0)
    assert values(shop).redemption_cost[0] == pytest.approx(1.0)
    coupon(shop, discount_pct=25.0, min_spend=10.0)
    assert values(shop).redemption_cost[0] == pytest.approx(2.5)


def test_where_nobody_has_bought_yet_any_basket_may_be_large_enough(shop: World) -> None:
    coupon(shop, face_value=1.0, min_spend=1_000.0)
    shop.rhythms.clear()
    shop.plays = (PlaySettings("favourites"),)
    shop.interest("1", "MILK").customer("1", shopping_days_91d=0)
    found = values(shop)
    assert not found.is_out_of_reach[0]
    assert found.p_redeem[0] == pytest.approx(P_REDEEM)


def test_somebody_who_buys_in_any_of_the_categories_redeems_an_automatic_offer(shop: World) -> None:
    coupon(shop, face_value=1.0, is_automatic=True)
    shop.rhythms[0] |= {"p_purchase": 0.5}
    shop.rhythm("1", "BEER", p_purchase=0.4).asset("milk-coupon", "MILK", "BEER", kind="coupon", offer="off")
    assert values(shop).p_redeem[0] == pytest.approx(1 - 0.5 * 0.6)


def test_a_certain_purchase_redeems_an_automatic_offer_for_certain(shop: World) -> None:
    coupon(shop, face_value=1.0, is_automatic=True)
    shop.rhythms[0] |= {"p_purchase": 1.0}
    assert values(shop).p_redeem[0] == 1.0


# ---- how sure


def test_confidence_is_capped_by_the_evidence_grade(shop: World) -> None:
    shop.uplift = {"reminder": (0.02, 0.001)}
    assert values(shop).confidence[0] == 0.60
    shop.grade = "adjusted"
    assert values(shop).confidence[0] == 0.85
    shop.grade = "randomised"
    assert values(shop).confidence[0] == pytest.approx(1.0)


def test_confidence_is_the_chance_of_a_value_above_zero(shop: World) -> None:
    shop.grade = "randomised"
    shop.channel("email", cost=0.05)
    shop.uplift = {"reminder": (0.02, 0.01)}
    # 5 × N(0.02, 0.01) - 0.05 is above zero where the uplift is above 0.01: one standard deviation below its mean.
    assert values(shop).confidence[0] == pytest.approx(0.8413447, abs=1e-6)
    assert values(shop).low[0] == pytest.approx(0.05 - 1.959964 * 0.05, abs=1e-6)


def test_without_uncertainty_confidence_is_one_or_nothing() -> None:
    sure = confidence(np.array([0.1, 0.0, -0.1]), np.zeros(3), 1.0)
    assert sure.tolist() == [1.0, 0.0, 0.0]


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0, 3), st.floats(0, 1))
def test_confidence_is_a_probability_below_its_cap(value: float, deviation: float, cap: float) -> None:
    found = confidence(np.array([value]), np.array([deviation]), cap)[0]
    assert 0 <= found <= cap


# ---- what is missing is said


def test_a_kind_of_asset_without_a_stated_uplift_is_an_error(shop: World) -> None:
    shop.uplift = {"coupon": (0.04, 0.02)}
    with pytest.raises(DecisioningError, match=r"uplift: Nothing says how much an asset of the kind `reminder`"):
        values(shop)


def test_a_grade_without_a_cap_is_an_error(shop: World) -> None:
    shop.options["confidence_cap"] = {"randomised": 1.0}
    with pytest.raises(DecisioningError, match="grade `assumed`"):
        values(shop)


def test_a_channel_of_the_graph_that_the_playbook_lacks_is_an_error(shop: World) -> None:
    shop.options["channels"] = ()
    with pytest.raises(DecisioningError, match=r"channels.yaml: The channel `email`"):
        shop.decide()
