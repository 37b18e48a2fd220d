"""Loading on real servers: only what changed is written, and whatever interrupts a load, the next one heals it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.content import GraphContentError, attributes_of, whole_layer
from graph.errors import GraphError
from graph.load import load, loaded_tables
from graph.loaded import Shelf, parts_of, read_marker
from graph.read_content import read_kind
from graph.schema import KINDS, kinds_of
from graph.store import Counters, GraphStore

Tables = dict[str, pd.DataFrame]
NOON = pd.Timestamp("2026-02-01 12:00:00.123456", tz="UTC")
LATER = NOON + pd.Timedelta(days=9)


def pairs(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["from_key", "to_key"], dtype=object)


def interest(customer: str, category: str, valid_from: pd.Timestamp) -> dict[str, object]:
    return {
        "from_key": customer,
        "to_key": category,
        "rule": "repeat-purchase",
        "valid_from": valid_from,
        "weight": 2.5,
        "half_life_days": 90.0,
        "confidence": 0.75,
        "source": "purchases",
    }


def world() -> Tables:
    """A small layer `knowledge` with something of nearly every kind and every type."""
    customers = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "Zoë"],
            "region": ["north", None, 'a "quoted" name'],
            "is_known": [True, None, False],
            "pclv": [499.99, None, 0.0],
            "shopping_days_28d": [1, 0, 2],
            "shopping_days_91d": [3, 0, 2],
            "last_purchase_at": [NOON, pd.NaT, NOON],
            "age_band": ["30-39", None, None],
            "order": [1.5, None, None],  # a word of Cypher
            "hobby": None,
        }
    )
    return {
        "Customer": customers,
        "Category": pd.DataFrame({"category_id": ["FOOD", "FOOD/DAIRY", "TEA"], "name": ["Food", "Dairy", "Tea"]}),
        "Category WITHIN Category": pairs(("FOOD/DAIRY", "FOOD")),
        "Product": pd.DataFrame({"product_id": ["milk", "salt"], "name": ["Milk", "Salt"], "price": [1.25, None]}),
        "Product IN_CATEGORY Category": pairs(("milk", "FOOD/DAIRY")),
        "Customer BOUGHT Category": pairs(("ann", "FOOD"), ("ann", "FOOD/DAIRY"), ("Zoë", "FOOD")).assign(
            count=3, spend=5.1, last_at=NOON
        ),
        "Customer BOUGHT Product": pairs(("ann", "milk")).assign(count=2, spend=2.5, last_at=NOON),
        "Customer INTERESTED_IN Category": pd.DataFrame([interest("ann", "FOOD", NOON)]),
        "Customer REACHABLE_ON Channel": pairs(("ann", "email"), ("bob", "email")).assign(
            granted=[True, False], basis=pd.Series(["consent", None]), recorded_at=pd.Series([NOON, pd.NaT])
        ),
        "Asset": pd.DataFrame(
            {"asset_id": ["a1", "a2"], "version": "1", "topics": [["x", "y"], None], "kind": "coupon"}
        ),
        "Asset ABOUT Category": pairs(("a1", "FOOD")),
        "Asset FITS Channel": pairs(("a1", "email"), ("a2", "email")),
        "Asset CARRIES Offer": pairs(("a1", "ten-off")),
        "Offer": pd.DataFrame({"offer_id": ["ten-off"], "is_automatic": [False], "discount_pct": [10.0]}),
        "Channel": pd.DataFrame({"channel_id": ["email"], "cost_per_touch": [0.01]}),
    }


def changed(tables: Tables) -> Tables:
    """The world a week later: rows of every sort are new, different or gone."""
    customers = tables["Customer"].drop(columns="age_band").iloc[[0, 2]]
    return tables | {
        "Customer": pd.concat(
            [customers, customers.iloc[[0]].assign(customer_id="dan", last_purchase_at=LATER)], ignore_index=True
        ),
        "Customer BOUGHT Category": pairs(("ann", "FOOD"), ("dan", "TEA")).assign(count=4, spend=6.0, last_at=LATER),
        "Customer INTERESTED_IN Category": pd.DataFrame(
            [interest("ann", "FOOD", LATER), interest("dan", "TEA", LATER)]
        ),
        "Customer REACHABLE_ON Channel": pairs(("ann", "email")).assign(
            granted=False, basis="consent", recorded_at=LATER
        ),
        "Product": tables["Product"].iloc[:1],
        "Asset ABOUT Category": pairs(("a1", "TEA"), ("a2", "FOOD")),
    }


def content(tables: Tables) -> dict[str, pa.Table]:
    return whole_layer("knowledge", tables)


def in_graph(store: GraphStore, wanted: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """What the graph holds, kind by kind."""
    kinds = kinds_of("knowledge")
    return {kind.kind: read_kind(store, kind, attributes_of(wanted[kind.kind], kind)) for kind in kinds}


def assert_holds(store: GraphStore, wanted: Mapping[str, pa.Table]) -> None:
    found = in_graph(store, wanted)
    assert {name: table.to_pylist() for name, table in found.items()} == {
        name: table.to_pylist() for name, table in wanted.items()
    }


def with_closed(tables: Tables, *rows: dict[str, object]) -> dict[str, pa.Table]:
    """The content with further beliefs that are closed."""
    interests = pd.concat([tables["Customer INTERESTED_IN Category"], pd.DataFrame(rows)], ignore_index=True)
    return content(tables | {"Customer INTERESTED_IN Category": interests})


CLOSED = interest("ann", "FOOD", NOON) | {"valid_to": LATER}


def test_the_graph_holds_what_it_was_given_down_to_the_microsecond(graph_store: GraphStore, tmp_path: Path) -> None:
    report = load(graph_store, tmp_path, "knowledge", world())
    assert_holds(graph_store, content(world()))
    assert (report.created, report.updated, report.deleted) == (sum(map(len, world().values())), 0, 0)
    assert report.counters.nodes_created >= 12


def test_the_same_content_again_writes_nothing_at_all(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    turned = {name: frame.iloc[::-1] for name, frame in world().items()}
    report = load(graph_store, tmp_path, "knowledge", turned)
    assert report.counters == Counters()
    assert (report.created, report.updated, report.deleted) == (0, 0, 0)
    assert report.unchanged == sum(map(len, world().values()))
    assert_holds(graph_store, content(world()))


def test_one_changed_row_is_the_only_one_written(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    tables = world()
    tables["Customer BOUGHT Category"].loc[1, "spend"] = 9.0
    report = load(graph_store, tmp_path, "knowledge", tables)
    assert (report.created, report.updated, report.deleted) == (0, 1, 0)
    assert (report.counters.nodes_created, report.counters.relationships_created) == (0, 0)
    assert_holds(graph_store, content(tables))


def test_what_is_gone_is_deleted_and_what_is_new_is_there(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    report = load(graph_store, tmp_path, "knowledge", changed(world()))
    assert_holds(graph_store, with_closed(changed(world()), CLOSED))
    # bob, salt; ann's dairy and Zoë's food; bob's consent; what a1 was about
    assert report.deleted == 6
    assert report.counters.nodes_deleted == 2


def test_a_belief_is_closed_and_the_next_one_opened(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    load(graph_store, tmp_path, "knowledge", changed(world()))
    rows = graph_store.read(
        "MATCH (:Customer {customer_id: 'ann'})-[r:INTERESTED_IN]->(:Category {category_id: 'FOOD'}) "
        "RETURN r.valid_from AS valid_from, r.valid_to AS valid_to ORDER BY valid_from"
    )
    assert rows == [{"valid_from": NOON, "valid_to": LATER}, {"valid_from": LATER, "valid_to": None}]
    again = load(graph_store, tmp_path, "knowledge", changed(world()))
    assert again.counters == Counters()


def test_a_belief_that_rests_on_something_else_than_purchases_is_closed_too(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    tables = world()
    tables["Customer"]["last_purchase_at"] = pd.NaT
    load(graph_store, tmp_path, "knowledge", tables)
    newer = tables | {"Customer INTERESTED_IN Category": pd.DataFrame([interest("ann", "FOOD", LATER)])}
    load(graph_store, tmp_path, "knowledge", newer)
    assert_holds(graph_store, with_closed(newer, CLOSED))


def test_an_attribute_that_is_no_longer_in_the_data_leaves_the_graph(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    load(graph_store, tmp_path, "knowledge", changed(world()))
    rows = graph_store.read("MATCH (n:Customer) WHERE n.age_band IS NOT NULL RETURN count(n) AS number")
    assert rows == [{"number": 0}]


class Interrupted(Exception):  # noqa: N818 -- it stands for the end of the process
    """The process ends here."""


def interrupted_after(messages: int) -> Callable[[str], None]:
    """Told what is being written, it ends the load after so many messages."""
    countdown: Iterator[int] = iter(range(messages))

    def report(_: str) -> None:
        if next(countdown, None) is None:
            raise Interrupted

    return report


def count_messages(store: GraphStore, folder: Path, tables: Tables) -> int:
    messages: list[str] = []
    load(store, folder, "knowledge", tables, report=messages.append)
    return len(messages)


def forget_everything(store: GraphStore) -> None:
    store.write("MATCH (any) DETACH DELETE any")


def test_a_first_load_that_ends_anywhere_is_completed_by_the_next(graph_store: GraphStore, tmp_path: Path) -> None:
    messages = count_messages(graph_store, tmp_path / "counting", world())
    assert messages > 10
    for ended_after in range(0, messages, max(1, messages // 5)):
        forget_everything(graph_store)
        folder = tmp_path / str(ended_after)
        with pytest.raises(Interrupted):
            load(graph_store, folder, "knowledge", world(), report=interrupted_after(ended_after))
        load(graph_store, folder, "knowledge", world())
        assert_holds(graph_store, content(world()))


def test_a_change_that_ends_anywhere_is_completed_by_the_next(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path / "counting", "knowledge", world())
    messages = count_messages(graph_store, tmp_path / "counting", changed(world()))
    for ended_after in range(0, messages, max(1, messages // 5)):
        forget_everything(graph_store)
        folder = tmp_path / str(ended_after)
        load(graph_store, folder, "knowledge", world())
        with pytest.raises(Interrupted):
            load(graph_store, folder, "knowledge", changed(world()), report=interrupted_after(ended_after))
        report = load(graph_store, folder, "knowledge", changed(world()))
        assert report.unchanged > 0, "it went on from what was there instead of starting anew"
        assert_holds(graph_store, with_closed(changed(world()), CLOSED))


def test_another_load_after_an_interrupted_one_starts_anew(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    with pytest.raises(Interrupted):
        load(graph_store, tmp_path, "knowledge", changed(world()), report=interrupted_after(6))
    third = world() | {"Asset ABOUT Category": pairs(("a2", "TEA"))}
    report = load(graph_store, tmp_path, "knowledge", third)
    assert report.unchanged == 0
    assert_holds(graph_store, content(third))


KILLED = """
import json, os, signal, sys
from pathlib import Path
from graph.load import load, loaded_tables
from graph.parts import Parts
from graph.store import GraphStore, Target

