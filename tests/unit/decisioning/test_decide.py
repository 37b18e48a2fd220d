from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from decisioning.decide import Motives, decide
from decisioning.decision_log import seal
from decisioning.explain import in_words, refusals_of
from decisioning.record_columns import RECORD_COLUMNS
from decisioning.settings import CampaignSettings, PlaySettings, PolicySpecification
from forecasting.values import Forecasts
from graph.view import Links, View
from tests.unit.decisioning.world import World

NOT_YET_KNOWN = {"decision_id", "run_id"}  # only a run can say them


def parsed(record: Mapping[Any, Any], what: str) -> Any:
    return in_words(record)[what]


def crowd(world: World, customers: int = 60, seed: int = 3) -> World:
    """Many customers with rhythms of all kinds, two channels, coupons and reminders, rules and limits."""
    random = np.random.default_rng(seed)
    categories = [f"C{number}" for number in range(8)]
    world.category("ROOT").category(*categories, parent="ROOT")
    world.channel("email", cost=0.001, capacity=20, p_opt_out=0.001, future_margin=2.0, quiet_from=None)
    world.channel("mail", cost=0.02, budget=0.2)
    for category in categories:
        world.asset(f"{category}-reminder", category)
        world.offer(
            f"{category}-off", face_value=float(random.integers(1, 4)), discount_pct=float(random.integers(5, 60))
        )
        world.asset(f"{category}-coupon", category, kind="coupon", offer=f"{category}-off")
    for number in range(customers):
        key = str(number)
        world.customer(key, pclv=float(random.lognormal(6, 1)) if number % 7 else None)
        for category in random.choice(categories, random.integers(0, 4), replace=False):
            interval = float(random.integers(5, 60))
            world.rhythm(
                key,
                str(category),
                interval_days=interval,
                due_in=float(random.uniform(-8, 9)),
                survival=float(random.uniform(0, 0.6)),
                survival_week_ago=float(random.uniform(0.1, 0.9)),
                margin_none=float(random.lognormal(1, 1)),
                p_purchase=float(random.uniform(0, 1)),
            )
            world.interest(key, str(category), weight=float(random.uniform(1, 20)))
        if number % 5 == 0:
            world.refusals.add((key, "email"))
        if number % 4 == 0:
            world.touch(key, "mail", world.as_of - timedelta(days=float(random.uniform(0, 20))), None)
    world.plays = (PlaySettings("replenishment-due"), PlaySettings("cadence-broken"), PlaySettings("favourites"))
    world.options |= {
        "holdout_share": 0.2,
        "budget": 0.15,
        "policies": (
            PolicySpecification("protect", "deny", "No.", "customer.pclv < 300", "offer.discount_pct > 30"),
            PolicySpecification("at-most", "cap", "No.", None, None, count=1, days=7),
        ),
    }
    return world


# ---- the record


def test_everybody_has_one_record_in_order_of_key_with_the_declared_columns(world: World) -> None:
    records = crowd(world).decide().records
    assert list(records["customer_id"]) == sorted(world.customers)
    assert set(records.columns) == set(RECORD_COLUMNS) - NOT_YET_KNOWN


def test_a_record_says_what_when_where_why_and_what_it_is_worth(shop: World) -> None:
    record = shop.record("1")
    assert (record["verb"], record["asset_id"], record["asset_version"]) == ("send", "milk-reminder", "1")
    assert (record["channel_id"], record["offer_id"], record["arm"]) == ("email", None, "treated")
    assert (record["play"], record["subject"]) == ("replenishment-due", "category/MILK")
    assert record["none_reason"] is None
    assert record["value"] == pytest.approx(0.099)
    assert record["confidence"] == 0.6
    assert record["evidence_grade"] == "assumed"
    assert record["propensity"] == 1.0
    assert record["touch_cost"] == 0.001
    assert record["margin_to_runner_up"] == pytest.approx(0.099), "nothing is the runner-up"
    assert record["as_of"] == shop.as_of
    assert record["margin_touch"] - record["margin_none"] - record["touch_cost"] == pytest.approx(record["value"])


