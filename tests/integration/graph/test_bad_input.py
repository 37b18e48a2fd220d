"""Bad input and bad luck: a killed server, keys written twice, circles, strange ids, states of a newer version.

Whatever is wrong is said, and nothing is left half-written that the same command does not mend.
"""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

from decisioning.subjects import asset_coverage, excluded_categories
from graph import local as graph_server
from graph.build_view import view_from_tables
from graph.content import GraphContentError, whole_layer
from graph.difference import difference
from graph.embedded_process import is_alive
from graph.errors import GraphConflict, GraphFromNewerVersion, GraphUnreachable
from graph.load import load
from graph.read_content import read_kind
from graph.relate import knowledge_tables
from graph.schema import KINDS, kinds_of
from graph.store import GraphStore
from graph.target import database_name, embedded_target
from lake.columns import LONGEST_TEXT
from lake.format import FORMAT, NewerFormatError
from lake.runs import Ledger
from lake.store import Lake
from pipelines.day import open_day
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.progress import Silence
from pipelines.running import run_day
from pipelines.stored import empty_table
from pipelines.subjects.statements import LONGEST_STATEMENT, read_statement
from tests.scenarios.world import TODAY, World, days_before, fresh_world, local

Tables = dict[str, pd.DataFrame]
Content = dict[str, list[dict[str, Any]]]
BAD_DATA, UNREACHABLE = 3, 4
NOON = pd.Timestamp("2026-02-01 12:00", tz="UTC")
MEGABYTE = 1_000_000


def content(store: GraphStore) -> Content:
    """Every row of the layer `knowledge` as the server has it; attributes that came with the data are left out."""
    found = {kind.kind: read_kind(store, kind).to_pylist() for kind in kinds_of("knowledge")}
    return {name: rows for name, rows in found.items() if rows}


def wanted(tables: Tables) -> Content:
    return {name: table.to_pylist() for name, table in whole_layer("knowledge", tables).items() if len(table)}


def catalogue(*categories: str, price: float | None = 1.0) -> Tables:
    """Categories with a product each, and a customer who bought in all of them."""
    products = [f"{key} of the shop" for key in categories]
    return {
        "Customer": pd.DataFrame({"customer_id": ["ann"], "shopping_days_28d": 1, "shopping_days_91d": 1}),
        "Category": pd.DataFrame({"category_id": categories, "name": categories}),
        "Product": pd.DataFrame({"product_id": products, "name": products, "price": price}),
        "Product IN_CATEGORY Category": pd.DataFrame({"from_key": products, "to_key": categories}),
        "Customer BOUGHT Category": pd.DataFrame(
            {"from_key": "ann", "to_key": categories, "count": 1, "spend": 2.5, "last_at": NOON}
        ),
    }


# ---- the server is killed


