"""Dagster runs the same steps as the command line, shows what came of them, and stops where a check fails."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from graph import local as graph_server
from graph.target import database_name
from lake.runs import PlaybookBusyError, playbook_lock
from lake.tables import TABLES
from pipelines.checks.after import CHECKS
from pipelines.dagster_home import prepare_storage, write_environment
from pipelines.day import Day, open_day
from pipelines.definitions import ASSETS_OF_STEP, JOB, defs, every_morning, run_job
from pipelines.defs.train.drift import AS_LEARNT
from pipelines.errors import UsageError
from pipelines.graph_access import playbook_graph
from pipelines.home import Home, find_home
from pipelines.steps import STEPS
from pipelines.stored import DECISIONS, MOTIVES, canonical_tables
from tests.scenarios.world import TODAY, World, days_before, fresh_world, local

PARTITION = TODAY.isoformat()
BAD_DATA, FAILED_CHECK = 3, 6
TRAINED_ASSETS = ("model_demand", "model_language", "model_response", "model_timing", "model_value")


@dataclass(frozen=True)
class Shop:
    """A world with two states of its day: decided and no further, and run to its end by Dagster.

    Attributes:
        world: The world; its own state is the finished one.
        decided: A state folder in which `decide` was the last step.
        result: What Dagster says of the whole day.
    """

    world: World
    decided: Path
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with fresh_world(folder, embedded_server) as world, pytest.MonkeyPatch.context() as patch:
        described(world).write()
        into_environment(world, patch)
        run_job(open_day(None, os.environ), STEPS[: STEPS.index("decide") + 1])
        decided = (folder / "state").rename(folder / "decided")
        graph_server.drop_database(embedded_server, database_name(world.name))
        into_environment(world, patch)  # another state folder, on the same graph server
        with dagster() as instance:
            result = materialize(instance)
        yield Shop(world, decided, result)


@pytest.fixture
def finished(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Day:
    """The finished day, as commands and Dagster find it."""
    into_environment(shop.world, monkeypatch)
    return open_day(None, os.environ)


@pytest.fixture
def decided(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A copy of the decided day, as commands and Dagster find it."""
    into_environment(shop.world, monkeypatch)
    home = tmp_path / "home"
    shutil.copytree(shop.decided, home, symlinks=True)
    monkeypatch.setenv("WARRANT_HOME", str(home))
    return open_day(None, os.environ)


