"""What batches and columns are worth: the store against a transaction per row, and against rows, on both servers.

Every comparison is one ratio from one run: both sides on the same server, in turn, the median of several. The rival
is the driver used plainly, as its manual shows it: `execute_write` with one MERGE, `execute_read` and a record each.
A transaction per row is measured on fewer rows and compared by rows per second; the size of each side is printed.

    python -m benchmarks.graph_writes [--links 1000000] [--rounds 5] [--servers embedded,neo4j]

Neo4j: WARRANT_TEST_NEO4J (an empty one), else one from its published artifacts, which takes Maven and a JDK 17.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
import pandas as pd

from graph import local
from graph.store import BATCH_ROWS, GraphStore, Target
from graph.target import embedded_target

RESULTS = Path(__file__).parent / "results" / "graph_writes.json"
NEO4J_SERVER = Path(__file__).parent.parent / "tests" / "servers" / "neo4j_server.py"

AIMS = {
    "embedded": {"batches_against_single_rows": 12.0, "columns_against_rows": 4.0},
    "neo4j": {"batches_against_single_rows": 40.0, "columns_against_rows": 4.0},
}

TOPICS = 200
LINKS_PER_CUSTOMER = 5
BATCHED_ROWS = 50_000
SINGLE_ROWS = 1_000
WARM_UP_ROUNDS = 3

KEYS = (
    "CREATE CONSTRAINT bench_customer IF NOT EXISTS FOR (c:Customer) REQUIRE c.customer_id IS UNIQUE",
    "CREATE CONSTRAINT bench_topic IF NOT EXISTS FOR (t:Topic) REQUIRE t.topic_id IS UNIQUE",
)
UPSERT = "UNWIND $rows AS row MERGE (c:Customer {customer_id: row.customer_id}) SET c.spend = row.spend"
UPSERT_ONE = "MERGE (c:Customer {customer_id: $customer_id}) SET c.spend = $spend"
CREATE_TOPICS = "UNWIND $rows AS row CREATE (:Topic {topic_id: row.topic_id})"
CREATE_CUSTOMERS = "UNWIND $rows AS row CREATE (:Customer {customer_id: row.customer_id})"
CREATE_LINKS = """
UNWIND $rows AS row
MATCH (c:Customer {customer_id: row.customer_id})
MATCH (t:Topic {topic_id: row.topic_id})
CREATE (c)-[:INTERESTED_IN {weight: row.weight}]->(t)
"""
READ_ROWS = """
MATCH (c:Customer)-[r:INTERESTED_IN]->(t:Topic)
RETURN t.topic_id AS topic, c.customer_id AS customer, r.weight AS weight
"""
READ_COLUMNS = """
MATCH (t:Topic)<-[r:INTERESTED_IN]-(c:Customer)
RETURN t.topic_id AS topic, collect(c.customer_id) AS customer, collect(r.weight) AS weight
"""
# relationships first: a topic has thousands, and one transaction cannot hold those of many topics
WIPE = ("MATCH ()-[r]->() WITH r LIMIT 20000 DELETE r", "MATCH (n) WITH n LIMIT 20000 DELETE n")


@dataclass(frozen=True)
class Comparison:
    """Two ways to do the same, in rows per second, and how often ours is faster."""

    ours_rows_per_second: float
    rival_rows_per_second: float
    ratio: float
    ratio_lowest: float
    ratio_highest: float
    ours_rows: int
    rival_rows: int
    rounds: int


def main() -> int:
    """Measure on the servers asked for, print, and store as JSON."""
    arguments = read_arguments()
    results: dict[str, Any] = {"cores": os.cpu_count(), "links": arguments.links, "aims": AIMS, "servers": {}}
    for kind in arguments.servers.split(","):
        with server(kind) as target:
            if target is None:
                print(f"{kind}: not to be had here, left out", flush=True)
                continue
            results["servers"][kind] = measured(target, links=arguments.links, rounds=arguments.rounds)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000, help="relationships to read")
    parser.add_argument("--rounds", type=int, default=5, help="take the median of so many")
    parser.add_argument("--servers", default="embedded,neo4j", help="which servers, by comma")
    return parser.parse_args()


@contextmanager
def server(kind: str) -> Iterator[Target | None]:
    """An empty database on a server of this kind; None when there is none to be had."""
    with tempfile.TemporaryDirectory(prefix="warrant-bench-") as folder:
        if kind == "embedded":
            yield embedded_target(local.start(Path(folder)), "bench")
            local.stop(Path(folder))
        elif "WARRANT_TEST_NEO4J" in os.environ:
            user = os.environ.get("WARRANT_TEST_NEO4J_USER", "neo4j")
            password = os.environ.get("WARRANT_TEST_NEO4J_PASSWORD", "")
            target = Target(os.environ["WARRANT_TEST_NEO4J"], user, password, database=None, kind="neo4j")
            yield target
            with GraphStore.connect(target) as store:  # the others are thrown away with their folder
                wipe(store)
        else:
            command = [sys.executable, str(NEO4J_SERVER), folder]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
                where = running.stdout.readline() if running.stdout else ""
                yield Target(**json.loads(where), kind="neo4j") if where else None


def measured(target: Target, *, links: int, rounds: int) -> dict[str, Any]:
    """Both comparisons on one server."""
    auth = (target.user, target.password)
    with (
        GraphStore.connect(target) as store,
        neo4j.GraphDatabase.driver(target.uri, auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(database=target.database) as session,
    ):
        if store.read("MATCH (n) RETURN count(n) AS nodes")[0]["nodes"]:
            raise SystemExit(f"The database at {target.uri} is not empty; give the benchmark an empty one.")
        for key in KEYS:
            store.write(key)
        writes = compare_writes(store, session, rounds)
        show(target.kind, "batches_against_single_rows", writes)
        wipe(store)
        load_links(store, links)
        reads = compare_reads(store, session, links, rounds)
        show(target.kind, "columns_against_rows", reads)
    return {"batches_against_single_rows": asdict(writes), "columns_against_rows": asdict(reads)}


def compare_writes(store: GraphStore, session: neo4j.Session, rounds: int) -> Comparison:
    """Upsert new customers: batches of 5,000 through the store, against a managed transaction per row."""

    def ours(number: int) -> None:
        store.write_batches(UPSERT, customers(f"batch-{number}", BATCHED_ROWS), size=BATCH_ROWS)

    def rival(number: int) -> None:
        for row in range(SINGLE_ROWS):
            session.execute_write(write_one, f"single-{number}-{row}", row / 100)

    return compare(ours, rival, ours_rows=BATCHED_ROWS, rival_rows=SINGLE_ROWS, rounds=rounds)


def write_one(transaction: neo4j.ManagedTransaction, customer_id: str, spend: float) -> None:
    """One row in a transaction of its own."""
    transaction.run(UPSERT_ONE, customer_id=customer_id, spend=spend).consume()


def compare_reads(store: GraphStore, session: neo4j.Session, links: int, rounds: int) -> Comparison:
    """Read all relationships into a table: collected columns through the store, against a record each."""
    expected = read_as_columns(store).sort_values(["topic", "customer"], ignore_index=True)
    pd.testing.assert_frame_equal(
        read_as_rows(session).sort_values(["topic", "customer"], ignore_index=True), expected, check_dtype=False
    )
    return compare(
        lambda _: read_as_columns(store),
        lambda _: read_as_rows(session),
        ours_rows=links,
        rival_rows=links,
        rounds=rounds,
    )


def read_as_columns(store: GraphStore) -> pd.DataFrame:
    """One array per column."""
    return pd.DataFrame(store.read_collected(READ_COLUMNS))


def read_as_rows(session: neo4j.Session) -> pd.DataFrame:
    """One record per relationship; their values as they are, which is faster than the driver's own table."""
    names, values = session.execute_read(read_values)
    return pd.DataFrame(values, columns=names)


