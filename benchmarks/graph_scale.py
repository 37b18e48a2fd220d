"""What a day costs on a large graph: the first load, a repetition, a change of one customer in a hundred, the view.

Customers with five relationships each (three aggregates of purchases, an interest, a consent), loaded by `graph.load`
as the step relate does it, on both servers. The ratio that counts is a full load against the load of the change, in one
run on the same server. Every size has a server and a process of its own, so that peak memory is its own.

    python -m benchmarks.graph_scale [--customers 100000,1000000] [--servers embedded,neo4j] [--rounds 3]

Neo4j: WARRANT_TEST_NEO4J (an empty one), else one from its published artifacts, which takes Maven and a JDK 17.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import psutil

from benchmarks.graph_writes import server
from graph.load import LoadReport, load
from graph.ownership import claim
from graph.read_view import read_view, store_view
from graph.store import GraphStore, Target

RESULTS = Path(__file__).parent / "results" / "graph_scale.json"
AIM_RATIO = 20.0
CHANGED_SHARE = 0.01
CATEGORIES, CHANNELS, BOUGHT_EACH = 200, 2, 3
AS_OF = datetime(2026, 3, 6, tzinfo=UTC)
MEBIBYTE = 1024 * 1024

Tables = dict[str, pd.DataFrame]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Spent:
    """Seconds that something took by the clock, and of processor in this process and the server's together."""

    clock: float
    processor: float


def main() -> int:
    """Measure every size on every server, print, and store as JSON."""
    arguments = read_arguments()
    if arguments.measure:
        kind, customers = arguments.measure.split(":")
        print(json.dumps(measured(kind, int(customers), arguments.rounds)))
        return 0
    results: dict[str, Any] = {"cores": os.cpu_count(), "aim_ratio": AIM_RATIO, "servers": {}}
    for kind in arguments.servers.split(","):
        for customers in map(int, arguments.customers.split(",")):
            command = [sys.executable, "-m", "benchmarks.graph_scale", "--rounds", str(arguments.rounds)]
            command += ["--measure", f"{kind}:{customers}"]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            if found is None:
                print(f"{kind}: not to be had here, left out", flush=True)
                break
            show(kind, found)
            results["servers"].setdefault(kind, {})[str(customers)] = found
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", default="100000,1000000", help="sizes, by comma")
    parser.add_argument("--servers", default="embedded,neo4j", help="which servers, by comma")
    parser.add_argument("--rounds", type=int, default=3, help="changes, repetitions and views; their median counts")
    parser.add_argument("--measure", metavar="SERVER:CUSTOMERS", help="measure this once, in this process")
    return parser.parse_args()


def measured(kind: str, customers: int, rounds: int) -> dict[str, Any] | None:
    """One server, one size."""
    with server(kind) as target, tempfile.TemporaryDirectory(prefix="warrant-bench-") as folder:
        if target is None:
            return None
        with GraphStore.connect(target) as store:
            claim(store, "bench")
            return measured_on(store, target, Path(folder), customers, rounds)


def measured_on(store: GraphStore, target: Target, folder: Path, customers: int, rounds: int) -> dict[str, Any]:
    """First load, repetitions, changes and views on an empty database."""
    tables = knowledge(customers)
    rows = sum(len(table) for table in tables.values())
    server_process = process_behind(target)

    def loaded(wanted: Tables) -> tuple[Spent, LoadReport]:
        return timed(lambda: load(store, folder, "knowledge", wanted), server_process)

    first, report = loaded(tables)
    insist(report.created == rows, f"{report.created:,} rows were created, not {rows:,}")
    repeats, changes, views = [], [], []
    for number in range(rounds):
        spent, report = loaded(tables)
        insist(not report.counters.has_changes, "a repetition wrote something")
        repeats.append(spent)
        tables = changed(tables, number)
        spent, report = loaded(tables)
        insist(report.updated == changed_rows(customers), f"{report.updated:,} rows were updated")
        changes.append(spent)
        spent, _ = timed(lambda: store_view(read_view(store, AS_OF), folder / "views"), server_process)
        views.append(spent)
    change = median(changes)
    return {
        "customers": customers,
        "rows": rows,
        "changed_rows": changed_rows(customers),
        "first_load_seconds": round(first.clock, 1),
        "first_load_processor_seconds": round(first.processor, 1),
        "first_load_rows_per_second": round(rows / first.clock),
        "repetition_seconds": round(median(repeats).clock, 2),
        "repetition_processor_seconds": round(median(repeats).processor, 2),
        "change_seconds": round(change.clock, 2),
        "change_processor_seconds": round(change.processor, 2),
        "full_load_against_change": round(first.clock / change.clock, 1),
        "full_load_against_change_by_processor": round(first.processor / change.processor, 1),
        "view_seconds": round(median(views).clock, 2),
        "client_peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "server_resident_mebibytes": server_process and server_process.memory_info().rss // MEBIBYTE,
        "load_average": round(os.getloadavg()[0], 1),
        "rounds": rounds,
    }