@pytest.fixture
def fresh(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same world without a past, as commands and Dagster find it."""
    described(world).write()
    into_environment(world, monkeypatch)
    return world


def described(world: World) -> World:
    """Eight customers who are due, some held out, one who does not want to be written to, and room for three."""
    world.setting(holdout_share=0.3).channel("email", capacity=3, budget=10)
    for number in range(8):
        customer = f"customer-{number}"
        world.customer(customer).buys(customer, ("coffee", "tea")[number % 2], every=14, last=days_before(TODAY, 13))
    return world.withdraws("customer-7", at=local(days_before(TODAY, 30)))


def into_environment(world: World, patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("WARRANT_", "DAGSTER_"))]:
        patch.delenv(name)
    for name, value in world.environment.items():
        patch.setenv(name, value)


def dagster() -> dg.DagsterInstance:
    """Dagster's own records in the state folder of the environment."""
    return dg.DagsterInstance.from_config(str(prepare_storage(find_home(os.environ))))


def loaded() -> dg.Definitions:
    """The definitions as Dagster loads them."""
    found = defs()
    assert isinstance(found, dg.Definitions)
    return found


def materialize(instance: dg.DagsterInstance, *assets: str) -> dg.ExecuteInProcessResult:
    """Materialise these assets, or the whole day, from the definitions as Dagster loads them."""
    selection = [dg.AssetKey(name) for name in assets] or None
    job = loaded().resolve_job_def(JOB)
    return job.execute_in_process(instance=instance, partition_key=PARTITION, asset_selection=selection)


def shown(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The metadata of an asset's materialisation."""
    (event,) = [event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


# ---- a day started by Dagster


def test_a_day_started_by_dagster_is_the_day_of_the_command_line(shop: Shop) -> None:
    assert shop.result.success
    document = shop.world.run()
    assert document["state"] == "delivered"
    assert document["run_id"] == shown(shop.result, "run")["run_id"]
    assert document["sends"] == shown(shop.result, "decisions")["sends"] == 3
    assert document["value"] == shown(shop.result, "decisions")["value"]
    assert len(shop.world.exported(document)) == shown(shop.result, "exports")["dagster/row_count"] == 3


def test_every_check_is_asked_and_holds(shop: Shop) -> None:
    asked = {evaluation.check_name: evaluation.passed for evaluation in shop.result.get_asset_check_evaluations()}
    assert asked == {check.name: True for checks in CHECKS.values() for check in checks} | {AS_LEARNT: True}


def test_the_guide_tells_every_check_and_every_asset() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "dagster.md").read_text(encoding="utf-8")
    sentences = [check.sentence for checks in CHECKS.values() for check in checks]
    assert [text for text in sentences if text.removesuffix(".").lower() not in guide.lower()] == []
    assert [asset for asset in ("run", *ASSETS_OF_STEP.values()) if f"`{asset}`" not in guide] == []


def test_tables_without_a_source_are_skipped_and_the_others_count_their_rows(shop: Shop) -> None:
    made = {str(event.asset_key) for event in shop.result.get_asset_materialization_events()}
    assert {str(dg.AssetKey(name)) for name in ("customers", "consents", "run", *ASSETS_OF_STEP.values())} <= made
    assert str(dg.AssetKey("promotions")) not in made
    assert shown(shop.result, "customers")["dagster/row_count"] == 8
    assert shown(shop.result, "decisions")["dagster/row_count"] == 8


def test_people_find_a_picture_where_they_would_look(shop: Shop) -> None:
    for asset in ("knowledge", "forecasts", "decisions"):
        assert shown(shop.result, asset)["picture"].startswith("![](data:image/png;base64,")


def test_columns_lead_back_to_where_they_come_from(shop: Shop) -> None:
    for asset, column, origin in (("decisions", "motive_sentence", "motives"), ("exports", "send_at", "decisions")):
        (dependency,) = shown(shop.result, asset)["dagster/column_lineage"].deps_by_column[column]
        assert dependency.asset_key == dg.AssetKey(origin)


def test_every_asset_says_what_it_is_and_what_its_columns_are(finished: Day) -> None:
    specs = {spec.key.to_user_string(): spec for spec in loaded().resolve_all_asset_specs()}
    assert set(specs) == {*TABLES, "run", *ASSETS_OF_STEP.values(), "model_drift", *TRAINED_ASSETS}
    assert all(spec.description and spec.group_name and spec.kinds and spec.partitions_def for spec in specs.values())
    for asset, stored in (("motives", MOTIVES), ("decisions", DECISIONS), ("forecasts", "forecast_cadence")):
        declared = [column.name for column in specs[asset].metadata["dagster/column_schema"].columns]
        present = finished.lake.read_slice(stored, finished.current_run().run_id).columns
        assert set(declared) == set(present) - {"run_id"} | ({"run_id"} & set(declared))
    assert "dagster/column_schema" in specs["customers"].metadata


# ---- assets materialised alone


def test_assets_materialised_alone_find_the_run_of_their_day(decided: Day) -> None:
    run_id = decided.current_run().run_id
    with dagster() as instance:
        for asset in ("decision_graph", "exports"):
            assert shown(materialize(instance, asset), asset)["run_id"] == run_id
    assert open_day(None, os.environ).current_run().state == "delivered"


def test_an_asset_without_a_run_says_what_to_do_first(fresh: World) -> None:
    with dagster() as instance, pytest.raises(UsageError) as raised:
        materialize(instance, "decisions")
    assert "`run`" in raised.value.remedy
    assert not (fresh.folder / "state" / "exports").exists()


def test_a_run_is_decided_by_the_playbook_that_opened_it_or_not_at_all(fresh: World) -> None:
    fresh.run(until="perceive")
    fresh.setting(seed=7).write()
    with dagster() as instance, pytest.raises(UsageError, match="the playbook changed since the run"):
        materialize(instance, "knowledge")


def test_dagster_does_not_work_on_a_playbook_that_somebody_else_runs(decided: Day) -> None:
    with playbook_lock(decided.lake.root), dagster() as instance, pytest.raises(PlaybookBusyError):
        materialize(instance, "decision_graph")


# ---- a check that fails


def test_a_source_without_a_usable_row_stops_the_day_however_often_it_is_tried(fresh: World) -> None:
    fresh.touch("nobody", at=local(days_before(TODAY, 3)))
    for _ in range(2):
        answer = fresh.command("run", str(fresh.playbook))
        assert answer.exit_code == BAD_DATA
        assert "every_source_has_usable_rows" in answer.error["what"]
        assert "touches" in answer.error["what"]
        assert "warrant check" in answer.error["remedy"]
        assert "step relate started" not in answer.stderr


def test_much_quarantine_is_a_warning_and_the_day_goes_on(fresh: World) -> None:
    for number in range(5):
        fresh.purchase("nobody", "coffee", on=days_before(TODAY, number + 2))
    fresh.write()
    with dagster() as instance:
        result = materialize(instance, *TABLES, "run")
    assert result.success
    (warning,) = [one for one in result.get_asset_check_evaluations() if not one.passed]
    assert warning.check_name == "few_rows_are_in_quarantine"
    assert warning.severity == dg.AssetCheckSeverity.WARN
    assert warning.metadata["threshold"].value == 0.05
    assert "purchases" in str(warning.metadata["above"].value)


def nobody_was_asked(records: pd.DataFrame) -> pd.DataFrame:
    is_refusing = records["customer_id"] == "customer-7"
    return pd.concat([records[~is_refusing], all_are_written_to(records[is_refusing])])


def one_customer_comes_twice(records: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([records.iloc[1:], records.iloc[1:2]])


def a_stranger_is_decided_about(records: pd.DataFrame) -> pd.DataFrame:
    return records.replace({"customer_id": {"customer-0": "stranger"}})


def all_are_written_to(records: pd.DataFrame) -> pd.DataFrame:
    return records.assign(verb="send", is_ghost=False, channel_id="email")


def a_touch_costs_more(records: pd.DataFrame) -> pd.DataFrame:
    return records.assign(touch_cost=5.0)


def they_promise_more(records: pd.DataFrame) -> pd.DataFrame:
    return records.assign(value=records["value"] + 1000.0)


@pytest.mark.parametrize(
    ("spoil", "failing"),
    [
        (nobody_was_asked, "everybody_chosen_has_agreed"),
        (one_customer_comes_twice, "every_customer_has_one_decision"),
        (a_stranger_is_decided_about, "every_customer_has_one_decision"),
        (all_are_written_to, "no_limit_is_exceeded"),
        (a_touch_costs_more, "no_limit_is_exceeded"),
        (they_promise_more, "value_is_within_the_bound"),
    ],
)
def test_decisions_that_were_tampered_with_do_not_pass(
    decided: Day, spoil: Callable[[pd.DataFrame], pd.DataFrame], failing: str
) -> None:
    run_id = decided.current_run().run_id
    decided.lake.write_slice(DECISIONS, run_id, spoil(decided.lake.read_slice(DECISIONS, run_id)))
    assert failing in failures(decided, "decide")


def test_a_day_with_tampered_decisions_cannot_be_delivered(decided: Day, shop: Shop) -> None:
    run_id = decided.current_run().run_id
    decided.lake.write_slice(DECISIONS, run_id, they_promise_more(decided.lake.read_slice(DECISIONS, run_id)))
    answer = shop.world.command("run", environment={"WARRANT_HOME": os.environ["WARRANT_HOME"]})
    assert answer.exit_code == FAILED_CHECK
    assert "value_is_within_the_bound" in answer.error["what"]
    assert run_id in answer.error["where"]
    assert "step project started" not in answer.stderr


def test_motives_of_strangers_or_without_evidence_do_not_pass(decided: Day) -> None:
    run_id = decided.current_run().run_id
    motives = decided.lake.read_slice(MOTIVES, run_id)
    assert not failures(decided, "propose")
    for column, value in (("customer_id", "stranger"), ("evidence", "[]"), ("until", motives["starts_at"].min())):
        decided.lake.write_slice(MOTIVES, run_id, motives.assign(**{column: value}))
        assert failures(decided, "propose") == {"motives_have_evidence"}


def test_impossible_forecasts_do_not_pass(decided: Day) -> None:
    run_id = decided.current_run().run_id
    rhythms = decided.lake.read_slice("forecast_cadence", run_id)
    assert not failures(decided, "forecast")
    for column, value in (
        ("p_purchase", 1.5),
        ("survival", -0.1),
        ("margin_none", float("nan")),
        ("interval_days", 1e9),
    ):
        decided.lake.write_slice("forecast_cadence", run_id, rhythms.assign(**{column: value}))
        assert failures(decided, "forecast") == {"forecasts_are_possible"}


def test_a_graph_that_somebody_else_wrote_to_does_not_pass(finished: Day) -> None:
    run_id = finished.current_run().run_id
    assert not failures(finished, "relate") | failures(finished, "project")
    strange = (
        "CREATE (:Customer {customer_id: 'stranger'})<-[:FOR]-(:Decision {decision_id: 'strange', run_id: $run_id})"
    )
    with playbook_graph(finished) as store:
        store.write(strange, run_id=run_id)
        try:
            assert failures(finished, "relate") == {"graph_holds_what_the_tables_say"}
            assert failures(finished, "project") == {"graph_holds_every_decision"}
        finally:
            store.write("MATCH (n) WHERE n.customer_id = 'stranger' OR n.decision_id = 'strange' DETACH DELETE n")


def test_files_that_changed_after_they_were_written_do_not_pass(finished: Day) -> None:
    files = [Path(name) for name in finished.current_run().steps["deliver"]["facts"]["files"]]
    (table,) = [path for path in files if path.suffix == ".csv" and path.name != "commitments.csv"]
    written = table.read_bytes()
    assert not failures(finished, "deliver")
    try:
        table.write_bytes(written + b"one more line\n")
        assert failures(finished, "deliver") == {"files_are_what_their_manifests_say"}
        table.unlink()
        assert not failures(finished, "deliver"), "a channel that has fetched its files is no reason to stop"
    finally:
        table.write_bytes(written)


def test_deliveries_to_somebody_without_consent_do_not_pass(finished: Day) -> None:
    run = finished.current_run()
    consents = canonical_tables(finished, run, ["consents"])["consents"]
    kept = finished.lake.latest("consents")
    assert kept is not None
    refused = pa.Table.from_pandas(consents.assign(granted=False), preserve_index=False)
    pin = finished.lake.write("consents", refused, digest="refused")
    finished.run = replace(run, pins={**run.pins, "consents": pin})
    day = finished
    found = {check.name: check.examine(day, day.run) for check in CHECKS["deliver"] if day.run is not None}
    assert not found["deliveries_are_decisions_with_consent"].holds


def failures(day: Day, step: str) -> set[str]:
    """The checks of a step that fail now, each asked anew."""
    run = day.current_run()
    return {check.name for check in CHECKS[step] if not check.examine(day, run).holds}


# ---- when days are run


def test_the_day_is_run_at_four_in_the_playbooks_own_morning(fresh: World) -> None:
    def at(moment: str) -> dg.RunRequest | dg.SkipReason:
        context = dg.build_schedule_context(scheduled_execution_time=datetime.fromisoformat(moment))
        asked = every_morning(context)
        assert isinstance(asked, dg.RunRequest | dg.SkipReason)
        return asked

    asked = at("2026-03-06T03:00:00+00:00")  # 04:00 in Berlin
    assert isinstance(asked, dg.RunRequest)
    assert asked.partition_key == "2026-03-06"
    early, late = at("2026-03-06T02:59:00+00:00"), at("2026-03-06T04:00:00+00:00")
    assert isinstance(early, dg.SkipReason)
    assert isinstance(late, dg.SkipReason)

    fresh.setting(timezone="Pacific/Auckland").write()
    asked = at("2026-03-06T15:00:00+00:00")  # 04:00 of the next day
    assert isinstance(asked, dg.RunRequest)
    assert asked.partition_key == "2026-03-07"

    fresh.setting(as_of=TODAY).write()
    assert isinstance(at("2026-03-06T15:00:00+00:00"), dg.SkipReason)


def test_a_day_that_is_still_to_come_cannot_be_run(fresh: World) -> None:
    answer = fresh.command("run", "--as-of", "9999-12-30")
    assert answer.exit_code == UsageError.exit_code
    assert "9999-12-30" in answer.error["what"]


# ---- a working copy


def test_a_working_copy_finds_playbook_and_state_by_itself(tmp_path: Path) -> None:
    home = Home(tmp_path / ".warrant")
    written = write_environment(tmp_path, home, tmp_path / "playbook").read_text(encoding="utf-8")
    assert f'DAGSTER_HOME="{tmp_path}/.warrant/dagster"' in written
    assert f'WARRANT_PLAYBOOK="{tmp_path}/playbook"' in written
    assert "enabled: false" in (prepare_storage(home) / "dagster.yaml").read_text(encoding="utf-8")


def test_settings_that_somebody_wrote_are_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / ".env").write_text("WARRANT_PLAYBOOK=mine\n", encoding="utf-8")
    home.dagster.mkdir()
    (home.dagster / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_storage(home)
    write_environment(tmp_path, home, tmp_path / "playbook")
    assert (tmp_path / ".env").read_text(encoding="utf-8") == "WARRANT_PLAYBOOK=mine\n"
    assert (home.dagster / "dagster.yaml").read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"
