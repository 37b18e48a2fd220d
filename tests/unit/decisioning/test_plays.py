from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import decisioning.plays
from decisioning.errors import DecisioningError
from decisioning.play import CAMPAIGNS
from decisioning.plays import available, off_because, play_named
from decisioning.settings import CampaignSettings, PlaySettings
from tests.unit.decisioning.world import World

# ---- the registry


def test_every_file_of_the_folder_is_a_play_under_its_own_name() -> None:
    files = {path.stem.replace("_", "-") for path in Path(decisioning.plays.__file__).parent.glob("[a-z]*.py")}
    assert set(available()) == files
    assert {"replenishment-due", "cadence-broken", "favourites", "campaign"} <= files


def test_every_threshold_states_a_default_and_what_it_means() -> None:
    for play in available().values():
        for name, threshold in play.defaults.items():
            assert name.isidentifier()
            assert threshold.meaning.endswith(".")


def test_an_unknown_play_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DecisioningError, match=r"no play `guesswork`.*replenishment-due"):
        play_named("guesswork")


def test_a_play_without_its_tables_says_which_are_missing() -> None:
    assert off_because("replenishment-due", ["customers", "purchases", "products", "categories"]) is None
    assert off_because("replenishment-due", ["customers", "products", "categories"]) == "purchases is missing"
    assert off_because("favourites", ["categories"]) == "purchases and products are missing"


def test_the_campaign_play_needs_a_campaign_in_the_playbook() -> None:
    campaign = CampaignSettings("autumn", None, ("a",), date(2017, 11, 1), date(2017, 11, 30))
    assert off_because("campaign", ["customers"], PlaySettings("campaign")) == f"{CAMPAIGNS} is missing"
    assert off_because("campaign", ["customers"], PlaySettings("campaign", campaigns=(campaign,))) is None


# ---- replenishment due


@pytest.mark.parametrize(
    ("due_in", "is_due"),
    [(0, True), (-0.001, True), (-2.999, True), (-3.0, False), (6.999, True), (7.0, False), (16, False)],
)
def test_a_fortnightly_buyer_is_due_from_a_week_before_the_day_to_three_days_after(
    shop: World, due_in: float, is_due: bool
) -> None:
    shop.rhythms[0] |= {"interval_days": 14.0, "due_in": due_in}
    assert len(shop.propose().frame) == is_due


def test_a_14_day_buyer_is_nudged_near_day_14_and_a_90_day_buyer_is_not_nudged_at_day_30(shop: World) -> None:
    for days_since in (7.5, 14, 16, 30):
        shop.customer(f"14-{days_since}").rhythm(
            f"14-{days_since}", "MILK", interval_days=14.0, due_in=14.0 - days_since
        )
        shop.customer(f"90-{days_since}").rhythm(
            f"90-{days_since}", "MILK", interval_days=90.0, due_in=90.0 - days_since
        )
    nudged = set(shop.propose().frame["customer_id"]) - {"1"}
    assert nudged == {"14-7.5", "14-14", "14-16"}


def test_a_weekly_buyer_who_was_here_yesterday_is_not_due(shop: World) -> None:
    shop.rhythms[0] |= {"interval_days": 7.0, "due_in": 6.0}
    assert shop.propose().frame.empty
    shop.rhythms[0] |= {"due_in": 3.4}
    assert len(shop.propose().frame) == 1


def test_an_overdue_pair_counts_only_while_the_rhythm_holds(shop: World) -> None:
    shop.rhythms[0] |= {"due_in": -1.0, "survival": 0.25}
    assert len(shop.propose().frame) == 1
    shop.rhythms[0] |= {"survival": 0.2499}
    assert shop.propose().frame.empty


def test_a_rhythm_is_believed_from_four_shopping_days_on(shop: World) -> None:
    shop.rhythms[0] |= {"shopping_days": 3}
    assert shop.propose().frame.empty
    shop.rhythms[0] |= {"shopping_days": 4}
    assert len(shop.propose().frame) == 1


def test_a_threshold_of_the_playbook_overrides_the_default(shop: World) -> None:
    shop.rhythms[0] |= {"shopping_days": 4}
    shop.plays = (PlaySettings("replenishment-due", thresholds={"minimum_days": 5}),)
    assert shop.propose().frame.empty


def test_a_motive_is_stronger_the_nearer_its_day_is(shop: World) -> None:
    shop.customer("near", "far").rhythm("near", "MILK", due_in=0.5).rhythm("far", "MILK", due_in=6.5)
    strength = shop.propose().frame.set_index("customer_id")["strength"]
    assert 0 <= strength["far"] < strength["1"] < strength["near"] <= 1


def test_the_motive_of_a_rhythm_says_when_why_and_on_which_facts(shop: World) -> None:
    motive = shop.propose().frame.iloc[0]
    assert motive["subject"] == "category/MILK"
    assert motive["sentence"] == "Buys milk about every 14 days, last on 2017-11-01: due on 2017-11-15."
    assert motive["starts_at"] == pd.Timestamp("2017-11-08T05:00", tz="UTC")
    assert motive["until"] == pd.Timestamp("2017-11-18T05:00", tz="UTC")
    assert motive["evidence"] == (
        '[{"from":"Customer/1","properties":{"count":10,"last_at":"2017-11-01T05:00:00.000000Z"},'
        '"to":"Category/MILK","type":"BOUGHT"}]'
    )
    assert '"interval_days":14.0' in motive["facts"]