@pytest.fixture(scope="module")
def doomed_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a server that tests may kill."""
    home = tmp_path_factory.mktemp("doomed") / "graph"
    yield home
    graph_server.stop(home)


def running(home: Path) -> graph_server.Server:
    return graph_server.start(home, environment={"WARRANT_GRAPH_MEMORY": "256m"})


def kill(server: graph_server.Server) -> None:
    psutil.Process(server.pid).kill()
    while is_alive(server.pid):  # one that nobody buries yet does not count; in a container that may be for ever
        time.sleep(0.01)


@pytest.mark.parametrize("begun", ["creating Customer BOUGHT Category", "deleting Category"])
def test_a_load_whose_server_is_killed_ends_in_an_error_and_the_same_load_mends_it(
    doomed_home: Path, tmp_path: Path, begun: str
) -> None:
    before, after = catalogue("TEA", "COFFEE"), catalogue("TEA", "CHOCOLATE")
    after["Customer"]["shopping_days_28d"] = 0
    server = running(doomed_home)
    name = f"killed-{tmp_path.name[-12:].strip('_0').replace('_', '-')}-load"

    def report(text: str) -> None:
        if text.startswith(begun):
            kill(server)

    with GraphStore.connect(embedded_target(server, name)) as store:
        load(store, tmp_path, "knowledge", before)
        with pytest.raises(GraphUnreachable, match="No graph server answers") as gone:
            load(store, tmp_path, "knowledge", after, report=report)
    assert gone.value.exit_code == UNREACHABLE
    assert "warrant graph up" in gone.value.remedy
    with GraphStore.connect(embedded_target(running(doomed_home), name)) as store:
        mended = load(store, tmp_path, "knowledge", after)
        assert mended.unchanged > 0, "it went on from what was there"
        assert content(store) == wanted(after)


class Watching(Silence):
    """Kills the server when a step says that it is about to do something."""

    def __init__(self, server: graph_server.Server, at: str) -> None:
        self.server, self.at, self.has_killed = server, at, False

    def doing(self, step: str, text: str) -> None:
        if f"{step}: {text}".startswith(self.at) and not self.has_killed:
            self.has_killed = True
            kill(self.server)


def test_a_run_whose_server_is_killed_is_mended_by_the_same_command_with_the_same_content(
    doomed_home: Path, tmp_path: Path
) -> None:
    server = running(doomed_home)
    shared = {"graph": doomed_home, "dagster": doomed_home.with_name("doomed-dagster")}
    world = World(tmp_path, "doomed", shared)
    for customer in ("anna", "bert"):
        world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
    undisturbed = world.run(until="relate")
    with GraphStore.connect(embedded_target(server, database_name(world.name))) as store:
        as_it_should_be = content(store)
    shutil.rmtree(tmp_path / "state")
    graph_server.drop_database(server, database_name(world.name))

    killing = Watching(server, "relate: creating Customer BOUGHT Category")
    with pytest.raises(GraphUnreachable) as gone:
        run_day(open_day(world.write(), world.environment, progress=killing), "relate")
    assert (gone.value.exit_code, killing.has_killed) == (UNREACHABLE, True)

    again = world.run(until="relate")
    assert again["run_id"] == undisturbed["run_id"]
    with GraphStore.connect(embedded_target(running(doomed_home), database_name(world.name))) as store:
        assert content(store) == as_it_should_be


# ---- somebody else writes to the graph


def test_keys_that_somebody_wrote_twice_before_the_first_load_give_way_to_it(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    graph_store.write("CREATE (:Category {category_id: 'TEA', colour: 'red'}), (:Category {category_id: 'TEA'})")
    load(graph_store, tmp_path, "knowledge", catalogue("TEA"))
    assert content(graph_store) == wanted(catalogue("TEA"))
    assert graph_store.read("MATCH (c:Category) RETURN c.colour AS colour") == [{"colour": None}]


def test_a_key_that_somebody_wrote_twice_later_is_an_error_once_and_mended_by_the_next_load(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", catalogue("TEA"))
    graph_store.write("DROP CONSTRAINT category_key")
    graph_store.write("CREATE (:Category {category_id: 'TEA'})")
    after = catalogue("TEA", "COFFEE")
    with pytest.raises(GraphConflict, match="a key of the layer `knowledge` is there twice") as conflict:
        load(graph_store, tmp_path, "knowledge", after)
    assert "run the day again" in conflict.value.remedy
    load(graph_store, tmp_path, "knowledge", after)
    assert content(graph_store) == wanted(after)


def test_a_node_that_somebody_wrote_under_a_key_that_a_load_brings_becomes_that_of_the_load(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", catalogue("TEA"))
    graph_store.write("CREATE (:Category {category_id: 'COFFEE', colour: 'black'})")
    with pytest.raises(GraphConflict, match="A key is there twice"):
        graph_store.write("CREATE (:Category {category_id: 'COFFEE'})")
    load(graph_store, tmp_path, "knowledge", catalogue("TEA", "COFFEE"))
    assert content(graph_store) == wanted(catalogue("TEA", "COFFEE"))
    assert graph_store.read("MATCH (c:Category) WHERE c.colour IS NOT NULL RETURN c.colour AS colour") == []


def test_writers_that_lock_the_same_nodes_in_opposite_order_both_come_through(graph_store: GraphStore) -> None:
    keys = [{"id": f"{number:03}"} for number in range(300)]
    graph_store.write("CREATE CONSTRAINT counted IF NOT EXISTS FOR (n:Counted) REQUIRE n.id IS UNIQUE")
    graph_store.write_batches("UNWIND $rows AS row CREATE (:Counted {id: row.id, value: 0})", keys)
    failures: list[Exception] = []

    def count_up(rows: Sequence[Mapping[str, str]]) -> None:
        try:
            for _ in range(5):
                graph_store.write_batches(
                    "UNWIND $rows AS row MATCH (n:Counted {id: row.id}) SET n.value = n.value + 1", rows
                )
        except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
            failures.append(error)

    writers = [threading.Thread(target=count_up, args=(rows,)) for rows in (keys, keys[::-1])]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    values = graph_store.read("MATCH (n:Counted) RETURN DISTINCT n.value AS value")
    assert values == [{"value": 10}]


# ---- numbers and lists


@pytest.mark.parametrize("number", [float("inf"), float("-inf")])
def test_no_infinite_number_ever_enters_the_graph(number: float) -> None:
    with pytest.raises(GraphContentError, match=r"`price` is infinite, such as in \('TEA of the shop',\)"):
        whole_layer("knowledge", catalogue("TEA", price=number))
    assert whole_layer("knowledge", catalogue("TEA", price=float("nan")))["Product"]["price"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a", "b"], ["a\x1fb"]),
        (["a\x1f", "b"], ["a", "\x1fb"]),
        (["a\x1e1b"], ["a\x1fb"]),
        (["a\x1e", "0b"], ["a", "\x1e0b"]),
    ],
)
def test_lists_are_told_apart_whatever_their_texts_are_made_of(one: list[str], other: list[str]) -> None:
    kind = KINDS["Asset"]

    def assets(topics: list[str]) -> pa.Table:
        rows = {"asset_id": ["x"], "version": "1", "topics": [topics]}
        return whole_layer("knowledge", {"Asset": pd.DataFrame(rows)})[kind.kind]

    assert len(difference(kind, assets(one), assets(other)).updated) == 1
    assert difference(kind, assets(one), assets(one)).unchanged == 1


# ---- circles


def test_circles_among_categories_end_nowhere_in_an_endless_loop() -> None:
    tables = catalogue("a", "b", "own", "tea") | {
        "Asset": pd.DataFrame({"asset_id": ["x"], "version": "1"}),
        "Asset ABOUT Category": pd.DataFrame({"from_key": ["x"], "to_key": ["a"]}),
        "Category WITHIN Category": pd.DataFrame({"from_key": ["a", "b", "own"], "to_key": ["b", "a", "own"]}),
    }
    view = view_from_tables(tables, NOON.to_pydatetime())
    assert asset_coverage(view).targets.tolist() == view.categories.positions(["a", "b"]).tolist()
    assert view.categories.keys[excluded_categories(view, ["own", "b"])].tolist() == ["a", "b", "own"]


def test_a_playbook_with_circles_in_its_categories_is_checked_to_its_end(small_shop: World) -> None:
    for key, parent in (("a", "b"), ("b", "a"), ("own", "own")):
        small_shop.row("categories", category_id=key, name=key, parent_id=parent)
    small_shop.has_default_reminders = False
    small_shop.asset("hello", categories=["coffee"]).product("lamp", "a")
    found = small_shop.command("check", str(small_shop.playbook)).document["quarantine_reasons"]
    assert {(one["table"], one["reason"], one["rows"]) for one in found} == {
        ("categories", "parent_id leads back to the row itself", 3),
        ("products", "unknown category", 1),
    }


# ---- strange and long texts

STRANGE = (
    "o'neill",
    'say "hi"',
    "back\\slash\\",
    "two\nlines",
    "tab\tbed",
    "zero\u200bwidth",
    "zerowidth",
    "caf\u00e9",
    "cafe\u0301",
    "\u0416\u0415 \U0001f9c0 \u05e9\u05dc\u05d5\u05dd",
    "a/b/c",
    "`$x` {y} //z */",
    "' OR '1'='1",
    "[/bold]%s{0}",
    "=1+1",
    "inner  space",
    "$5 or $\\frac$",
    "\U0001d54f" * LONGEST_TEXT,
)
AS_WRITTEN = "FROM read_csv('{table}.csv', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"


@pytest.fixture
def small_shop(tmp_path: Path, embedded_server: graph_server.Server) -> Iterator[World]:
    """Two customers who buy coffee, on the session's server."""
    with fresh_world(tmp_path, embedded_server) as world:
        for customer in ("anna", "bert"):
            world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
        yield world


