"""What people may ask: everything about themselves, that it be put right, and that it be gone."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from graph.store import GraphStore
from tests.scenarios.world import TODAY, Document, World, days_before, local

DUE = days_before(TODAY, 13)
WILLOW, ROWAN, MAIL = "person-willow", "person-rowan", "willow@example.org"


def coffee_shop(world: World, *, capacity: int = 2) -> None:
    """Several people are due for coffee, and the day has room for few: who is erased had taken somebody's place."""
    world.play("replenishment-due").play("favourites")
    world.channel("email", capacity=capacity)
    for customer, spend in ((WILLOW, 60.0), (ROWAN, 40.0), ("person-hazel", 30.0), ("person-alder", 20.0)):
        world.customer(customer, region="North", is_known=True)
        world.buys(customer, "coffee", every=14, last=DUE, spend=spend)
    world.rows["identities"] = [
        {"kind": "email", "value": MAIL, "customer_id": WILLOW, "first_seen_at": local("2025-06-01")}
    ]
    world.rows["signals"] = [
        {
            "signal_id": "signal-1",
            "customer_id": WILLOW,
            "name": "Product Viewed",
            "product_id": "coffee-standard",
            "occurred_at": local(days_before(TODAY, 3)),
        }
    ]


def subject(world: World, *arguments: str) -> Document:
    answer = world.command("subject", *arguments)
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    return answer.document


def files_naming(world: World, *names: str) -> list[str]:
    """A byte search of its own over the whole state folder, columns decoded and archives unpacked.

    The graph server's and Dagster's folders are shared by all worlds of a session; the names are this world's alone.
    """
    found = []
    for part in (Path(world.environment["WARRANT_HOME"])).iterdir():
        for path in part.resolve().rglob("*"):
            try:
                content = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                continue
            if content[:2] == b"\x1f\x8b":
                content += gzip.decompress(content)
            if content[:4] == b"PAR1":
                content += str(parquet.read_table(pa.BufferReader(content)).to_pydict()).encode()
            if content[:6] == b"ARROW1":
                content += str(feather.read_table(pa.BufferReader(content)).to_pydict()).encode()
            if any(name.encode() in content for name in names):
                found.append(str(path))
    return found


def test_b086_a_person_asks_and_every_decision_on_their_data_is_explained_with_how_data_was_used(world: World) -> None:
    coffee_shop(world)
    day = world.run()
    world.command("assert", f"customer/{WILLOW}", "prefers category/coffee", "--because", "told our support")

    shown = subject(world, "show", WILLOW)

    assert set(shown["identifiers"]) == {WILLOW, MAIL}
    assert {name: len(rows) for name, rows in shown["tables"].items()} == {
        "customers": 1,
        "identities": 1,
        "purchases": 8,
        "signals": 1,
        "consents": 1,
    }
    assert all(uses for uses in shown["used_for"].values())
    assert any("forecasts" in use for use in shown["used_for"]["purchases"])
    (decision,) = shown["decisions"]
    card = world.why(WILLOW)
    assert decision["decision_id"] == card["decision_id"]
    assert decision["motive_sentence"] == card["motive"]["sentence"]
    assert decision["used"] == card["versions"]
    assert decision["path"]
    assert decision["funnel"]["candidates"] > 0
    interests = [belief for belief in shown["beliefs"] if belief["belief"] == "INTERESTED_IN"]
    assert interests
    for belief in interests:
        assert belief["rule"]
        assert belief["source"]
        assert belief["valid_from"]
    (consent,) = shown["consents"]
    assert (consent["channel_id"], consent["granted"], consent["basis"]) == ("email", True, "consent")
    exported = {row["decision_id"] for row in world.exported(day)}
    assert [row["row"]["decision_id"] for row in shown["exports"]] == [decision["decision_id"]]
    assert decision["decision_id"] in exported
    assert [event["kind"] for event in shown["journal"]] == ["asserted"]
    assert world.command("subject", "show", "nobody-known").exit_code == 2


