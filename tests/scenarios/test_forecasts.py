"""What is expected of each customer: when a first purchase is used up, who stays away, which hour suits."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.scenarios.world import TODAY, World, days_before, local, moment

DAILY, WEEKLY = 30, 90


def forecast(world: World, what: str, folder: Path) -> list[dict[str, Any]]:
    """The rows that `warrant forecast` writes."""
    file = folder / f"{what}.csv"
    answer = world.command("forecast", str(world.playbook), "--what", what, "--file", str(file))
    assert answer.exit_code == 0, answer.stdout
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_b032_follow_up_dates_of_first_purchases_differ_by_depletion(world: World, tmp_path: Path) -> None:
    world.product("cleanser", "cleansers", depletion_days=DAILY)
    world.product("exfoliant", "exfoliants", depletion_days=WEEKLY)
    first = days_before(TODAY, 20)
    world.customer("anna").purchase("anna", "cleanser", on=first)
    world.customer("bert").purchase("bert", "exfoliant", on=first)
    world.play("depletion")

    due = {row["customer_id"]: moment(row["due_at"]).date() for row in forecast(world, "cadence", tmp_path)}

    assert abs((due["anna"] - first).days - DAILY) <= 1
    assert abs((due["bert"] - first).days - WEEKLY) <= 1
    for lasts, follow_up in ((DAILY, {"anna": "cleansers-reminder"}), (WEEKLY, {"bert": "exfoliants-reminder"})):
        world.today = first + timedelta(days=lasts - 2)
        told = {row["customer_id"]: row["asset_id"] for row in world.exported(world.run())}
        assert told == follow_up, "each two days before what they bought is used up, and nobody else"
    assert "which lasts about 90 days: used up around" in world.why("bert")["motive"]["sentence"]


def shop_with_mail(world: World) -> None:
    """Customers who buy at rates of their own, half of whom stop; all get a mail every fortnight, which some open."""
    generator = np.random.default_rng(36)
    for number in range(100):
        customer = f"c{number:02}"
        world.customer(customer)
        for category in ("coffee", "tea", "bread"):
            world.category(category)
            gap, stops = generator.uniform(6, 60), int(generator.integers(0, 300)) if number % 2 else 0
            day: date = days_before(TODAY, 420)
            while day < days_before(TODAY, stops):
                world.purchase(customer, category, on=day)
                day += timedelta(days=1 + int(generator.exponential(gap)))
        for back in range(14, 300, 14):
            world.touch(customer, at=local(days_before(TODAY, back)))
            if generator.uniform() < (0.8 if number % 3 else 0.1):
                touch = world.rows["touches"][-1]["touch_id"]
                world.outcome(touch, "opened", at=local(days_before(TODAY, back), "18:30:00"))


def test_b036_the_individual_policy_is_compared_with_uniform_rules(world: World) -> None:
    shop_with_mail(world)

    answer = world.command("backtest", str(world.playbook), "--what", "cadence")

    assert answer.exit_code == 0, answer.stdout
    (found,) = answer.document["backtests"]
    compared = {row["model"]: row["value"] for row in found["scores"] if row["metric"] == "still_absent_after_28_days"}
    assert {"30 days without purchase", "individual"} <= set(compared)
    assert any("opens" in model for model in {row["model"] for row in found["scores"]})
    assert all(value is None or 0 <= value <= 1 for value in compared.values())
    assert Path(found["picture"]).is_file()


def test_b079_a_contact_with_a_history_gets_a_personal_send_window(world: World, tmp_path: Path) -> None:
    world.category("tea")
    for customer, at in (("early", "07:20:00"), ("late", "20:40:00")):
        world.customer(customer)
        for back in range(1, 60):
            world.signal("Page Viewed", customer_id=customer, on=days_before(TODAY, back), at=at)
    world.customer("unknown")

    windows = {row["customer_id"]: row for row in forecast(world, "timing", tmp_path)}

    hours = {customer: int(row["local_hour"]) for customer, row in windows.items()}
    assert (hours["early"], hours["late"]) == (7, 20)
    for customer, hour in (("early", 7), ("late", 20)):
        starts, ends = (moment(windows[customer][name]) for name in ("starts_at", "ends_at"))
        assert any(starts <= local(TODAY + timedelta(days=ahead), f"{hour:02}:30:00") < ends for ahead in range(8))
    assert float(windows["unknown"]["engaged_hours"]) == 0
    assert float(windows["unknown"]["confidence"]) < float(windows["late"]["confidence"])
