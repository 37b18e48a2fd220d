"""What is said fits what the customer buys, knows and may be offered."""

from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)


def test_b034_bestsellers_come_from_bought_categories_without_bought_products(world: World) -> None:
    world.has_default_reminders = False
    world.play("favourites")
    for product in ("arabica", "robusta", "assam", "darjeeling"):
        category = "coffee" if product in ("arabica", "robusta") else "tea"
        world.product(product, category)
        world.asset(f"bestseller-{product}", products=[product], categories=[category])
    for customer, product in (
        ("buys-arabica", "arabica"),
        ("buys-robusta", "robusta"),
        ("buys-assam", "assam"),
        ("buys-darjeeling", "darjeeling"),
    ):
        world.customer(customer).buys(customer, product, every=10, times=10, last=days_before(TODAY, 4))
    world.customer("buys-all-coffee")
    for product in ("arabica", "robusta"):
        world.buys("buys-all-coffee", product, every=10, times=10, last=days_before(TODAY, 4))
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
    assert coffee["motive"]["sentence"] != tea["motive"]["sentence"]
    assert lukewarm["action"]["verb"] == "none"
    assert lukewarm["refused_by"]["only-hot-leads"] >= 1