def test_b087_memory_follows_a_correction_and_a_deletion_and_consent_stays_current(world: World) -> None:
    coffee_shop(world)
    world.policy("north-only", deny="customer.region != 'North' and asset.kind == 'reminder'")
    before = world.run()
    sent = {row["customer_id"] for row in world.exported(before)}
    assert sent == {WILLOW, ROWAN}, "the day has room for two"

    subject(world, "correct", ROWAN, "--set", "region=South", "--because", "they moved")
    subject(world, "correct", "person-hazel", "--set", "consent.email=withdrawn", "--because", "they called")
    receipt = subject(world, "erase", WILLOW, "--because", "they asked by letter", "--yes")

    assert receipt["still_found"] == []
    assert files_naming(world, WILLOW, MAIL) == []
    assert any("sources" in place["what"] for place in receipt["out_of_reach"])
    assert any("copies" in place["what"] for place in receipt["out_of_reach"])

    replayed = world.command("replay", before["run_id"]).document
    assert replayed["is_equal"], "all other records come out as they were, though the erased had taken a place"
    assert replayed["replayed_root"] == replayed["recorded_root"]
    assert list(replayed["erased"].values()) == [receipt["records"][0]["digest"]]

    world.today = days_before(TODAY, -1)
    after = world.run()
    assert files_naming(world, WILLOW, MAIL) == [], "the sources still have them, and nothing takes them in again"
    assert {row["customer_id"] for row in world.exported(after)} == {"person-alder"}
    assert "north-only" in world.why(ROWAN)["action"]["none_reason"]
    assert "consent" in world.why("person-hazel")["action"]["none_reason"]
    (region,) = world.query(f"MATCH (c:Customer {{customer_id: '{ROWAN}'}}) RETURN c.region AS region")
    assert region["region"] == "South"
    (known,) = world.query("MATCH (c:Customer) RETURN count(c) AS number")
    assert known["number"] == 3
    (word,) = subject(world, "show", "person-hazel")["consents"]
    assert (word["granted"], word["source"]) == (False, "journal")
    assert world.command("subject", "show", WILLOW).exit_code == 2


def test_what_was_decided_and_not_delivered_leaves_without_who_was_erased_meanwhile(world: World) -> None:
    coffee_shop(world, capacity=3)
    decided = world.run(until="authorise")
    receipt = subject(world, "erase", WILLOW, "--because", "they asked by letter", "--yes")
    assert receipt["records"][0]["can_be_replayed"]

    delivered = world.deliver(decided["run_id"])

    assert {row["customer_id"] for row in world.exported(delivered)} == {ROWAN, "person-hazel"}
    assert files_naming(world, WILLOW, MAIL) == []
    replayed = world.command("replay", decided["run_id"]).document
    assert replayed["is_equal"]
    assert replayed["forecasts"] == "as stored"
    again = world.run()
    assert again["run_id"] != decided["run_id"], "the tables are others now"
    assert again["forgotten"] == {"customers": 1, "identities": 1, "purchases": 8, "signals": 1, "consents": 1}
    assert {row["customer_id"] for row in world.exported(again)} == {"person-alder"}, "nobody is written to twice"


@pytest.mark.neo4j
def test_on_a_remote_server_nodes_are_deleted_and_the_receipt_names_what_is_out_of_reach(
    tmp_path: Path, neo4j_store: GraphStore
) -> None:
    target = neo4j_store.target
    remote = {
        "WARRANT_GRAPH": target.uri,
        "WARRANT_GRAPH_USER": target.user,
        "WARRANT_GRAPH_PASSWORD": target.password,
    }
    world = World(tmp_path, "remote-world", {})
    coffee_shop(world)
    assert world.command("run", environment=remote).exit_code == 0
    people = "MATCH (c:Customer) RETURN c.customer_id AS id ORDER BY id"
    decisions = "MATCH (d:Decision)-[:FOR]->(c:Customer) RETURN c.customer_id AS id ORDER BY id"
    assert WILLOW in [row["id"] for row in neo4j_store.read(decisions)]

    answer = world.command("subject", "erase", WILLOW, "--because", "asked", "--yes", environment=remote)

    assert answer.exit_code == 0, answer.stdout
    receipt = answer.document
    assert receipt["graph"]["kind"] == "neo4j"
    assert any(target.uri in place["what"] for place in receipt["out_of_reach"])
    assert [row["id"] for row in neo4j_store.read(people)] == ["person-alder", "person-hazel", ROWAN]
    assert [row["id"] for row in neo4j_store.read(decisions)] == [ROWAN]
    assert files_naming(world, WILLOW, MAIL) == []
    assert world.command("graph", "health", environment=remote).exit_code == 0