def test_strange_ids_come_through_the_whole_day_unharmed(small_shop: World) -> None:
    world = small_shop
    world.has_default_reminders = False
    for place, key in enumerate(STRANGE):
        world.customer(key).asset(f"reminder-{place}", categories=[key])
        world.product(f"product {key}"[:LONGEST_TEXT], key)
        for back in range(8):
            world.purchase(
                key,
                f"product {key}"[:LONGEST_TEXT],
                on=days_before(TODAY, 13 + 14 * back),
                order_id=f"{key[:900]}/{back}",
                line=f"{place}/1",
            )
    for table in world.rows:
        world.source(table, AS_WRITTEN.format(table=table))
    document = world.run()

    assert {table: rows for table, rows in document["quarantined"].items() if rows} == {}
    assert {row["customer_id"] for row in world.exported(document)} >= set(STRANGE)
    graph = world.query(
        "MATCH (c:Customer)-[:BOUGHT]->(k:Category) WHERE c.customer_id = k.category_id RETURN c.customer_id AS id"
    )
    assert {row["id"] for row in graph} == set(STRANGE)
    for key in STRANGE:
        card = world.why(key)
        assert (card["customer_id"], card["motive"]["subject"]) == (key, f"category/{key}")
        rows = [row for step in card["blocks"]["input"]["evidence"] for row in step["rests_on"]]
        assert rows
        assert {row["row"].get("customer_id") for row in rows} == {key}, "the evidence was found again"