def test_the_path_leads_from_the_customer_over_evidence_motive_and_asset_to_the_channel(shop: World) -> None:
    shop.offer("off", unit_cost=0.0).asset("milk-reminder", "MILK", offer="off")
    steps = [(step["from"], step["type"], step["to"]) for step in parsed(shop.record("1"), "path")]
    assert steps == [
        ("Customer/1", "BOUGHT", "Category/MILK"),
        ("Customer/1", "HAS_MOTIVE", "Motive/replenishment-due:category/MILK"),
        ("Motive/replenishment-due:category/MILK", "CONCERNS", "Category/MILK"),
        ("Asset/milk-reminder", "ABOUT", "Category/MILK"),
        ("Asset/milk-reminder", "CARRIES", "Offer/off"),
        ("Asset/milk-reminder", "FITS", "Channel/email"),
    ]


def test_the_path_goes_through_a_product_or_a_containing_category(world: World) -> None:
    world.channel("email").category("FOOD").category("MILK", parent="FOOD").category("TEA")
    world.product("assam", "TEA").asset("assam", products=["assam"]).asset("food", "FOOD")
    world.customer("1", "2").rhythm("1", "MILK").rhythm("2", "TEA")
    of_milk, of_tea = (parsed(world.record(who), "path")[3:5] for who in ("1", "2"))
    assert of_milk == [
        {"from": "Category/MILK", "type": "WITHIN", "to": "Category/FOOD"},
        {"from": "Asset/food", "type": "ABOUT", "to": "Category/FOOD"},
    ]
    assert of_tea == [
        {"from": "Product/assam", "type": "IN_CATEGORY", "to": "Category/TEA"},
        {"from": "Asset/assam", "type": "ABOUT", "to": "Product/assam"},
    ]


def test_what_only_the_playbook_states_is_marked_in_the_path(shop: World) -> None:
    campaign = CampaignSettings("autumn", None, ("milk-reminder",), date(2017, 11, 1), date(2017, 11, 30))
    shop.plays = (PlaySettings("campaign", campaigns=(campaign,)),)
    assert {"from": "Motive/campaign:campaign/autumn", "type": "ANSWERED_BY", "to": "Asset/milk-reminder"} in parsed(
        shop.record("1"), "path"
    )


# ---- why nothing is said


def test_somebody_without_a_motive_gets_nothing(shop: World) -> None:
    shop.customer("2")
    record = shop.record("2")
    assert (record["verb"], record["none_reason"], record["value"]) == ("none", "no motive", 0.0)
    assert parsed(record, "funnel") == {
        "motives": 0,
        "candidates": 0,
        "eligible": 0,
        "affordable": 0,
        "shortlisted": 0,
    }


def test_a_motive_without_content_gets_nothing(shop: World) -> None:
    shop.customer("2").rhythm("2", "BEER")
    assert shop.record("2")["none_reason"] == "no content answers"


def test_without_consent_nothing_is_sent_and_the_policy_is_named(shop: World) -> None:
    shop.refusals.add(("1", "email"))
    record = shop.record("1")
    assert record["none_reason"] == "refused by policy: consent"
    assert parsed(record, "refused_by") == {"consent": 1}
    assert parsed(record, "alternatives")[0]["why_not"] == "refused by consent"


def test_the_policy_that_refused_most_is_the_reason(shop: World) -> None:
    shop.asset("milk-coupon", "MILK", kind="coupon").asset("milk-draft", "MILK", status="draft")
    shop.options["policies"] = (PolicySpecification("quiet", "deny", "No.", None, 'asset.status == "active"'),)
    assert shop.record("1")["none_reason"] == "refused by policy: quiet"


def test_an_asset_without_status_is_active(shop: World) -> None:
    shop.assets["milk-reminder"] |= {"status": None}
    assert shop.record("1")["verb"] == "send"


