"""A boost changes what is ranked, never what is reported, until its day begins; what it costs is exact."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisioning.boosts import boost_sentences, is_over
from decisioning.decision_log import seal
from decisioning.errors import DecisioningError
from decisioning.settings import BoostSettings, PolicySpecification
from tests.unit.decisioning.world import World

LATER = date(2017, 12, 1)
STORY, COUPON = 0.02, 0.04
"""What a reminder and a coupon without an offer change, as shares of the margin."""


def boost(asset: str, amount: float, until: date = LATER, by: str = "person:ann") -> BoostSettings:
    return BoostSettings(asset, amount, until, "The story is new.", by, "warrant.yaml:9")


def boosted(world: World, *boosts: BoostSettings) -> World:
    world.options["boosts"] = boosts
    return world


@pytest.fixture
def choice(world: World) -> World:
    """Customer 1 brings 5 in milk: a coupon is worth 0.199, the story 0.099."""
    world.customer("1").category("MILK").channel("email").rhythm("1", "MILK")
    return world.asset("story", "MILK").asset("coupon", "MILK", kind="coupon")


def test_a_boost_is_ranked_by_and_is_no_part_of_the_value(choice: World) -> None:
    decided = boosted(choice, boost("story", 0.15)).decide()
    record = dict(decided.records.iloc[0])
    assert (record["asset_id"], record["boost"]) == ("story", 0.15)
    assert record["boost_because"] == "person:ann until 2017-12-01: The story is new."
    assert record["value"] == pytest.approx(0.099)
    assert record["margin_to_runner_up"] == pytest.approx(0.05), "0.249 were ranked over 0.199"
    assert decided.summary["value"] == pytest.approx(0.099)
    (row,) = decided.summary["boosts"]
    assert (row["asset"], row["amount"], row["until"], row["by"]) == ("story", 0.15, "2017-12-01", "person:ann")
    assert (row["sends"], row["losing"], row["cost"]) == (1, 0, pytest.approx(0.1))
    assert decided.summary["boost_cost"] == pytest.approx(0.1)
    assert decided.summary["bound"] == pytest.approx(0.199), "of margin"
    assert decided.summary["boosted"] == {"value": pytest.approx(0.249), "bound": pytest.approx(0.249)}
    (said,) = boost_sentences(decided.summary, lambda amount: f"{amount:.2f} EUR")
    whose = "Boost of story by person:ann until 2017-12-01"
    assert said == f"{whose}: 1 send, cost 0.10 EUR of margin: because The story is new."


def test_what_was_worth_more_says_that_a_boost_put_it_second(choice: World) -> None:
    record = boosted(choice, boost("story", 0.15)).record("1")
    (other,) = record["runners_up"]
    assert (other["asset_id"], other["reason"]) == ("coupon", "boosted")
    assert other["value"] == other["priced_value"] == pytest.approx(0.199)
    assert other["behind"] == pytest.approx(-0.1)


def test_a_boost_that_changes_nothing_costs_nothing(choice: World) -> None:
    decided = boosted(choice, boost("story", 0.09)).decide()
    record = dict(decided.records.iloc[0])
    assert record["asset_id"] == "coupon"
    assert record["boost"] is None or record["boost"] != record["boost"]
    (row,) = decided.summary["boosts"]
    assert (row["sends"], row["cost"], decided.summary["value"]) == (0, 0.0, pytest.approx(0.199))
    (other,) = record["runners_up"]
    assert (other["reason"], other["value"], other["behind"]) == (
        "worth less",
        pytest.approx(0.099),
        pytest.approx(0.1),
    )


@pytest.mark.parametrize(("amount", "verb"), [(0.0999, "none"), (0.1001, "send")])
def test_what_loses_is_sent_up_to_the_amount_and_the_record_says_that_it_loses(
    choice: World, amount: float, verb: str
) -> None:
    del choice.assets["coupon"]
    decided = boosted(choice.channel("email", cost=0.2), boost("story", amount)).decide()
    record = dict(decided.records.iloc[0])
    assert record["verb"] == verb
    (row,) = decided.summary["boosts"]
    if verb == "send":
        assert record["value"] == decided.summary["value"] == pytest.approx(-0.1)
        assert (row["sends"], row["losing"], row["cost"]) == (1, 1, pytest.approx(0.1))
        assert "(1 of them expected to bring less than nothing)" in boost_sentences(decided.summary, str)[0]
    else:
        assert record["none_reason"] == "not worth it"
        assert (row["sends"], row["cost"]) == (0, 0.0)


@pytest.mark.parametrize(("until", "asset"), [(date(2017, 11, 14), "story"), (date(2017, 11, 13), "coupon")])
def test_a_boost_holds_until_its_day_begins(choice: World, until: date, asset: str) -> None:
    decided = boosted(choice, boost("story", 1.0, until)).decide()
    assert decided.records["asset_id"].tolist() == [asset]
    assert len(decided.summary["boosts"]) == (asset == "story")


def test_a_day_begins_at_midnight_in_the_playbooks_time_zone() -> None:
    until, midnight = boost("story", 1.0, date(2017, 11, 14)), datetime(2017, 11, 14, 5, tzinfo=UTC)
    assert is_over(until, "America/New_York", midnight)
    assert not is_over(until, "America/New_York", midnight - timedelta(microseconds=1))
    assert is_over(until, "UTC", midnight - timedelta(hours=5))


def test_policies_refuse_what_is_favoured_as_ever(choice: World) -> None:
    choice.options["policies"] = (PolicySpecification("none", "deny", "No.", None, 'asset.kind == "reminder"'),)
    decided = boosted(choice, boost("story", 100.0)).decide()
    assert decided.records["asset_id"].tolist() == ["coupon"]
    assert decided.summary["boost_cost"] == 0.0


def test_a_boost_that_takes_somebody_elses_place_costs_what_they_would_have_brought(world: World) -> None:
    world.customer("rich", "poor").category("MILK", "TEA").channel("email", cost=0.0, capacity=1)
    world.asset("milk", "MILK").asset("tea", "TEA")
    world.rhythm("rich", "MILK", margin_none=10.0).rhythm("poor", "TEA", margin_none=4.0)
    decided = boosted(world, boost("tea", 0.2)).decide()
    assert decided.records.set_index("customer_id")["asset_id"].to_dict() == {"poor": "tea", "rich": None}
    assert decided.summary["boost_cost"] == pytest.approx(0.2 - 0.08)


def test_of_several_boosts_each_costs_what_the_day_would_bring_without_it_alone(world: World) -> None:
    world.customer("1", "2").category("MILK", "TEA").channel("email", cost=0.0)
    world.asset("milk", "MILK").asset("milk-2", "MILK", kind="coupon")
    world.asset("tea", "TEA").asset("tea-2", "TEA", kind="coupon")
    world.rhythm("1", "MILK", margin_none=10.0).rhythm("2", "TEA", margin_none=5.0)
    decided = boosted(world, boost("milk", 1.0), boost("tea", 1.0, by="person:bob")).decide()
    assert [row["cost"] for row in decided.summary["boosts"]] == [pytest.approx(0.2), pytest.approx(0.1)]
    assert decided.summary["boost_cost"] == pytest.approx(0.3)
    assert boost_sentences(decided.summary, lambda cost: f"{cost:.2f}")[-1] == "Together they cost 0.30 of margin."


def test_two_boosts_of_one_asset_add_up_and_both_are_named(choice: World) -> None:
    record = boosted(choice, boost("story", 0.06), boost("story", 0.05, by="person:bob")).record("1")
    assert (record["asset_id"], record["boost"]) == ("story", pytest.approx(0.11))
    assert "person:ann" in record["boost_because"]
    assert "person:bob" in record["boost_because"]


def test_a_boost_of_what_is_not_there_is_refused_with_what_may_have_been_meant(choice: World) -> None:
    with pytest.raises(DecisioningError) as caught:
        boosted(choice, boost("storry", 0.1)).decide()
    assert caught.value.where == "warrant.yaml:9"
    assert caught.value.remedy == "Did you mean `story`?"
    assert boosted(choice, boost("storry", 0.1, date(2017, 11, 13))).decide().summary["boosts"] == [], "over"


def test_the_same_boosts_give_the_same_records_to_the_byte(choice: World) -> None:
    boosted(choice, boost("story", 0.15))
    roots = {seal(choice.decide().table, run_id="r", slot="day").root for _ in range(2)}
    assert len(roots) == 1


@st.composite
def markets(draw: Any) -> World:
    """A few customers of one category, two assets, two channels with little room, and boosts."""
    margins = st.floats(0.5, 30.0).map(lambda margin: round(margin, 3))
    world = World().category("MILK").asset("story", "MILK").asset("coupon", "MILK", kind="coupon")
    world.channel("email", cost=draw(st.sampled_from([0.0, 0.301])), capacity=draw(st.sampled_from([None, 0, 1, 2])))
    world.channel("mail", cost=0.17, capacity=draw(st.sampled_from([0, 1])))
    for number in range(draw(st.integers(1, 3))):
        world.customer(f"c{number}").rhythm(f"c{number}", "MILK", margin_none=draw(margins))
    amounts = st.floats(0.01, 1.0).map(lambda amount: round(amount, 3))
    names = draw(st.lists(st.sampled_from(["story", "coupon"]), min_size=1, max_size=2))
    return boosted(world, *(boost(name, draw(amounts)) for name in names))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(markets())
def test_the_choice_is_the_best_of_what_is_ranked_and_its_cost_that_to_the_best_margin(world: World) -> None:
    summary = world.decide().summary
    favoured = dict.fromkeys(("story", "coupon"), 0.0)
    for one in world.options["boosts"]:
        favoured[one.asset_id] += one.amount
    ranked, of_margin = _best(world, favoured), _best(world, dict.fromkeys(favoured, 0.0))
    assert summary["boosted"]["value"] == pytest.approx(ranked, abs=1e-9)
    assert ranked <= summary["boosted"]["bound"] + 1e-9
    assert summary["value"] + summary["boost_cost"] == pytest.approx(of_margin, abs=1e-9)
    assert of_margin <= summary["bound"] + 1e-9
    assert summary["boost_cost"] >= 0.0


def _best(world: World, favoured: dict[str, float]) -> float:
    """The most that any allowed choice is worth with these added, by trying all."""
    shares = {"story": STORY, "coupon": COUPON}
    best = 0.0
    for sends in product([None, *product(shares, world.channels)], repeat=len(world.rhythms)):
        used = {key: sum(send is not None and send[1] == key for send in sends) for key in world.channels}
        if any(one.capacity is not None and used[key] > one.capacity for key, one in world.channels.items()):
            continue
        total = sum(
            row["margin_none"] * shares[send[0]] - world.channels[send[1]].cost_per_touch + favoured[send[0]]
            for row, send in zip(world.rhythms, sends, strict=True)
            if send is not None
        )
        best = max(best, total)
    return best


def test_without_boosts_nothing_is_said_of_them(choice: World) -> None:
    summary = choice.decide().summary
    assert (summary["boosts"], summary["boost_cost"], summary["boosted"]) == ([], None, None)
    assert boost_sentences(summary, str) == []
