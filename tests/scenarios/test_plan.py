"""Who hears what on which day, planned from what is known today."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd

from tests.scenarios.world import TODAY, Document, World, days_before, moment

HORIZON = 8
GOING = {
    "coffee-lover": ("coffee", 9),
    "tea-lover": ("tea", 8),
    "cocoa-lover": ("cocoa", 11),
    "early-bird": ("tea", 13),
}
"""Who buys what every 14 days, and how many days ago they did last."""


def plan(world: World, *options: str) -> Document:
    answer = world.command("plan", str(world.playbook), "--horizon", str(HORIZON), *options)
    assert answer.exit_code == 0, f"{answer.stdout}\n{answer.stderr}"
    return answer.document


def test_b038_a_plan_per_customer_from_only_an_objective_and_constraints(world: World, tmp_path: Path) -> None:
    """Nobody says whom to send what: there is an objective, two messages a day, and one in a week for each customer."""
    world.setting(objective={"margin_pct": 30, "value_window_days": 28})
    world.channel("email", capacity=2).policy("once-a-week", cap={"count": 1, "days": 7})
    for customer, (category, ago) in GOING.items():
        world.customer(customer).buys(customer, category, every=14, last=days_before(TODAY, ago))
    world.customer("stranger")
    decided = world.run(until="authorise")

    file = tmp_path / "plan.csv"
    document = plan(world, "--file", str(file), "--customer", "coffee-lover")

    rows = pd.read_csv(file, dtype=str)
    assert set(rows["customer_id"]) == set(GOING), "everybody of whom there is something to expect has a plan"
    for customer, (category, _) in GOING.items():
        assert set(rows.loc[rows["customer_id"] == customer, "asset_id"]) == {f"{category}-reminder"}
    assert rows.groupby("day").size().max() == 2, "no day has more than the channel can carry"
    for _, mine in rows.groupby("customer_id"):
        sent_at = sorted(moment(text) for text in mine["send_at"])
        assert all(later - earlier >= timedelta(days=7) for earlier, later in pairwise(sent_at))
    days = [date.fromisoformat(day["day"]) for day in document["days"]]
    assert days == [TODAY + timedelta(days=ahead) for ahead in range(HORIZON)]
    assert [day["is_decided"] for day in document["days"]] == [True, *[False] * (HORIZON - 1)]
    assert [day["sends"] for day in document["days"]] == [int((rows["day"] == str(day)).sum()) for day in days]
    assert document["days"][0]["sends"] == decided["sends"], "the first day is what was decided"
    assert all(day["value"] > 0 for day in document["days"] if day["sends"])
    assert "change" in document["note"]

    own = document["customer"]
    mine = rows[rows["customer_id"] == "coffee-lover"]
    told = {day["day"]: day for day in own["days"] if "asset_id" in day}
    assert sorted(told) == sorted(mine["day"])
    for row in mine.to_dict("records"):
        said = told[row["day"]]
        assert (said["channel_id"], moment(said["send_at"])) == (row["channel_id"], moment(row["send_at"]))
        assert said["motive_sentence"]
    assert all(day["none_reason"] for day in own["days"] if "asset_id" not in day)


def test_a_cap_spaces_what_is_planned_and_nothing_of_a_plan_is_stored(world: World) -> None:
    world.policy("once-a-week", cap={"count": 1, "days": 5})
    world.customer("coffee-lover").buys("coffee-lover", "coffee", every=14, last=days_before(TODAY, 13))
    decided = world.run(until="authorise")

    days = plan(world, "--customer", "coffee-lover")["customer"]["days"]

    heard = [place for place, day in enumerate(days) if "asset_id" in day]
    assert heard[0] == 0
    assert all(later - earlier >= 5 for earlier, later in pairwise(heard))
    capped = [day for day in days if day.get("none_reason") == "refused by policy: once-a-week"]
    assert capped[0]["because"] == "The scenario says so."
    again = world.run(until="authorise")
    assert (again["run_id"], again["sends"]) == (decided["run_id"], decided["sends"])


def test_a_plan_says_what_is_missing(world: World) -> None:
    world.customer("coffee-lover").buys("coffee-lover", "coffee", every=14, last=days_before(TODAY, 13))
    answer = world.command("plan", str(world.playbook))
    assert answer.exit_code == 2
    assert "nothing has been decided" in answer.error["what"]
    world.run(until="authorise")
    answer = world.command("plan", str(world.playbook), "--customer", "stranger")
    assert answer.exit_code == 2
    assert "stranger" in answer.error["what"]
    assert "coffee-lover" in answer.error["remedy"]
