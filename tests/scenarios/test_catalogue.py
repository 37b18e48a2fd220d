"""What hangs together in the catalogue: the next size for who grows, and what stands in for what is out of stock."""

from tests.scenarios.world import TODAY, World, days_before


def grows(world: World, customer_id: str, **days_ago: int) -> None:
    """A customer who bought jackets of these sizes so many days ago, such as `size_98=400`."""
    world.customer(customer_id)
    for size, ago in days_ago.items():
        world.purchase(customer_id, f"bear-{size.removeprefix('size_')}", on=days_before(TODAY, ago), spend=60.0)


def test_b039_a_size_history_gets_the_next_size_offered(world: World) -> None:
    world.play("size-progression")
    for size in (86, 92, 98, 104, 110, 116):
        world.product(f"bear-{size}", "jackets", size=size, collection="bears")
        world.asset(f"try-{size}", products=[f"bear-{size}"], kind="story")
    # Growing for two years, a size every half a year: 110 is due in these days.
    grows(world, "grows", size_92=550, size_98=370, size_104=190)
    grows(world, "has-it", size_92=730, size_98=550, size_104=370, size_110=190)
    grows(world, "outgrew-us", size_92=1300, size_98=1120, size_104=940)
    grows(world, "two-children", size_86=380, size_92=200, size_98=20)
    grows(world, "bought-at-once", size_98=40, size_104=40, size_110=40)
    grows(world, "only-two", size_98=370, size_104=190)

    day = world.run()

    offered = {row["customer_id"]: row["asset_id"] for row in world.exported(day)}
    assert offered == {"grows": "try-110", "has-it": "try-116"}
    card = world.why("grows")
    assert card["motive"]["subject"] == "product/bear-110"
    assert "92, 98, 104" in card["motive"]["sentence"]
    assert "(Product/bear-104)-[:NEXT_SIZE {because: next number}]->(Product/bear-110)" in card["motive"]["evidence"]
    assert world.why("two-children")["action"]["none_reason"] == "no motive", "98 fits for another half a year"
    followed = world.query("MATCH (p:Product)-[:NEXT_SIZE]->(n:Product) RETURN p.product_id AS p, n.product_id AS n")
    assert {"p": "bear-98", "n": "bear-104"} in followed


def test_b040_what_is_out_of_stock_is_replaced_by_what_is_most_like_it(world: World) -> None:
    world.play("substitution")
    plant_based = {"brand": "green", "size": "1 l", "price": 2.0}
    world.product("oat-drink", "drinks", stock=0, **plant_based)
    world.product("soy-drink", "drinks", stock=40, **plant_based)
    world.product("rice-drink", "drinks", stock=0, **plant_based)
    world.product("champagne", "drinks", stock=9, brand="château", size="0.75 l", price=45.0)
    for product in ("oat-drink", "soy-drink", "rice-drink", "champagne"):
        world.asset(f"see-{product}", products=[product], kind="story")
    world.asset("see-both", products=["oat-drink", "soy-drink"], kind="story")
    world.customer("usual").buys("usual", "oat-drink", every=14, last=days_before(TODAY, 12))
    world.customer("soy-lover").buys("soy-lover", "soy-drink", every=14, last=days_before(TODAY, 12))
    world.customer("cart").buys("cart", "champagne", every=30, last=days_before(TODAY, 40))
    world.signal("Product Added", on=days_before(TODAY, 1), customer_id="cart", product_id="oat-drink")

    day = world.run()

    offered = {row["customer_id"]: row["asset_id"] for row in world.exported(day)}
    assert offered == {"usual": "see-soy-drink", "cart": "see-soy-drink"}
    for customer, wanted in (("usual", "BOUGHT"), ("cart", "HAS_IN_CART")):
        motive = world.why(customer)["motive"]
        assert motive["subject"] == "product/soy-drink"
        assert "Oat-Drink is out of stock" in motive["sentence"]
        assert any(wanted in evidence and "Product/oat-drink" in evidence for evidence in motive["evidence"])
        assert any("(Product/soy-drink)-[:SUBSTITUTES" in evidence for evidence in motive["evidence"])
    assert world.why("soy-lover")["action"]["verb"] == "none", "what they buy is there"