def test_texts_of_a_megabyte_are_set_aside_and_the_day_goes_on(small_shop: World) -> None:
    long = "x" * MEGABYTE
    small_shop.customer(long, consents=False).customer("cleo", region=long).product("tea-1", "tea", season=long)
    small_shop.signal("Page Viewed", on=days_before(TODAY, 2), customer_id="anna", topic=long)
    small_shop.customer("dora", note="y" * 100_000)
    report = small_shop.command("check", str(small_shop.playbook)).document
    found = {(one["table"], one["reason"], one["rows"]) for one in report["quarantine_reasons"]}
    assert found == {
        ("customers", "customer_id is longer than 1,000 characters", 1),
        ("customers", "region is longer than 1,000 characters", 1),
        ("consents", "unknown customer", 1),
        ("products", "season is longer than 1,000 characters", 1),
        ("signals", "topic is longer than 1,000 characters", 1),
    }


def test_a_title_of_a_megabyte_in_the_playbook_is_an_error_that_can_be_read(small_shop: World) -> None:
    small_shop.asset("endless", categories=["coffee"], title="x" * MEGABYTE)
    answer = small_shop.command("check", str(small_shop.playbook))
    assert answer.exit_code == BAD_DATA
    assert "title is longer than 1,000 characters" in answer.error["what"]
    assert "endless.md" in answer.error["where"]
    assert len(answer.stdout) < 1_000


@pytest.mark.parametrize("reading", ["'customers.csv'", "read_csv('customers.csv', all_varchar = true)"])
def test_a_file_that_is_not_utf_8_is_said_to_be_none(small_shop: World, reading: str) -> None:
    small_shop.source("customers", f"FROM {reading.replace('customers', 'old-customers')}")
    small_shop.write()
    (small_shop.playbook / "data" / "old-customers.csv").write_bytes("customer_id\nanna\nzo\xeb\n".encode("latin-1"))
    answer = small_shop.command("check", str(small_shop.playbook))
    assert answer.exit_code == BAD_DATA
    assert answer.error["what"].endswith("is not UTF-8 text.")
    assert "encoding = 'latin-1'" in answer.error["remedy"]


def test_accounts_and_groups_with_slashes_are_told_apart() -> None:
    tables = {name: empty_table(name) for name in ("categories", "products", "purchases", "assets", "channels")}
    people = [("ann", "a/b", "c"), ("bob", "a", "b/c"), ("cem", "a%2Fb", "c"), ("dan", "plain", "c")]
    tables["customers"] = empty_table("customers").reindex(range(len(people)))
    tables["customers"][["customer_id", "account_id", "buying_group"]] = np.array(people, dtype=object)
    accounts = [account for _, account, _ in people]
    tables["accounts"] = pd.DataFrame({"account_id": accounts, "name": accounts})
    rows = knowledge_tables(tables, as_of=NOON.to_pydatetime(), timezone="UTC")
    groups = rows["BuyingGroup PART_OF Account"].set_index("to_key")["from_key"].to_dict()
    assert groups == {"a/b": "a%2Fb/c", "a": "a/b/c", "a%2Fb": "a%252Fb/c", "plain": "plain/c"}


# ---- other versions


