"""Dagster trains on Mondays: the model, its card and its picture on the asset's page, its promotion in the journal."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import numpy as np
import pytest

from lake.journal import Journal
from pipelines.dagster_home import prepare_storage
from pipelines.day import open_day
from pipelines.definitions import JOB, TRAINING_JOB, defs, drift_opens_training, run_job
from pipelines.home import find_home
from pipelines.opening import training_due
from tests.scenarios.world import TODAY, World, days_before

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Sixty customers with a year of their own rates, some of whom left."""
    generator = np.random.default_rng(11)
    world.category("tea")
    for number in range(60):
        world.customer(f"c{number}")
        gap, day, stays_until = generator.uniform(5, 40), days_before(TODAY, 400), generator.integers(0, 400)
        while day < TODAY and (number % 2 or day < days_before(TODAY, int(stays_until))):
            world.purchase(f"c{number}", "tea", on=day, spend=float(generator.uniform(5, 50)))
            day += timedelta(days=1 + int(generator.exponential(gap)))
    world.write()
    for name in [name for name in os.environ if name.startswith(("WARRANT_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def instance(shop: World) -> Iterator[dg.DagsterInstance]:
    """Dagster's records of the shop."""
    del shop
    with dg.DagsterInstance.from_config(str(prepare_storage(find_home(os.environ)))) as found:
        yield found


def definitions() -> dg.Definitions:
    found = defs()
    assert isinstance(found, dg.Definitions)
    return found


def materialised(instance: dg.DagsterInstance, job: str, asset: str) -> tuple[dict[str, Any], bool]:
    """Materialise an asset for TODAY: its metadata, and whether its check passed."""
    result = (
        definitions()
        .resolve_job_def(job)
        .execute_in_process(instance=instance, partition_key=TODAY.isoformat(), asset_selection=[dg.AssetKey(asset)])
    )
    (event,) = result.get_asset_materialization_events()
    (check,) = result.get_asset_check_evaluations()
    return {name: value.value for name, value in event.materialization.metadata.items()}, bool(check.passed)


def asked_for(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """What the sensor asks for when it looks at the newest drift."""
    context = dg.build_sensor_context(instance=instance, definitions=definitions())
    return list(drift_opens_training.evaluate_tick(context).run_requests or [])


def test_a_training_leaves_a_live_model_with_card_and_picture_until_its_inputs_drift(
    shop: World, instance: dg.DagsterInstance
) -> None:
    day = open_day(None, os.environ)
    run_job(day, ["perceive"])
    shown, beats_its_rivals = materialised(instance, TRAINING_JOB, "model_value")
    assert beats_its_rivals
    assert str(shown["card"]).startswith("# value: ")
    assert "data:image/png;base64," in str(shown["picture"])
    (event,) = Journal(day.lake).events("promoted").to_dict("records")
    assert event["payload"]["hash"] == shown["hash"]
    assert (day.home.models(shop.name) / "value" / str(shown["hash"]) / "card.md").is_file()

    shown, is_as_learnt = materialised(instance, JOB, "model_drift")
    assert (shown["drifted"], is_as_learnt) == ([], True)
    assert asked_for(instance) == []

    for number in range(60):
        shop.purchase(f"c{number}", "tea", on=days_before(TODAY, 1), spend=900.0)
    shop.write()
    run_job(open_day(None, os.environ), ["perceive"])
    shown, is_as_learnt = materialised(instance, JOB, "model_drift")
    assert (shown["drifted"], is_as_learnt) == (["value"], False)
    (asked,) = asked_for(instance)
    assert (asked.partition_key, asked.asset_selection) == (TODAY.isoformat(), [dg.AssetKey("model_value")])


def test_the_day_itself_trains_nothing() -> None:
    found = definitions()
    days = {key.to_user_string() for key in found.resolve_job_def(JOB).asset_layer.executable_asset_keys}
    trained = {key.to_user_string() for key in found.resolve_job_def(TRAINING_JOB).asset_layer.executable_asset_keys}
    assert trained
    assert not trained & days


@pytest.mark.parametrize(
    ("moment", "is_due"),
    [
        (MONDAY.replace(hour=4, minute=30), True),  # 05:30 in Berlin, in winter
        (MONDAY.replace(hour=3, minute=59), False),
        (MONDAY.replace(hour=5), False),
        (MONDAY.replace(hour=4) + timedelta(days=1), False),
        (MONDAY.replace(hour=4) - timedelta(days=1), False),
    ],
)
def test_training_is_due_on_mondays_at_five_of_the_playbooks_time(
    world: World, moment: datetime, *, is_due: bool
) -> None:
    world.customer("anna").write()
    due = training_due(world.environment, moment)
    assert (due.day == moment.date()) is is_due
    assert bool(due.reason) is not is_due