# ---- what is never a subject


def test_excluded_categories_and_what_is_within_them_are_no_subjects(world: World) -> None:
    world.customer("1").channel("email").category("DRINKS").category("ALCOHOL", parent="DRINKS")
    world.category("BEER", parent="ALCOHOL").category("MILK", parent="DRINKS")
    for category in ("BEER", "MILK"):
        world.rhythm("1", category, survival=0.3).interest("1", category)
    for name in ("replenishment-due", "favourites"):
        world.plays = (PlaySettings(name, excluded_categories=frozenset({"ALCOHOL"})),)
        assert list(world.propose().frame["subject"]) == ["category/MILK"]
        world.plays = (PlaySettings(name, excluded_categories=frozenset({"DRINKS"})),)
        assert world.propose().frame.empty


def test_an_exclusion_with_a_typing_mistake_is_an_error(shop: World) -> None:
    shop.plays = (PlaySettings("replenishment-due", excluded_categories=frozenset({"BEERS"})),)
    with pytest.raises(DecisioningError, match=r"excluded category `BEERS`.*e\.g\. BEER"):
        shop.propose()


# ---- cadence broken


@pytest.fixture
def missing(shop: World) -> World:
    """The customer shops elsewhere in the shop, yet not milk any more."""
    shop.plays = (PlaySettings("cadence-broken"),)
    shop.rhythms[0] |= {"due_in": -20.0, "survival": 0.09, "survival_week_ago": 0.15}
    return shop


@pytest.mark.parametrize(
    ("survival", "week_ago", "fires"),
    [(0.09, 0.15, True), (0.0999, 0.1, True), (0.1, 0.15, False), (0.05, 0.0999, False), (0.5, 0.9, False)],
)
def test_a_broken_cadence_fires_in_the_week_in_which_it_breaks_only(
    missing: World, survival: float, week_ago: float, fires: bool
) -> None:
    missing.rhythms[0] |= {"survival": survival, "survival_week_ago": week_ago}
    assert len(missing.propose().frame) == fires


@pytest.mark.parametrize(("days_ago", "shopping_days", "fires"), [(14, 1, True), (14.001, 1, False), (1, 0, False)])
def test_a_broken_cadence_needs_a_customer_who_still_shops(
    missing: World, days_ago: float, shopping_days: int, fires: bool
) -> None:
    missing.customer("1", last_purchase_at=missing.as_of - timedelta(days=days_ago), shopping_days_28d=shopping_days)
    assert len(missing.propose().frame) == fires


def test_a_customer_who_never_bought_anything_breaks_no_cadence(missing: World) -> None:
    missing.customer("1", last_purchase_at=None, shopping_days_28d=None)
    assert missing.propose().frame.empty


def test_a_broken_cadence_says_since_when_and_how_rare_that_is(missing: World) -> None:
    sentence = missing.propose().frame["sentence"].iloc[0]
    assert sentence == (
        "Used to buy milk about every 14 days, yet not since 2017-10-10, though here on 2017-11-12: "
        "only 9% of such gaps last this long."
    )


# ---- favourites


@pytest.fixture
def liking(world: World) -> World:
    """Somebody who buys milk and beer and is believed to like both."""
    world.plays = (PlaySettings("favourites"),)
    world.customer("1").category("MILK", "BEER").channel("email").asset("milk-story", "MILK")
    return world.rhythm("1", "MILK").rhythm("1", "BEER").interest("1", "MILK").interest("1", "BEER")


def test_an_interest_expires_when_its_decayed_weight_falls_below_the_minimum(liking: World) -> None:
    liking.interests = []
    liking.interest("1", "MILK", weight=4.0, half_life_days=30.0, days_ago=30.0)
    liking.interest("1", "BEER", weight=4.0, half_life_days=30.0, days_ago=30.1)
    assert list(liking.propose().frame["subject"]) == ["category/MILK"]


def test_an_interest_needs_confidence(liking: World) -> None:
    liking.interests = []
    liking.interest("1", "MILK", confidence=0.5).interest("1", "BEER", confidence=0.4999)
    assert list(liking.propose().frame["subject"]) == ["category/MILK"]


def test_a_favourite_lasts_until_its_weight_has_faded(liking: World) -> None:
    liking.interests = []
    liking.interest("1", "MILK", weight=8.0, days_ago=0.0, half_life_days=10.0)
    motive = liking.propose().frame.iloc[0]
    assert motive["until"] == pd.Timestamp(liking.as_of) + pd.Timedelta(days=20)


def test_with_a_history_only_bought_categories_are_favourites(liking: World) -> None:
    liking.category("TEA").interest("1", "TEA", rule="browsing")
    assert "category/TEA" not in set(liking.propose().frame["subject"])


