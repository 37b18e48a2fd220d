"""What is left to chance is written down, with its probability, for later runs to learn from."""

from datetime import timedelta

import pandas as pd

from lake.store import Lake
from tests.scenarios.world import TODAY, World, days_before

CUSTOMERS = 30


def shop(world: World) -> World:
    """Everybody is due for the same thing."""
    for number in range(CUSTOMERS):
        world.customer(f"customer-{number:02}").buys(
            f"customer-{number:02}", "coffee", every=14, times=4, last=days_before(TODAY, 13)
        )
    return world


def assignments(world: World) -> pd.DataFrame:
    return Lake(world.folder / "state" / "lake" / world.name).read("assignments")


def test_holdout_and_exploration_become_assignments_that_the_next_day_reads(world: World) -> None:
    shop(world).setting(holdout_share=0.3, exploration=0.5)
    day = world.run()
    held_out, sent = day["held_out"], {row["customer_id"] for row in world.exported(day)}

    world.today = TODAY + timedelta(days=1)
    world.run(until="perceive")

    rows = assignments(world)
    holdout = rows[rows["experiment_id"].str.startswith("global-holdout/")]
    assert len(holdout) == CUSTOMERS, "everybody is drawn"
    assert dict(holdout.groupby("arm")["propensity"].agg(set)) == {"nothing": {0.3}, "treated": {0.7}}
    assert int((holdout["arm"] == "nothing").sum()) == held_out > 0
    explored = rows[rows["experiment_id"] == "exploration/coffee-reminder by email"]
    assert (explored["propensity"] == 0.5).all()
    by_arm = explored.groupby("arm")["customer_id"].agg(set)
    assert by_arm["coffee-reminder by email"] <= sent
    assert not by_arm["nothing"] & sent, "chance chose to do nothing"
    is_treated = holdout.loc[holdout["arm"] == "treated", "customer_id"]
    assert set(explored["customer_id"]) <= set(is_treated), "who is held out takes no part"
    assert set(is_treated) - sent == by_arm["nothing"], "all others hear what is best"


def test_a_run_that_never_goes_out_assigns_nobody(world: World) -> None:
    shop(world).setting(holdout_share=0.3, exploration=0.5)
    decided = world.run(until="authorise")
    world.today = TODAY + timedelta(days=1)
    day = world.run(until="perceive")
    assert day["run_id"] != decided["run_id"]
    assert Lake(world.folder / "state" / "lake" / world.name).latest("assignments") is None
