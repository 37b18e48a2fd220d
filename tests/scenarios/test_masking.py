"""Who has not the right to see personal data is shown the shape of things, and no person."""

import json

from tests.scenarios.world import TODAY, World, days_before

PEOPLE = "people:\n  vic: {name: Vic, role: viewer}\n  ana: {name: Ana, role: analyst}\n"
CUSTOMERS = tuple(f"customer-no-{number}" for number in range(6))


def test_b147_a_role_without_rights_sees_masked_data(world: World) -> None:
    world.setting(holdout_share=0.3).play("replenishment-due")
    for customer in CUSTOMERS:
        world.customer(customer, region="north-of-the-wall")
        world.buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
    world.write()
    (world.playbook / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    world.run()

    everything = (
        "MATCH p = (c:Customer)-[b:BOUGHT]->(k:Category) RETURN c, c.customer_id AS id, c.region AS region, b, k, p"
    )
    seen = world.command("query", everything, "--actor", "person:vic").document
    assert len(seen["rows"]) == len(CUSTOMERS)
    assert seen["is_masked"]
    assert not names_anybody(seen)
    assert {row["k"]["properties"]["category_id"] for row in seen["rows"]} == {"coffee"}
    assert {row["region"] for row in seen["rows"]} == {"•••"}

    unnamed = world.command("query", everything).document
    assert not names_anybody(unnamed), "whoever is not named has the least rights"

    known = world.command("query", everything, "--actor", "person:ana").document
    assert {row["id"] for row in known["rows"]} == set(CUSTOMERS)
    assert {row["region"] for row in known["rows"]} == {"north-of-the-wall"}

    held_out = world.command("query", "who-is-held-out", "--actor", "person:vic").document
    assert held_out["rows"]
    assert not names_anybody(held_out)
    for refused in (
        ("query", "MATCH (c:Customer) WHERE c.region STARTS WITH 'n' RETURN count(c)"),
        ("query", "what-do-we-believe-about", "--param", f"customer={CUSTOMERS[0]}"),
        ("why", "--customer", CUSTOMERS[0]),
    ):
        answer = world.command(*refused, "--actor", "person:vic")
        assert answer.exit_code == 5
        assert answer.error["remedy"]


def names_anybody(document: object) -> bool:
    text = json.dumps(document)
    return any(f'"{secret}"' in text for secret in (*CUSTOMERS, "north-of-the-wall"))
