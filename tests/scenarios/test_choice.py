"""What is said fits what the customer buys, knows and may be offered."""

from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)


def test_b034_bestsellers_come_from_bought_categories_without_bought_products(world: World) -> None:
    world.has_default_reminders = False
    world.setting(graph={"product_threshold_days": 1})
    world.play("favourites")
    shelf = {"arabica": "coffee", "robusta": "coffee", "assam": "tea", "darjeeling": "tea"}
    for product, category in shelf.items():
        world.product(product, category).asset(f"bestseller-{product}", products=[product], kind="story")
        customer = f"buys-{product}"
        world.customer(customer).buys(customer, product, every=10, times=10, last=days_before(TODAY, 4))
    world.customer("knows-all-coffee").buys("knows-all-coffee", "arabica", every=10, times=10, last=DUE)
    world.purchase("knows-all-coffee", "robusta", on=days_before(TODAY, 100))
    world.customer("buys-nothing")

    day = world.run()

    assert {row["customer_id"]: row["asset_id"] for row in world.exported(day)} == {
        "buys-arabica": "bestseller-robusta",
        "buys-robusta": "bestseller-arabica",
        "buys-assam": "bestseller-darjeeling",
        "buys-darjeeling": "bestseller-assam",
    }


def test_b048_two_leads_over_score_80_get_different_next_actions(world: World) -> None:
    world.policy("only-hot-leads", require="customer.score > 80")
    for customer, category, score in (
        ("hot-coffee-lead", "coffee", 85),
        ("hot-tea-lead", "tea", 85),
        ("lukewarm-tea-lead", "tea", 80),
    ):
        world.customer(customer, score=score).buys(customer, category, every=14, last=DUE)

    world.run()

    coffee, tea, lukewarm = (world.why(lead) for lead in ("hot-coffee-lead", "hot-tea-lead", "lukewarm-tea-lead"))
    assert coffee["action"]["asset_id"] == "coffee-reminder"
    assert tea["action"]["asset_id"] == "tea-reminder"
    assert coffee["motive"]["subject"] == "category/coffee"
    assert tea["motive"]["subject"] == "category/tea"
    assert "Coffee" in coffee["motive"]["sentence"]
    assert "Tea" in tea["motive"]["sentence"]
    assert lukewarm["action"]["verb"] == "none"
    assert lukewarm["refused_by"]["only-hot-leads"] >= 1
