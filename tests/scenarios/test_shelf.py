"""What is offered fits the season, and those of whom little is known hear of what they keep looking at."""

from tests.scenarios.world import TODAY, World, days_before

YESTERDAY = days_before(TODAY, 1)


def test_b035_with_a_thin_purchase_history_the_most_browsed_category_is_used(world: World) -> None:
    world.play("favourites")
    for product, category in {"assam": "tea", "arabica": "coffee", "mug": "dishes"}.items():
        world.product(product, category)
    for customer in ("newcomer", "regular"):
        world.customer(customer)
        world.views(customer, "assam", times=6, last=YESTERDAY).views(customer, "mug", times=1, last=YESTERDAY)
    world.purchase("newcomer", "arabica", on=days_before(TODAY, 40))
    world.buys("regular", "arabica", every=10, times=10, last=days_before(TODAY, 4))
    # Somebody has to buy tea and dishes, or no margin is known there.
    world.customer("tea-drinker").buys("tea-drinker", "assam", every=10, times=10, last=days_before(TODAY, 4))

    world.run()

    newcomer, regular = world.why("newcomer"), world.why("regular")
    assert newcomer["action"]["asset_id"] == "tea-reminder"
    assert newcomer["motive"]["subject"] == "category/tea"
    assert "most-browsed" in newcomer["motive"]["sentence"]
    assert any("INTERESTED_IN" in evidence for evidence in newcomer["motive"]["evidence"])
    assert regular["action"]["asset_id"] == "coffee-reminder", "who has a history hears of what they buy"


def test_b041_what_is_out_of_season_is_not_offered(world: World) -> None:
    world.has_default_reminders = False
    yesterday, today, tomorrow = (f"{days_before(TODAY, back):%m-%d}" for back in (1, 0, -1))
    seasons = {
        "ended-yesterday": {"from": "01-15", "until": yesterday},
        "ends-today": {"from": "01-15", "until": today},
        "starts-today": {"from": today, "until": "08-31"},
        "starts-tomorrow": {"from": tomorrow, "until": "08-31"},
        "winter-ended-yesterday": {"from": "12-01", "until": yesterday},
        "winter-ends-today": {"from": "12-01", "until": today},
    }
    world.setting(seasons=seasons)
    for season in (*seasons, "never-described", None):
        item = season or "all-year"
        world.product(item, f"{item}-shelf", season=season)
        world.asset(f"see-{item}", products=[item], kind="story")
        world.customer(f"{item}-fan").buys(f"{item}-fan", item, every=14, last=days_before(TODAY, 13))

    day = world.run()

    assert {row["customer_id"]: row["asset_id"] for row in world.exported(day)} == {
        "ends-today-fan": "see-ends-today",
        "starts-today-fan": "see-starts-today",
        "winter-ends-today-fan": "see-winter-ends-today",
        "all-year-fan": "see-all-year",
    }
    for item in ("ended-yesterday", "starts-tomorrow", "winter-ended-yesterday", "never-described"):
        card = world.why(f"{item}-fan")
        assert card["action"]["verb"] == "none"
        assert card["refused_by"] == {"asset-out-of-season": 1}