def timed(work: Callable[[], Result], server_process: psutil.Process | None) -> tuple[Spent, Result]:
    """What was spent, and what came out."""
    began, used = time.perf_counter(), processor_seconds(server_process)
    result = work()
    return Spent(time.perf_counter() - began, processor_seconds(server_process) - used), result


def processor_seconds(server_process: psutil.Process | None) -> float:
    """Of this process and the server's: on a machine with other work on it, they say more than the clock."""
    used = server_process.cpu_times() if server_process else None
    return time.process_time() + (used.user + used.system if used else 0.0)


def median(spent: Sequence[Spent]) -> Spent:
    """The median of each."""
    return Spent(statistics.median(one.clock for one in spent), statistics.median(one.processor for one in spent))


def insist(holds: bool, otherwise: str) -> None:
    """A benchmark of what does not work is worth nothing."""
    if not holds:
        raise SystemExit(otherwise)


def knowledge(customers: int) -> Tables:
    """The layer `knowledge` of a shop: customers, 200 categories, two channels, five relationships each customer."""
    names = np.array([f"customer-{number}" for number in range(customers)], dtype=object)
    categories = np.array([f"category-{number}" for number in range(CATEGORIES)], dtype=object)
    channels = np.array([f"channel-{number}" for number in range(CHANNELS)], dtype=object)
    position = np.arange(customers)
    last_at = pd.Series(pd.Timestamp(AS_OF) - pd.to_timedelta(position % 365 + 1, unit="D"))
    bought = [
        pd.DataFrame(
            {
                "from_key": names,
                "to_key": categories[(position * 7 + each * 41) % CATEGORIES],
                "count": position % 13 + 1,
                "spend": (position % 97 + each) * 1.25,
                "last_at": last_at,
            }
        )
        for each in range(BOUGHT_EACH)
    ]
    interests = pd.DataFrame(
        {
            "from_key": names,
            "to_key": categories[(position * 7) % CATEGORIES],
            "rule": "repeat-purchase",
            "valid_from": last_at,
            "observed_at": last_at,
            "weight": (position % 13 + 1) / 2,
            "half_life_days": 90.0,
            "confidence": (position % 9 + 1) / 10,
            "source": "purchases",
        }
    )
    consents = pd.DataFrame(
        {"from_key": names, "to_key": channels[position % CHANNELS], "granted": True, "recorded_at": last_at}
    )
    return {
        "Customer": pd.DataFrame(
            {
                "customer_id": names,
                "region": np.array(["north", "south", "west"], dtype=object)[position % 3],
                "shopping_days_28d": position % 5,
                "shopping_days_91d": position % 13 + 1,
                "last_purchase_at": last_at,
            }
        ),
        "Category": pd.DataFrame({"category_id": categories, "name": categories}),
        "Channel": pd.DataFrame({"channel_id": channels, "kind": "file"}),
        "Customer BOUGHT Category": pd.concat(bought, ignore_index=True),
        "Customer INTERESTED_IN Category": interests,
        "Customer REACHABLE_ON Channel": consents,
    }


def changed(tables: Tables, round_: int) -> Tables:
    """The same after one customer in a hundred bought once more: their node and three relationships are others."""
    customers = tables["Customer"]
    who = customers.index % int(1 / CHANGED_SHARE) == round_
    more = customers.assign(shopping_days_28d=customers["shopping_days_28d"] + who)
    bought = tables["Customer BOUGHT Category"]
    is_theirs = bought["from_key"].isin(customers.loc[who, "customer_id"])
    once_more = bought.assign(count=bought["count"] + is_theirs)
    return {**tables, "Customer": more, "Customer BOUGHT Category": once_more}


def changed_rows(customers: int) -> int:
    """How many rows `changed` changes: of a multiple of a hundred customers, one in a hundred."""
    return int(customers * CHANGED_SHARE) * (1 + BOUGHT_EACH)


def process_behind(target: Target) -> psutil.Process | None:
    """The process that listens where the server is; None for one on another machine."""
    port = urlsplit(target.uri).port
    for connection in psutil.net_connections(kind="tcp"):
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            return psutil.Process(connection.pid)
    return None


def show(kind: str, found: dict[str, Any]) -> None:
    """One line for people."""
    ratio = found["full_load_against_change"]
    verdict = f"{ratio:.1f}x; aim {AIM_RATIO:.0f}x: {'met' if ratio >= AIM_RATIO else 'MISSED'}"
    said = (
        f"{kind:9} {found['customers']:>9,} customers, {found['rows']:>9,} rows",
        f"first load {found['first_load_seconds']:.1f} s, again {found['repetition_seconds']:.2f} s",
        f"1 % changed {found['change_seconds']:.2f} s ({verdict})",
        f"by processor {found['full_load_against_change_by_processor']:.1f}x",
        f"view {found['view_seconds']:.2f} s",
        f"client {found['client_peak_mebibytes']:,} MiB, server {found['server_resident_mebibytes'] or 0:,} MiB",
        f"load average {found['load_average']}",
    )
    print("; ".join(said), flush=True)


if __name__ == "__main__":
    sys.exit(main())