@pytest.mark.parametrize(
    ("starts", "ends", "reason"),
    [
        (-1, 1, None),
        (0, 1, None),
        (1, 2, "refused by policy: asset-out-of-dates"),
        (-2, 0.001, "refused by policy: asset-out-of-dates"),
        (-2, 0, "no content answers"),
        (-2, -1, "no content answers"),
    ],
)
def test_an_asset_is_sent_between_its_start_and_its_end(
    shop: World, starts: float, ends: float, reason: str | None
) -> None:
    shop.assets["milk-reminder"] |= {
        "starts_at": shop.as_of + timedelta(days=starts),
        "ends_at": shop.as_of + timedelta(days=ends),
    }
    assert shop.record("1")["none_reason"] == reason
    shop.assets["milk-reminder"] |= {"starts_at": None, "ends_at": None, "offer": "off"}
    shop.offer(
        "off",
        unit_cost=0.0,
        starts_at=shop.as_of + timedelta(days=starts),
        ends_at=shop.as_of + timedelta(days=ends),
    )
    assert shop.record("1")["none_reason"] == reason


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (1, None),
        (0.001, "refused by policy: asset-out-of-dates"),
        (0, "no content answers"),
        (-30, "no content answers"),
    ],
)
def test_what_cannot_be_redeemed_any_more_is_offered_to_nobody(shop: World, ends: float, reason: str | None) -> None:
    shop.offer("off", unit_cost=0.0, redemption_ends_at=shop.as_of + timedelta(days=ends))
    shop.assets["milk-reminder"] |= {"offer": "off"}
    assert shop.record("1")["none_reason"] == reason


def test_what_costs_more_than_it_brings_is_not_sent(shop: World) -> None:
    shop.channel("email", cost=0.1)
    record = shop.record("1")
    assert record["none_reason"] == "not worth it"
    assert parsed(record, "alternatives")[0]["why_not"] == "not worth it: it costs more than it brings"
    assert parsed(record, "alternatives")[0]["value"] == pytest.approx(0.0)


def test_who_is_priced_out_learns_by_which_limit(shop: World) -> None:
    shop.channel("email", capacity=1).customer("2").rhythm("2", "MILK", margin_none=4.0)
    record = shop.record("2")
    assert record["none_reason"] == "limits: email capacity"
    assert parsed(record, "alternatives")[0]["why_not"] == "priced out: others make more of email capacity"
    assert shop.record("1")["verb"] == "send"
    paid = parsed(shop.record("1"), "shadow_price")["email capacity"]
    assert 0.079 <= paid <= 0.099, "between what the first one left out and the last one served would bring"


def test_a_channel_without_capacity_is_a_limit_and_not_a_lack_of_worth(shop: World) -> None:
    shop.channel("email", capacity=0)
    assert shop.record("1")["none_reason"] == "limits: email capacity"
    shop.channel("email", capacity=None, budget=0.0005)
    assert shop.record("1")["none_reason"] == "limits: email budget"


# ---- alternatives


def test_alternatives_are_the_best_three_others_allowed_ones_first(shop: World) -> None:
    shop.uplift = {"coupon": (0.05, 0.01), "reminder": (0.02, 0.01), "story": (0.03, 0.01), "offer": (0.04, 0.01)}
    for kind in ("story", "offer", "coupon"):
        shop.asset(f"milk-{kind}", "MILK", kind=kind)
    shop.asset("milk-draft", "MILK", kind="coupon", status="draft")
    record = shop.record("1")
    others = parsed(record, "alternatives")
    assert record["asset_id"] == "milk-coupon"
    assert [other["asset_id"] for other in others] == ["milk-offer", "milk-story", "milk-reminder"]
    assert [other["why_not"] for other in others] == ["worth 0.0500 less", "worth 0.1000 less", "worth 0.1500 less"]
    assert others[0]["priced_value"] == pytest.approx(others[0]["value"]) == pytest.approx(0.199)
    assert record["margin_to_runner_up"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        (0.0, "just as good, and later in order"),
        (0.000004, "just as good, and later in order"),
        (0.0006, "worth 0.0030 less"),
    ],
)
def test_a_lead_that_no_digit_shows_is_a_tie(shop: World, lead: float, said: str) -> None:
    shop.uplift = {"reminder": (0.02 + lead, 0.01), "story": (0.02, 0.01)}
    shop.asset("milk-story", "MILK", kind="story")
    record = shop.record("1")
    assert record["asset_id"] == "milk-reminder"
    assert [other["why_not"] for other in parsed(record, "alternatives")] == [said]


