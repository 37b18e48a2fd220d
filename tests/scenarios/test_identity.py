"""Whoever comes without a name and leaves one is the same person, before and after."""

from tests.scenarios.world import TODAY, World, days_before, local

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


def test_a_person_merges_two_customers_and_takes_it_back(world: World) -> None:
    shop(world)
    world.run(until="perceive")

    said = world.command(
        "identity", "merge", "bob", "ada", "--because", "she told our support", "--actor", "person:eve"
    )
    assert (said.exit_code, said.document["decided_by"]) == (0, "person:eve")
    refused = world.command("identity", "merge", "ada", "bob", "--because", "once more")
    assert refused.exit_code == 5
    assert refused.error["what"] == "`ada` and `bob` are one already; merging them again would go round in a circle."

    world.today = days_before(TODAY, -1)
    world.run(until="perceive")
    (alias,) = world.command("identity", "list", "--customer", "bob").document["aliases"]
    assert {alias["alias"], alias["customer_id"]} == {"ada", "bob"}
    assert (alias["decided_by"], alias["because"]) == ("person:eve", "she told our support")

    assert world.command("identity", "split", "bob", "--because", "she has a sister").exit_code == 0
    world.today = days_before(TODAY, -2)
    day = world.run(until="perceive")
    assert day["identities"]["aliases"] == 0
    assert world.command("identity", "split", "bob", "--because", "again").exit_code == 5


def test_who_cannot_be_told_apart_is_listed_with_the_reason_and_the_evidence(world: World) -> None:
    shop(world)
    world.identity("email", "b0b", "bob", on=days_before(TODAY, 9))
    for customer in ("ada", "bob"):
        world.identity("phone", "0451", customer, on=days_before(TODAY, 9))

    day = world.run(until="perceive")

    (contested,) = world.command("identity", "contested").document["contested"]
    assert contested["reason"] == "conflicting-identifiers"
    assert (contested["customers"], contested["evidence"]) == (["ada", "bob"], ["phone:0451"])
    assert day["identities"]["contested"] == 1


def test_decisions_about_identities_that_cannot_be_are_refused(world: World) -> None:
    shop(world)
    world.run(until="perceive")

    itself = world.command("identity", "merge", "ada", "ada", "--because", "typing")
    assert (itself.exit_code, itself.error["what"]) == (5, "`ada` cannot be merged into itself.")
    stranger = world.command("identity", "merge", "ada", "bobb", "--because", "typing")
    assert (stranger.exit_code, stranger.error["remedy"].split("?")[0]) == (2, "Did you mean bob")
    alone = world.command("identity", "split", "ada", "--because", "typing")
    assert (alone.exit_code, alone.error["what"]) == (
        5,
        "`ada` is joined with no other customer; there is nothing to split.",
    )
    (world.playbook / "people.yaml").write_text("people: {vic: {name: Vic, role: viewer}}\n", encoding="utf-8")
    viewer = world.command("identity", "merge", "ada", "bob", "--because", "guess", "--actor", "person:vic")
    assert viewer.exit_code == 5


def test_a_withdrawal_under_another_id_of_the_same_person_keeps_the_send_back(world: World) -> None:
    shop(world)
    world.customer("bob-too").identity("email", "b0b", "bob", on="2026-01-01").identity(
        "email", "b0b", "bob-too", on="2026-02-01"
    )
    day = world.run(until="authorise")
    assert day["sends"] == 1

    world.withdraws("bob-too", at=local(TODAY, "05:00:00"))
    delivered = world.deliver(day["run_id"])

    assert sum(delivered["delivered"].values()) == 0
    assert sum(delivered["withheld"].values()) == 1


def test_rows_that_meet_under_one_key_are_told_by_check_as_the_run_counts_them(world: World) -> None:
    shop(world)
    world.customer("ada-too").identity("email", "5f1d", "ada-too", on=days_before(TODAY, 1))
    for customer, points in (("ada", 5), ("ada-too", 9)):
        world._row("memberships", customer_id=customer, programme_id="club", points=points)

    checked = world.command("check").document

    (aside,) = [row for row in checked["quarantine_reasons"] if row["table"] == "memberships"]
    assert (aside["rows"], aside["reason"].split(",")[0]) == (1, "another row of the same customer has this key")


def test_a_word_on_consent_that_nobody_can_read_counts_for_the_person_under_whichever_id_it_came(world: World) -> None:
    world.play("replenishment-due")
    for customer in ("willow", "oak"):
        world.customer(customer, joined_at=days_before(TODAY, 300))
        world.buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
        world.customer(f"{customer}-again", consents=False, joined_at=days_before(TODAY, 30))
        for each in (customer, f"{customer}-again"):
            world.identity("email", f"{customer}-address", each, on=days_before(TODAY, 20))
    unreadable = {"customer_id": "willow-again", "channel_id": "email", "purpose": "marketing", "granted": "no idea"}
    world.row("consents", **unreadable, recorded_at=local(days_before(TODAY, 9)), source="shop", basis="consent")

    day = world.run()

    assert day["identities"]["aliases"] == 2
    assert {row["customer_id"] for row in world.exported(day)} == {"oak"}
    assert world.why("willow")["refused_by"] == {"consent": 1}


def test_a_word_on_consent_that_comes_before_delivery_counts_under_whichever_id_too(world: World) -> None:
    world.play("replenishment-due")
    world.customer("willow", joined_at=days_before(TODAY, 300))
    world.buys("willow", "coffee", every=14, last=days_before(TODAY, 13))
    world.customer("willow-again", consents=False, joined_at=days_before(TODAY, 30))
    for each in ("willow", "willow-again"):
        world.identity("email", "address", each, on=days_before(TODAY, 20))
    decided = world.run(until="authorise")
    assert decided["sends"] == 1

    unreadable = {"customer_id": "willow-again", "channel_id": "email", "purpose": "marketing", "granted": "no idea"}
    world.row("consents", **unreadable, recorded_at=local(TODAY, "05:00:00"), source="shop", basis="consent")
    delivered = world.deliver(decided["run_id"])

    assert sum(delivered["delivered"].values()) == 0
    assert delivered["withheld"]