def read_values(transaction: neo4j.ManagedTransaction) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns, and a list per record."""
    result = transaction.run(READ_ROWS)
    return list(result.keys()), result.values()


def compare(
    ours: Callable[[int], object],
    rival: Callable[[int], object],
    *,
    ours_rows: int,
    rival_rows: int,
    rounds: int,
) -> Comparison:
    """Both in turn, after rounds that warm the server up: Java gets three times faster over the first ones."""
    for number in range(WARM_UP_ROUNDS):
        ours(-number - 1)
        rival(-number - 1)
    rates = [(ours_rows / seconds_of(ours, number), rival_rows / seconds_of(rival, number)) for number in range(rounds)]
    ratios = [ours_rate / rival_rate for ours_rate, rival_rate in rates]
    return Comparison(
        ours_rows_per_second=round(statistics.median(rate for rate, _ in rates)),
        rival_rows_per_second=round(statistics.median(rate for _, rate in rates)),
        ratio=round(statistics.median(ratios), 1),
        ratio_lowest=round(min(ratios), 1),
        ratio_highest=round(max(ratios), 1),
        ours_rows=ours_rows,
        rival_rows=rival_rows,
        rounds=rounds,
    )


def seconds_of(work: Callable[[int], object], number: int) -> float:
    """How long one round takes."""
    began = time.perf_counter()
    work(number)
    return time.perf_counter() - began


def customers(prefix: str, rows: int) -> pd.DataFrame:
    """Customers that no other round has."""
    return pd.DataFrame({"customer_id": [f"{prefix}-{row}" for row in range(rows)], "spend": np.arange(rows) / 100})


def load_links(store: GraphStore, links: int) -> None:
    """As many relationships as asked for, five per customer, over the topics."""
    n_customers = links // LINKS_PER_CUSTOMER
    names = [f"customer-{number}" for number in range(n_customers)]
    topics = [f"topic-{number}" for number in range(TOPICS)]
    store.write_batches(CREATE_TOPICS, pd.DataFrame({"topic_id": topics}))
    store.write_batches(CREATE_CUSTOMERS, pd.DataFrame({"customer_id": names}))
    position = np.arange(n_customers * LINKS_PER_CUSTOMER)
    customer = position // LINKS_PER_CUSTOMER
    # sorted by topic, because one topic's relationships then lie in few batches
    table = pd.DataFrame(
        {
            "customer_id": np.array(names, dtype=object)[customer],
            "topic_id": np.array(topics, dtype=object)[(customer * 7 + (position % LINKS_PER_CUSTOMER) * 41) % TOPICS],
            "weight": (position % 97) / 97,
        }
    ).sort_values("topic_id", kind="stable")
    store.write_batches(CREATE_LINKS, table)


def wipe(store: GraphStore) -> None:
    """Delete everything, some at a time."""
    for statement in WIPE:
        while store.write(statement).has_changes:
            pass


def show(kind: str, name: str, comparison: Comparison) -> None:
    """One line for people."""
    aim = AIMS[kind][name]
    print(
        f"{kind:9} {name:28} {comparison.ratio:6.1f}x  (lowest {comparison.ratio_lowest}, "
        f"highest {comparison.ratio_highest}; aim {aim:.0f}x: {'met' if comparison.ratio >= aim else 'MISSED'})  "
        f"{comparison.ours_rows_per_second:,.0f} rows/s over {comparison.ours_rows:,} against "
        f"{comparison.rival_rows_per_second:,.0f} over {comparison.rival_rows:,}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
