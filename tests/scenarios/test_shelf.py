"""What is offered fits the season, and those of whom little is known hear of what they keep looking at."""

from datetime import date

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
    world.setting(seasons={"summer": {"from": "06-01", "until": "08-31"}, "winter": {"from": "12-01", "until": "02-28"}})
    for product, season in {"sandals": "summer", "boots": "winter", "sneakers": ""}.items():
        world.product(product, f"{product}-shelf", season=season).asset(f"new-{product}", products=[product], kind="story")
        world.asset(f"about-{product}-shelf", categories=[f"{product}-shelf"], products=[product], kind="story")
        world.customer(f"{product}-fan").buys(f"{product}-fan", f"{product}-shelf", every=14, last=days_before(TODAY, 13))

    def heard(day: date) -> dict[str, str]:
        return {row["customer_id"]: row["asset_id"] for row in world.exported(world.run(as_of=day))}

    assert TODAY == date(2026, 3, 6)
    assert heard(TODAY) == {"sneakers-fan": "about-sneakers-shelf"}
    assert world.why("boots-fan")["refused_by"]["asset-out-of-season"] >= 1
    assert world.why("sandals-fan")["action"]["verb"] == "none"
