"""`warrant policy` and `warrant backfill`: policies are tested, explained and tried on days that are over."""

from pathlib import Path

import pytest
import yaml

from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)
USAGE, REFUSED, FAILED = 2, 5, 6


@pytest.fixture
def shop(world: World) -> World:
    """Somebody due for coffee, somebody due for tea, a coupon for each, and a policy with tests."""
    for customer, what, discount_pct in (("anna", "coffee", 20), ("bert", "tea", 5)):
        world.customer(customer).buys(customer, what, every=14, last=DUE)
        world.offer(f"{what}-off", discount_pct=discount_pct)
        world.asset(f"{what}-coupon", kind="coupon", categories=[what], offer_id=f"{what}-off")
    tests = [
        {"offer": {"discount_pct": 30.01}, "expect": "deny"},
        {"offer": {"discount_pct": 30}, "expect": "allow"},
    ]
    return world.policy("no-deep-discounts", deny="offer.discount_pct > 30", tests=tests)


def test_the_tests_of_a_playbooks_policies_are_run_and_told(shop: World) -> None:
    passed = shop.command("policy", "test", str(shop.playbook))
    assert passed.exit_code == 0
    assert (passed.document["passed"], passed.document["failed"]) == (2, 0)
    assert passed.document["policies"][0]["tests"][0]["text"] == "offer.discount_pct 30.01 ▸ deny"
    shop.policies[0]["deny"] = "offer.discount_pct >= 30"
    failed = shop.command("policy", "test", str(shop.playbook))
    assert failed.exit_code == FAILED
    assert (failed.document["passed"], failed.document["failed"]) == (1, 1)
    assert "expected allow, but the policy denies it" in failed.document["policies"][0]["tests"][1]["what"]


def test_past_days_are_decided_once_and_never_delivered_and_other_policies_are_tried_on_them(
    shop: World, tmp_path: Path
) -> None:
    today = shop.run(until="authorise")
    past = ["--from", str(days_before(TODAY, 2)), "--to", str(TODAY)]
    first = shop.command("backfill", str(shop.playbook), *past).document
    assert [day["day"] for day in first["days"]] == [str(days_before(TODAY, count)) for count in (2, 1, 0)]
    assert all(day["is_new"] for day in first["days"])
    assert first["days"][-1]["value"] == pytest.approx(today["value"])
    assert first["days"][-1]["run_id"] != today["run_id"]

    again = shop.command("backfill", str(shop.playbook), *past).document
    assert [day["run_id"] for day in again["days"]] == [day["run_id"] for day in first["days"]]
    assert not any(day["is_new"] for day in again["days"])
    refused = shop.command("deliver", first["days"][-1]["run_id"])
    assert refused.exit_code == REFUSED
    assert "hindsight" in refused.error["what"]
    # What is asked without naming a run is asked of the day that was decided, not of a day in hindsight.
    assert shop.why("anna")["run_id"] == today["run_id"]

    explained = shop.command("policy", "explain", "no-deep-discounts").document
    assert explained["says"].startswith("Nothing is sent if the offer's discount pct is above 30.")
    assert explained["last_run"] | {"run_id": today["run_id"], "candidates_refused": 0} == explained["last_run"]

    stricter = tmp_path / "stricter.yaml"
    rule = {"id": "no-deep-discounts", "because": "Stricter.", "deny": "offer.discount_pct > 10"}
    stricter.write_text(yaml.safe_dump([rule]), encoding="utf-8")
    tried = shop.command("policy", "impact", str(shop.playbook), "--with", str(stricter), "--days", "2").document
    assert tried["changes"] == [{"policy": "no-deep-discounts", "change": "changed"}]
    assert [day["run_id"] for day in tried["days"]] == [day["run_id"] for day in first["days"][1:]]
    for day in tried["days"]:
        assert day["difference"]["sends"] == day["after"]["sends"] - day["before"]["sends"]
        assert day["refused_by_policy"]["after"]["no-deep-discounts"] == 1
    (lost,) = tried["days"][-1]["customers"]["lose"]["samples"]
    assert lost["customer_id"] == "anna"
    assert tried["total"]["difference"]["value"] == pytest.approx(
        sum(day["after"]["value"] - day["before"]["value"] for day in tried["days"])
    )
    assert tried["total"]["difference"]["value"] < 0
    without = shop.command("policy", "impact", str(shop.playbook), "--without", "no-deep-discounts", "--days", "1")
    assert without.document["total"]["difference"]["sends"] == 0


def test_what_cannot_be_asked_of_policies_is_said(shop: World, tmp_path: Path) -> None:
    nothing = shop.command("policy", "explain", "no-such", "--playbook", str(shop.playbook))
    assert nothing.exit_code == USAGE
    assert "no-deep-discounts" in nothing.error["remedy"]
    for arguments, exit_code in (
        ((), USAGE),
        (("--without", "no-such"), USAGE),
        (("--without", "consent"), REFUSED),
        (("--without", "no-deep-discounts", "--days", "0"), USAGE),
        (("--with", str(tmp_path / "none.yaml")), 3),
    ):
        answer = shop.command("policy", "impact", str(shop.playbook), *arguments)
        assert answer.exit_code == exit_code, arguments
    tomorrow = ["--from", str(TODAY), "--to", str(days_before(TODAY, -1))]
    assert shop.command("backfill", str(shop.playbook), *tomorrow).exit_code == USAGE
    backwards = ["--from", str(TODAY), "--to", str(days_before(TODAY, 1))]
    assert shop.command("backfill", str(shop.playbook), *backwards).exit_code == USAGE