order = json.load(sys.stdin)
target = Target(**order["target"] | {"lock_folder": order["locks"] and Path(order["locks"])})
tables = Parts(Path(order["tables"])).load(order["token"])[0]
left = iter(range(order["after"]))

def report(text):
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)

with GraphStore.connect(target) as store:
    load(store, Path(order["folder"]), "knowledge", {n: t.to_pandas() for n, t in tables.items()}, report=report)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_that_is_killed_in_the_middle_leaves_nothing_that_the_next_cannot_heal(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path / "state", "knowledge", world())
    token = Shelf(tmp_path, "knowledge").put(parts_of(content(changed(world()))))
    locks = graph_store.target.lock_folder
    order = {
        "target": asdict(graph_store.target) | {"lock_folder": None},
        "locks": str(locks) if locks else None,
        "tables": str(tmp_path / "knowledge"),
        "token": token,
        "folder": str(tmp_path / "state"),
        "after": 5,
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(
        command, input=json.dumps(order), env=environment, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert read_marker(graph_store, "knowledge").loading is not None
    load(graph_store, tmp_path / "state", "knowledge", changed(world()))
    assert_holds(graph_store, with_closed(changed(world()), CLOSED))


def test_a_graph_that_was_wiped_gets_everything_back_closed_beliefs_too(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    load(graph_store, tmp_path, "knowledge", changed(world()))
    forget_everything(graph_store)
    load(graph_store, tmp_path, "knowledge", changed(world()))
    assert_holds(graph_store, with_closed(changed(world()), CLOSED))


def test_when_our_own_notes_are_lost_the_graph_still_remembers_closed_beliefs(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path / "before", "knowledge", world())
    load(graph_store, tmp_path / "before", "knowledge", changed(world()))
    load(graph_store, tmp_path / "after", "knowledge", changed(world()))
    assert_holds(graph_store, with_closed(changed(world()), CLOSED))


def test_rows_that_somebody_else_wrote_are_noticed_and_the_next_load_puts_them_right(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    graph_store.write(
        "MATCH (c:Customer {customer_id: 'Zoë'}) MATCH (k:Category {category_id: 'TEA'}) "
        "CREATE (c)-[:BOUGHT {count: 1}]->(k)"
    )
    with pytest.raises(GraphError, match="The graph holds 3 rows of Customer BOUGHT Category after the load, not 2"):
        load(graph_store, tmp_path, "knowledge", changed(world()))
    load(graph_store, tmp_path, "knowledge", changed(world()))
    assert_holds(graph_store, with_closed(changed(world()), CLOSED))


def test_content_that_breaks_the_schema_is_refused_before_anything_is_written(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", world())
    broken = changed(world()) | {"Asset ABOUT Category": pairs(("a1", "NOWHERE"))}
    with pytest.raises(GraphContentError, match="name no Category: `NOWHERE`"):
        load(graph_store, tmp_path, "knowledge", broken)
    assert_holds(graph_store, content(world()))


def test_decisions_cannot_be_loaded_before_knowledge(graph_store: GraphStore, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="The layer `knowledge` of the graph is not loaded completely"):
        load(graph_store, tmp_path, "decisions", {})


def test_what_was_loaded_last_can_be_asked_for(graph_store: GraphStore, tmp_path: Path) -> None:
    assert loaded_tables(graph_store, tmp_path, "knowledge") == {}
    load(graph_store, tmp_path, "knowledge", world())
    tables = loaded_tables(graph_store, tmp_path, "knowledge")
    assert {name: table.to_pylist() for name, table in content(tables).items()} == {
        name: table.to_pylist() for name, table in content(world()).items()
    }


KEYS = ("a", "b", "c")


@st.composite
def small_worlds(draw: st.DrawFn) -> Tables:
    customers = draw(st.sets(st.sampled_from(KEYS)))
    categories = draw(st.sets(st.sampled_from(KEYS)))
    ends = [(one, other) for one in sorted(customers) for other in sorted(categories)]
    bought = draw(st.sets(st.sampled_from(ends))) if ends else set()
    believed = draw(st.sets(st.sampled_from(ends))) if ends else set()
    newest = draw(st.sampled_from([NOON, LATER]))
    nodes = pd.DataFrame({"customer_id": sorted(customers)}, dtype=object)
    return {
        "Customer": nodes.assign(
            shopping_days_28d=draw(st.integers(0, 2)), shopping_days_91d=2, last_purchase_at=newest
        ),
        "Category": pd.DataFrame({"category_id": sorted(categories), "name": draw(st.sampled_from(["x", None]))}),
        "Customer BOUGHT Category": pairs(*bought).assign(count=draw(st.integers(1, 2)), spend=1.5, last_at=newest),
        "Customer INTERESTED_IN Category": pd.DataFrame(
            [interest(*pair, newest) for pair in believed], columns=list(interest("", "", NOON))
        ),
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds=st.lists(small_worlds(), min_size=2, max_size=4))
def test_after_any_sequence_of_loads_the_graph_holds_the_last_content(
    graph_store: GraphStore, tmp_path_factory: pytest.TempPathFactory, worlds: list[Tables]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    for tables in worlds:
        load(graph_store, folder, "knowledge", tables)
    wanted = content(worlds[-1])
    found = in_graph(graph_store, wanted)
    interests = found.pop("Customer INTERESTED_IN Category").to_pandas()
    expected = wanted.pop("Customer INTERESTED_IN Category").to_pandas()
    assert all(found[name].equals(table) for name, table in wanted.items())
    is_open = interests["valid_to"].isna()
    pd.testing.assert_frame_equal(interests[is_open].reset_index(drop=True), expected)
    assert (interests[~is_open]["valid_to"] >= interests[~is_open]["valid_from"]).all()
    assert sum(map(len, found.values())) == sum(len(table) for table in wanted.values())
    assert set(KINDS) >= set(found)