@pytest.mark.parametrize(("shopping_days", "is_told"), [(3, True), (4, False)])
def test_with_a_thin_history_any_interest_serves(liking: World, shopping_days: int, is_told: bool) -> None:
    liking.customer("1", shopping_days_91d=shopping_days).category("TEA").interest("1", "TEA", rule="browsing")
    assert ("category/TEA" in set(liking.propose().frame["subject"])) is is_told


def test_two_rules_about_one_category_make_one_motive_of_the_stronger(liking: World) -> None:
    liking.interest("1", "MILK", rule="browsing", weight=80.0)
    sentences: dict[str, str] = dict(liking.propose().frame[["subject", "sentence"]].itertuples(index=False))
    assert sorted(sentences) == ["category/BEER", "category/MILK"]
    assert "browsing" in sentences["category/MILK"]


@pytest.mark.parametrize(("days_ago", "is_told"), [(2.999, False), (3.0, True)])
def test_what_has_just_been_bought_rests(liking: World, days_ago: float, is_told: bool) -> None:
    liking.rhythms[0] |= {"interval_days": 14.0, "due_in": 14.0 - days_ago}
    assert ("category/MILK" in set(liking.propose().frame["subject"])) is is_told


def test_only_the_strongest_interests_are_favourites(liking: World) -> None:
    liking.interests[1] |= {"weight": 3.0}
    liking.plays = (PlaySettings("favourites", thresholds={"most": 1}),)
    assert list(liking.propose().frame["subject"]) == ["category/MILK"]


def test_a_favourite_is_never_stronger_than_a_motive_for_today(liking: World) -> None:
    liking.interests = []
    liking.interest("1", "MILK", weight=1e9, confidence=1.0, days_ago=0.0)
    assert liking.propose().frame["strength"].iloc[0] < 0.5


# ---- campaign


def campaign(world: World, first: date, last: date, audience: str | None = None) -> World:
    settings = CampaignSettings("autumn", audience, ("leaflet",), first, last)
    world.plays = (PlaySettings("campaign", campaigns=(settings,)),)
    return world.channel("email").category("MILK").asset("leaflet", "MILK").customer("1", "2", "3")


@pytest.mark.parametrize(
    ("first", "last", "runs"),
    [
        (date(2017, 11, 13), date(2017, 11, 13), True),
        (date(2017, 11, 1), date(2017, 11, 12), False),
        (date(2017, 11, 14), date(2017, 11, 30), False),
    ],
)
def test_a_campaign_runs_on_its_first_and_last_local_day_and_between(
    world: World, first: date, last: date, runs: bool
) -> None:
    assert len(campaign(world, first, last).propose().frame) == (3 if runs else 0)


def test_a_campaign_is_for_its_audience(world: World) -> None:
    campaign(world, date(2017, 11, 1), date(2017, 11, 30), "valuable")
    world.customer("1", pclv=500.0).customer("2", pclv=499.99).customer("3", pclv=None)
    world.options["audiences"] = {"valuable": "customer.pclv >= 500"}
    frame = world.propose().frame
    assert list(frame["customer_id"]) == ["1"], "a missing value selects nobody"
    assert frame["sentence"].iloc[0] == "The campaign autumn runs until 2017-11-30 for the audience valuable."
    assert frame["subject"].iloc[0] == "campaign/autumn"


def test_a_campaign_for_an_unknown_audience_is_an_error(world: World) -> None:
    campaign(world, date(2017, 11, 1), date(2017, 11, 30), "nobody")
    with pytest.raises(DecisioningError, match=r"campaign autumn.*no audience `nobody`"):
        world.propose()


# ---- proposing


def test_motives_are_the_same_whatever_the_order_of_rows(shop: World) -> None:
    shop.customer("2", "10").rhythm("10", "MILK").rhythm("2", "BEER").rhythm("2", "MILK").interest("2", "MILK")
    shop.plays = (PlaySettings("replenishment-due"), PlaySettings("favourites"))
    before = shop.propose().frame
    shop.rhythms.reverse()
    pd.testing.assert_frame_equal(before, shop.propose().frame)
    assert list(before["customer_id"]) == sorted(before["customer_id"])


def test_a_forecast_about_somebody_unknown_is_an_error(shop: World) -> None:
    shop.rhythm("stranger", "MILK")
    with pytest.raises(DecisioningError, match="stranger has a forecast"):
        shop.propose()


def test_two_forecasts_about_one_pair_are_an_error(shop: World) -> None:
    shop.rhythm("1", "MILK")
    with pytest.raises(DecisioningError, match="two forecasts for 1 and MILK"):
        shop.propose()


def test_a_view_of_another_moment_is_an_error(shop: World) -> None:
    from decisioning.decide import propose

    with pytest.raises(DecisioningError, match="The view knows the world at"):
        propose(shop.view(), shop.forecasts(), shop.settings(), shop.as_of + timedelta(days=1))


def test_no_play_at_all_proposes_nothing_in_the_usual_columns(shop: World) -> None:
    usual = shop.propose().frame
    shop.plays = ()
    nothing = shop.propose().frame
    assert nothing.empty
    assert nothing.dtypes.to_dict() == usual.dtypes.to_dict()
