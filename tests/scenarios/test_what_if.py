"""What a change would bring is known before anybody commits to it."""

from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)


def test_b142_before_a_budget_change_is_committed_its_upside_and_downside_are_known(world: World) -> None:
    world.setting(budget_per_day=0.002)
    for number in range(5):
        customer = f"due-{number}"
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE, spend=20.0 + number)
    decided = world.run(until="authorise")
    assert decided["sends"] == 2, "a send costs 0.001"

    more, less, typo = (
        world.command("simulate", "--set", change) for change in ("budget=0.004", "budget=-50%", "bugdet=1")
    )

    found = more.document
    assert found["changes"] == [{"setting": "budget", "from": 0.002, "to": 0.004}]
    assert (found["before"]["value"], found["before"]["sends"]) == (decided["value"], 2)
    assert found["difference"]["sends"] == 2
    assert found["downside"]["value"] <= found["difference"]["value"] <= found["upside"]["value"]
    assert found["downside"]["value"] < 0 < found["upside"]["value"], "an effect that is only assumed may be none"
    gained = found["customers"]["gain"]
    assert {sample["customer_id"] for sample in gained["samples"]} == {"due-1", "due-2"}
    assert gained["count"] == 2
    (limit,) = found["limits"]
    assert limit["limit"] == "total budget"
    assert limit["before"] > limit["after"] > 0, "the next customers are worth less"
    assert less.document["customers"]["lose"]["count"] == 1
    assert less.document["difference"]["value"] < 0
    assert typo.exit_code == 2
    assert "bugdet" in typo.error["what"]
    assert "budget" in typo.error["remedy"]

    assert world.run(until="authorise") == decided, "nothing was written"
    world.setting(budget_per_day=0.004)
    committed = world.run(until="authorise")
    assert (committed["value"], committed["sends"]) == (found["after"]["value"], found["after"]["sends"])
