"""What a run has learnt is stored with it: by which model, what is missing and why, what customers wrote."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from lake.journal import Actor, Journal
from lake.models import Card
from lake.promotions import promote
from pipelines.day import Day, open_day
from pipelines.forecasts.deciding_with import MESSAGES_READ, live_models, run_forecasts
from pipelines.forecasts.registry import model_store
from pipelines.stored import stored_forecasts
from pipelines.subjects.showing import RESULTS
from tests.scenarios.world import TODAY, World, days_before, local

TASKS = "tasks:\n  mood:\n    praise: [love]\n    complain: [broken]\n"
EXAMPLES = "\n".join(
    ["text,hand,mood"]
    + [
        f"{word} {thing} said {hand},{hand},{mood}"
        for hand in ("ann", "bob", "cid", "dan")
        for mood, words in (("praise", ("love this", "great")), ("complain", ("broken", "so late")))
        for word in words
        for thing in ("parcel", "kettle", "shoes")
    ]
)


@pytest.fixture
def shop(world: World) -> World:
    """Customers with rates of their own, two of whom have written."""
    generator = np.random.default_rng(3)
    world.category("tea").play("favourites")
    lives = generator.uniform(30, 280, 40)
    for number in range(40):
        world.customer(f"c{number}")
        gap, day = generator.uniform(8, 30), days_before(TODAY, 300)
        while day < TODAY and (number % 2 or day < days_before(TODAY, int(lives[number]))):
            world.purchase(f"c{number}", "tea", on=day, spend=float(generator.uniform(5, 40)))
            day += timedelta(days=1 + int(generator.exponential(gap)))
    world.estimate("c1", "pclv", 12345.0)
    for number, text in ((1, "I love this kettle"), (2, "broken parcel")):
        world.row(
            "messages",
            message_id=f"m{number}",
            customer_id=f"c{number}",
            direction="inbound",
            occurred_at=local(days_before(TODAY, 2)),
            text=text,
        )
    world.write()
    (world.playbook / "language.yaml").write_text(TASKS, encoding="utf-8")
    (world.playbook / "language.csv").write_text(EXAMPLES, encoding="utf-8")
    return world


def opened(shop: World) -> Day:
    day = open_day(shop.playbook, shop.environment, day=date.fromisoformat(str(TODAY)))
    day.run = day.ledger.latest()
    return day


def same(left: Any, right: Any) -> bool:
    names = left.__dataclass_fields__
    return all(np.array_equal(np.asarray(getattr(left, one)), np.asarray(getattr(right, one))) for one in names)


def test_a_run_keeps_what_was_learnt_and_says_what_was_not(shop: World) -> None:
    shop.run(until="propose")
    day = opened(shop)
    run = day.current_run()
    facts = run.steps["forecast"]["facts"]
    assert facts["learnt"]["lifetime_value"].startswith("BG/NBD")
    assert "stated prior" in facts["missing"]["margin_uplift"]
    assert set(facts["messages"]["mood"]) == {"answered", "not_sure"}
    kept, again = stored_forecasts(day, run), run_forecasts(day, run)
    assert kept.lifetime_value is not None
    assert same(kept.lifetime_value, again.lifetime_value), "made again, it is the same to the last bit"
    read = day.lake.read_slice(MESSAGES_READ, run.run_id)
    assert read["customer_id"].tolist() == ["c1", "c2"]
    assert "text" not in read
    assert MESSAGES_READ in RESULTS, "a person's file shows it"


def test_another_live_model_makes_another_run_of_the_day(shop: World) -> None:
    before = shop.run(until="propose")
    day = opened(shop)
    arrays = {"p_response/lacking": np.array("too few"), "p_redeem/lacking": np.array("too few")}
    card = Card(
        name="response", subject="s", playbook="scenario", as_of="2026-01-01T00:00:00+00:00",
        trained_until="2026-01-01T00:00:00+00:00", data={}, code_version="c", seed=1, splits="", parameters={},
        scores=(), against=(), notes=(), is_better=True,
    )  # fmt: skip
    digest = model_store(day).save(arrays, card)
    promote(Journal(day.lake), "response", digest, {}, actor=Actor("", "", "t"), at=day.clock.now, because="a test")
    assert live_models(day) == {"response": digest}
    after = shop.run(until="propose")
    assert after["run_id"] != before["run_id"]
    day = opened(shop)
    assert day.current_run().identity.models == {"response": digest}
    assert "too few" in day.current_run().steps["forecast"]["facts"]["missing"]["p_redeem"]