def test_a_lead_over_what_uses_no_limit_is_one_after_the_limits_of_the_decision(shop: World) -> None:
    shop.channel("email", capacity=1).channel("mail", cost=0.09)
    shop.customer("2").rhythm("2", "MILK", margin_none=4.0)
    record = shop.record("1")
    (other,) = parsed(record, "alternatives")
    paid = parsed(record, "shadow_price")["email capacity"]
    lead = record["value"] - paid - other["value"]
    assert (record["channel_id"], other["channel_id"]) == ("email", "mail")
    assert other["why_not"] == f"worth {lead:.4f} less after limits"


def test_a_lead_of_whole_amounts_has_the_digits_of_the_values_beside_it(shop: World) -> None:
    shop.uplift = {"reminder": (0.9, 0.01), "story": (0.02, 0.01)}
    shop.asset("milk-story", "MILK", kind="story")
    assert [other["why_not"] for other in parsed(shop.record("1"), "alternatives")] == ["worth 4.40 less"]


# ---- held-out customers


def held_out_half(world: World) -> World:
    world.options["holdout_share"] = 0.5
    for number in range(40):
        world.customer(str(number)).rhythm(str(number), "MILK", margin_none=1.0 + number)
    return world


def test_a_held_out_customer_gets_a_ghost_that_is_never_a_send_of_the_day(world: World) -> None:
    world.category("MILK").channel("email").asset("milk-reminder", "MILK")
    found = held_out_half(world).decide()
    ghosts = found.records[found.records["is_ghost"]]
    assert 5 < len(ghosts) < 35
    assert (ghosts["arm"] == "held out").all()
    assert (ghosts["verb"] == "send").all()
    assert found.summary["held_out"] == found.summary["ghosts"] == len(ghosts)
    assert found.summary["sends"] == 40 - len(ghosts)
    assert (found.records.loc[~found.records["is_ghost"], "arm"] == "treated").all()


def test_ghosts_use_nothing_up_and_choose_at_the_prices_of_the_others(world: World) -> None:
    world.category("MILK").channel("email", capacity=3).asset("milk-reminder", "MILK")
    found = held_out_half(world).decide()
    price = found.summary["shadow_prices"]["email capacity"]
    records = found.records.set_index("customer_id")
    assert found.summary["sends"] == 3
    assert price > 0
    for customer, record in records[records["is_ghost"]].iterrows():
        worth = 0.02 * (1.0 + int(str(customer))) - 0.001
        assert (record["verb"] == "send") is (worth > price)
        assert record["none_reason"] in (None, "limits: email capacity")


def test_a_ghost_does_not_choose_a_channel_that_takes_nobody(world: World) -> None:
    world.category("MILK").channel("email", capacity=0).asset("milk-reminder", "MILK")
    assert (held_out_half(world).decide().records["verb"] == "none").all()


def test_with_everybody_held_out_nothing_is_sent(shop: World) -> None:
    shop.options["holdout_share"] = 1.0
    found = shop.decide()
    assert found.summary["sends"] == 0
    assert found.summary["value"] == found.summary["bound"] == 0.0
    assert found.summary["ghosts"] == 1


# ---- the day in numbers


def test_the_counts_of_the_day_add_up(world: World) -> None:
    found = crowd(world).decide()
    records, summary = found.records, found.summary
    assert summary["customers"] == summary["sends"] + summary["none"] + summary["held_out"] == len(records)
    assert summary["none"] == sum(summary["none_by_reason"].values())
    sends = records[(records["verb"] == "send") & ~records["is_ghost"]]
    assert summary["value"] == pytest.approx(sends["value"].sum())
    assert summary["cost"] == pytest.approx(sends["touch_cost"].sum())
    assert summary["sends"] == sum(row["sent"] for row in summary["plays"])
    assert summary["ghosts"] == sum(row["held_out"] for row in summary["plays"])
    assert summary["value"] == pytest.approx(sum(row["margin"] for row in summary["plays"]))
    assert all(row["margin_low"] <= row["margin"] <= row["margin_high"] for row in summary["plays"])
    assert {row["evidence_grade"] for row in summary["plays"]} == {"assumed"}
    refused: dict[str, int] = {}
    for record in records.to_dict("records"):
        for policy, count in refusals_of(record).items():
            refused[policy] = refused.get(policy, 0) + count
    assert refused == {policy: count for policy, count in summary["refused_by_policy"].items() if count}
    assert {"consent", "protect", "at-most"} <= set(refused)


