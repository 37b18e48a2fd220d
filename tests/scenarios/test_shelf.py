"""What is offered fits the season, and those of whom little is known hear of what they keep looking at."""

from tests.scenarios.world import TODAY, World, days_before

YESTERDAY, TOMORROW = days_before(TODAY, 1), days_before(TODAY, -1)


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
    first, last = "12-01", "11-30"  # a season may run over the turn of the year
    seasons = {
        "ends-yesterday": {"from": first, "until": f"{YESTERDAY:%m-%d}"},
        "ends-today": {"from": first, "until": f"{TODAY:%m-%d}"},
        "starts-today": {"from": f"{TODAY:%m-%d}", "until": last},
        "starts-tomorrow": {"from": f"{TOMORROW:%m-%d}", "until": last},
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
        "all-year-fan": "see-all-year",
    }
    for item in ("ends-yesterday", "starts-tomorrow", "never-described"):
        card = world.why(f"{item}-fan")
        assert card["action"]["verb"] == "none"
        assert card["refused_by"] == {"asset-out-of-season": 1}
