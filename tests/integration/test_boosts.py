"""What a person favours, from the playbook to the sheet, the card and the replay."""

from typing import Any

from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)
TOMORROW = days_before(TODAY, -1)
BOSS = {"WARRANT_ACTOR": "person:ann"}


def favoured(world: World, *boosts: dict[str, Any]) -> World:
    """Three customers who are due, a story and a coupon that is worth more to all of them, and boosts."""
    world.play("replenishment-due")
    world.asset("story", categories=["milk"]).asset("coupon", kind="coupon", categories=["milk"])
    world.setting(uplift={"reminder": _uplift(0.02), "coupon": _uplift(0.04)}, boosts=[*boosts])
    for number in range(3):
        world.customer(f"c{number}").buys(f"c{number}", "milk", every=14, last=DUE, spend=20.0 + number)
    world.write()
    ann, bob = "{name: Ann, role: admin}", f"{{name: Bob, role: owner, left_on: {DUE}}}"
    (world.playbook / "people.yaml").write_text(f"people:\n  ann: {ann}\n  bob: {bob}\n", encoding="utf-8")
    return world


def boost(**changed: Any) -> dict[str, Any]:
    usual = {"asset": "story", "amount": 5.0, "until": TOMORROW, "by": "person:ann", "because": "The farm film is out."}
    return usual | changed


def _uplift(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean / 2, "high": mean * 2}


def test_what_a_person_favours_is_sent_and_costed_and_comes_out_the_same_again(world: World) -> None:
    day = favoured(world, boost()).run()

    assert {row["asset_id"] for row in world.exported(day)} == {"story"}
    (told,) = day["boosts"]
    assert (told["sends"], told["losing"]) == (3, 0)
    assert told["cost"] == day["boost_cost"] > 0
    assert day["value"] + day["boost_cost"] <= day["bound"] + 1e-9 < day["boosted"]["value"]

    card = world.command("why", "--customer", "c0", environment=BOSS).document
    assert card["boost"] == {"amount": 5.0, "because": f"person:ann until {TOMORROW}: The farm film is out."}
    assert card["alternatives"][0]["asset_id"] == "coupon"
    assert card["alternatives"][0]["value"] > card["value"]["total"]
    assert card["alternatives"][0]["why_not"].endswith("more; a boost put what was chosen first")
    marketer = " ".join(card["said"]["marketer"])
    assert f"It was ranked 5 EUR higher, by person:ann until {TOMORROW}: The farm film is out." in marketer

    assert world.command("replay", day["run_id"], environment=BOSS).document["is_equal"]


def test_check_names_boosts_that_are_over_those_of_who_left_and_those_of_nothing(world: World) -> None:
    favoured(world, boost(until=TODAY, asset="gone"), boost(by="person:bob"), boost(asset="storry"))

    report = world.command("check").document

    over, left = report["warnings"]
    assert over["what"] == f"the boost of `gone` is over since {TODAY} and does nothing any more."
    assert left["what"] == f"the boost of `story` is person:bob's, who left on {DUE}."
    (unknown,) = report["errors"]
    assert unknown["what"] == "the boost by person:ann favours the asset `storry`, which is not there."
    assert unknown["remedy"] == "Did you mean `story`?"
    line = int(unknown["where"].rpartition(":")[2])
    assert "storry" in (world.playbook / "warrant.yaml").read_text(encoding="utf-8").splitlines()[line - 1]