def test_the_day_keeps_every_limit_and_reaches_nearly_the_bound(world: World) -> None:
    found = crowd(world, customers=200).decide()
    sends = found.records[(found.records["verb"] == "send") & ~found.records["is_ghost"]]
    assert (sends["channel_id"] == "email").sum() <= 20
    assert sends.loc[sends["channel_id"] == "mail", "touch_cost"].sum() <= 0.2 + 1e-9
    assert sends["touch_cost"].sum() <= 0.15 + 1e-9
    assert 0 < found.summary["value"] <= found.summary["bound"]
    dearest = sends["value"].max()
    assert found.summary["bound"] - found.summary["value"] <= 3 * dearest
    assert (sends["value"] > 0).all()


def test_funnels_narrow_and_sends_have_been_shortlisted(world: World) -> None:
    records = crowd(world).decide().records
    for record in records.to_dict("records"):
        counts = parsed(record, "funnel")
        assert list(counts) == ["motives", "candidates", "eligible", "affordable", "shortlisted"]
        narrowing = list(counts.values())[1:]
        assert narrowing == sorted(narrowing, reverse=True)
        assert record["verb"] == "none" or counts["shortlisted"] >= 1


# ---- deciding is a function of its inputs


def shuffled(links: Links, random: np.random.Generator) -> Links:
    order = random.permutation(len(links))
    facts = {name: values[order] for name, values in links.facts.items()}
    return Links.build(links.sources[order], links.targets[order], len(links.starts) - 1, facts)


def test_the_order_of_rows_changes_no_byte(world: World) -> None:
    crowd(world)
    view, forecasts, settings, touches = world.view(), world.forecasts(), world.settings(), world.past_touches()
    motives = world.propose()
    usual = seal(decide(view, motives, forecasts, settings, touches, as_of=world.as_of).records, run_id="run")
    random = np.random.default_rng(1)
    order = random.permutation(len(forecasts.cadence.customer_id))
    cadence: dict[str, Any] = {
        name: value[order] if isinstance(value, np.ndarray) else value
        for name, value in vars(forecasts.cadence).items()
    }
    recent = {name: value[order[::-1]] for name, value in vars(forecasts.recent).items()}
    again = Forecasts(
        replace(forecasts.cadence, **cadence),
        replace(forecasts.recent, **recent),
        forecasts.uplift,
        forecasts.redemption,
    )
    other_view: View = replace(
        view, interests=shuffled(view.interests, random), consents=shuffled(view.consents, random)
    )
    mixed = Motives(motives.frame.sample(frac=1, random_state=2, ignore_index=True))
    found = decide(
        other_view, mixed, again, settings, touches.sample(frac=1, random_state=3), as_of=world.as_of
    ).records
    assert seal(found.sample(frac=1, random_state=4), run_id="run").root == usual.root


def test_inputs_are_left_as_they_were(world: World) -> None:
    crowd(world)
    view, forecasts, touches = world.view(), world.forecasts(), world.past_touches()
    before = view.customers.frame.copy(), touches.copy(), forecasts.cadence.margin_none.copy()
    motives = world.propose()
    kept = motives.frame.copy()
    decide(view, motives, forecasts, world.settings(), touches, as_of=world.as_of)
    pd.testing.assert_frame_equal(view.customers.frame, before[0])
    pd.testing.assert_frame_equal(touches, before[1])
    assert (forecasts.cadence.margin_none == before[2]).all()
    pd.testing.assert_frame_equal(motives.frame, kept)


def test_a_world_without_assets_customers_or_plays_decides_nothing(world: World) -> None:
    empty = world.decide()
    assert len(empty.records) == 0
    assert empty.summary["sends"] == 0
    assert empty.summary["bound"] == 0.0
    world.customer("1").channel("email").category("MILK").rhythm("1", "MILK")
    assert world.record("1")["none_reason"] == "no content answers"
    world.plays = ()
    assert world.record("1")["none_reason"] == "no motive"


def test_two_customers_who_are_equal_are_served_in_order_of_key(shop: World) -> None:
    shop.channel("email", capacity=1).customer("0", "2").rhythm("2", "MILK").rhythm("0", "MILK")
    records = shop.decide().records.set_index("customer_id")
    assert records["verb"].to_dict() == {"0": "send", "1": "none", "2": "none"}