def test_a_graph_that_a_newer_version_has_loaded_is_left_alone(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", catalogue("TEA"))
    graph_store.write("MATCH (m:LoadedLayer) SET m.format = $format", format=FORMAT + 1)
    with pytest.raises(GraphFromNewerVersion, match="A newer version of Warrant has loaded the layer") as newer:
        load(graph_store, tmp_path, "knowledge", catalogue("COFFEE"))
    assert newer.value.exit_code == BAD_DATA
    assert content(graph_store) == wanted(catalogue("TEA"))


def test_a_graph_that_was_loaded_before_formats_were_noted_is_carried_over(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", catalogue("TEA"))
    graph_store.write("MATCH (m:LoadedLayer) REMOVE m.format")
    report = load(graph_store, tmp_path, "knowledge", catalogue("TEA", "COFFEE"))
    assert (report.deleted, report.unchanged) == (0, sum(map(len, catalogue("TEA").values())))
    assert content(graph_store) == wanted(catalogue("TEA", "COFFEE"))


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        (str(FORMAT + 1), "was written by a newer version of Warrant"),
        ("", "which is no number"),
        ("-1", "which is no number"),
    ],
)
def test_a_state_of_a_newer_version_is_neither_read_nor_touched(small_shop: World, stands: str, said: str) -> None:
    root = Home(Path(small_shop.environment["WARRANT_HOME"])).lake(small_shop.name)
    Lake(root).append_log("journal", [{"kind": "exiled"}])
    (root / "format").write_text(stands, encoding="utf-8")
    before = files_of(root)
    for command in (("run", str(small_shop.playbook)), ("why", "--customer", "anna"), ("graph", "rebuild")):
        answer = small_shop.command(*command)
        assert answer.exit_code == BAD_DATA
        assert said in answer.error["what"]
        assert str(root) in answer.error["where"]
        assert answer.error["remedy"]
    assert files_of(root) == before


def test_a_run_with_more_to_its_identity_than_this_version_knows_is_not_misread(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    identity = '{"identity": {"as_of": "2026-03-05T23:00:00+00:00", "weather": "fair"}, "pins": {}, "about": {}}'
    row = {"run_id": "0123456789abcdef", "kind": "opened", "name": "x", "state": None, "payload": identity}
    lake.append_log("runs", [row])
    assert (tmp_path / "format").read_text(encoding="utf-8").strip() == str(FORMAT)
    for reading in (lambda: Ledger(lake).get("0123"), Ledger(lake).latest):
        with pytest.raises(
            NewerFormatError, match="0123456789abcdef was written by a newer version of Warrant"
        ) as newer:
            reading()
        assert newer.value.exit_code == BAD_DATA


def test_a_state_from_before_formats_were_noted_is_read_as_it_is(tmp_path: Path) -> None:
    Lake(tmp_path).append_log("things", [{"name": "one"}])
    (tmp_path / "format").unlink()
    Lake(tmp_path).append_log("things", [{"name": "two"}])
    rows = Lake(tmp_path).read_log("things")
    assert rows is not None
    assert rows.sort_values("position")["name"].tolist() == ["one", "two"]


def test_a_row_of_a_clock_ahead_of_ours_is_set_aside_today_and_counts_tomorrow(small_shop: World) -> None:
    ahead = local(TODAY, "06:05:01")  # clocks may differ by five minutes
    small_shop.purchase("anna", "coffee", on=TODAY, occurred_at=local(TODAY, "06:05:00"))
    small_shop.purchase("anna", "coffee", on=TODAY, occurred_at=ahead)
    small_shop.purchase("bert", "coffee", on=TODAY, occurred_at=ahead, received_at=local(TODAY, "05:59:59"))

    def checked() -> tuple[list[str], int, int]:
        report = small_shop.command("check", str(small_shop.playbook)).document
        (row,) = [row for row in report["tables"] if row["table"] == "purchases"]
        return [one["reason"] for one in report["quarantine_reasons"]], row["later"], row["mapped"]

    assert checked() == (["a date in the future"], 2, 16)
    small_shop.setting(clock_skew_minutes=6)
    assert checked() == ([], 3, 16)
    small_shop.setting(clock_skew_minutes=0)
    assert checked() == (["a date in the future"], 1, 16)
    small_shop.today = days_before(TODAY, -1)
    assert checked() == ([], 0, 19)


def test_a_statement_is_as_long_as_the_table_of_assertions_takes_it() -> None:
    longest = f"objects_to topic/{'x' * (LONGEST_STATEMENT - 17)}"
    kept = read_statement(longest, until=TODAY, confidence=0.123456789012345678)
    assert len(kept.text) <= LONGEST_TEXT
    for too_long in (f"{longest}x", "x" * MEGABYTE):
        with pytest.raises(UsageError, match="longer than 950 characters") as refused:
            read_statement(too_long, until=None, confidence=None)
        assert len(str(refused.value)) < LONGEST_TEXT
