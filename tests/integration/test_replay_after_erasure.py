"""A run of chance, few templates and limits over more than a day comes out the same when somebody in it was erased."""

from tests.scenarios.world import TODAY, World, days_before, local

DUE = days_before(TODAY, 13)
PEOPLE = 12
ERASED = "person-03"


def test_a_replay_is_equal_after_an_erasure_from_a_run_with_chance_templates_and_long_limits(world: World) -> None:
    world.play("replenishment-due").setting(
        exploration=0.5,
        uplift={"coupon": {"mean": 0.3, "low": 0.2, "high": 0.4}},
        limits=[
            {"name": "at home", "scope": {"each": "household"}, "amount": 4, "per": "all"},
            {"name": "sends", "amount": 150, "per": "month"},
            {"name": "out", "unit": "exposure", "scope": {"offers": "any"}, "amount": 9, "per": "standing"},
        ],
    )
    world.channel("email", template_limit=2, capacity=7).channel("letter", cost_per_touch=0.02)
    for number in range(PEOPLE):
        customer, category = f"person-{number:02}", ("coffee", "tea", "mate")[number % 3]
        world.customer(customer, household_id=f"home-{number // 4}")
        world.buys(customer, category, every=14, last=DUE, spend=20.0 + number)
        if number % 3 == 0:
            world.touch(customer, at=local(days_before(TODAY, 4)), asset_id="coffee-coupon")
    world.offer("off", discount_pct=10, unit_cost=1.0)
    world.asset("coffee-coupon", kind="coupon", categories=["coffee"], offer_id="off")
    day = world.run()
    assert day["templates"], "more was wanted than e-mail renders"
    assert day["exploration"]["customers"] > 0

    erased = world.command("subject", "erase", ERASED, "--because", "they asked", "--yes")

    assert erased.exit_code == 0, erased.stdout
    assert erased.document["still_found"] == []
    assert erased.document["records"][0]["can_be_replayed"]
    replayed = world.command("replay", day["run_id"])
    assert replayed.exit_code == 0, replayed.stdout
    assert replayed.document["is_equal"]
    assert list(replayed.document["erased"].values()) == [erased.document["records"][0]["digest"]]


def test_limits_of_single_people_name_no_one_who_was_erased_and_replays_stay_equal(world: World) -> None:
    world.play("replenishment-due").channel("email", capacity=3)
    world.setting(limits=[{"name": "each", "scope": {"each": "customer"}, "amount": 4, "per": "all"}])
    for number in range(6):
        customer = f"person-{number:02}"
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE, spend=20.0 + number)
    day = world.run()
    for customer in ("person-03", "person-05"):
        erased = world.command("subject", "erase", customer, "--because", "they asked", "--yes")
        assert erased.document["still_found"] == []
        assert world.command("replay", day["run_id"]).document["is_equal"]
