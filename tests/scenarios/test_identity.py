"""Whoever comes without a name and leaves one is the same person, before and after."""

from tests.scenarios.world import TODAY, World, days_before

GUIDE = '{"form": "pricing guide", "email_hash": "5f1d"}'


def shop(world: World) -> None:
    """A shop that sells coffee; ada is a named customer whose address is known."""
    world.category("coffee").product("beans", "coffee").customer("ada").customer("bob")
    world.buys("bob", "coffee", every=14, last=days_before(TODAY, 13))
    world.identity("email", "5f1d", "ada", on=days_before(TODAY, 2))


def visits(world: World, visitor: str, ago: int) -> None:
    """A visitor looks at the beans, so many days ago."""
    world.signal("Product Viewed", on=days_before(TODAY, ago), anonymous_id=visitor, product_id="beans")


def test_b104_a_gated_download_with_contact_details_moves_the_anonymous_history_to_the_named_profile(
    world: World,
) -> None:
    shop(world)
    for ago in (9, 6, 4):
        visits(world, "browser-1", ago)
    visits(world, "browser-2", 4)
    world.run(until="relate", as_of=days_before(TODAY, 3))
    known = "MATCH (c:Customer) RETURN c.customer_id AS id, c.is_known AS is_known, c.aliases AS aliases ORDER BY id"
    before = {row["id"]: row for row in world.query(known)}
    assert before["anonymous/browser-1"]["is_known"] is False
    assert before["ada"]["aliases"] is None

    form = {"asset_id": "pricing-guide", "properties": GUIDE}
    world.signal("Form Submitted", on=days_before(TODAY, 2), anonymous_id="browser-1", **form)
    visits(world, "browser-1", 1)
    day = world.run(until="relate")

    after = {row["id"]: row for row in world.query(known)}
    assert set(after) == {"ada", "bob", "anonymous/browser-2"}
    assert after["ada"]["aliases"] == ["anonymous/browser-1"]
    (alias,) = world.command("identity", "list").document["aliases"]
    assert {name: alias[name] for name in ("alias", "customer_id", "evidence")} == {
        "alias": "anonymous/browser-1",
        "customer_id": "ada",
        "evidence": "email:5f1d",
    }
    assert day["identities"] == {"aliases": 1, "contested": 0, "visitors": 1, "unreadable_properties": 0}
