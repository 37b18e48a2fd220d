"""How long it takes to find out who is who: ten million identifiers, against NetworkX on a tenth of them.

Ours is measured twice: connected components alone, from texts as they stand in the lake to the group of every id; and
all of `graph.identity.resolve`, with survivors, aliases and their evidence, and contested ids. The rival is NetworkX
used plainly: a graph with an edge per row, `connected_components`, and the group of every id. Both sides get the same
columns and must find the same groups. NetworkX is measured on a stated smaller size; its time for the full size is
extrapolated in proportion to the rows, which flatters it, since its memory no longer fits any cache there.

Every measurement is a process of its own, so that its peak memory is its own; the memory of the columns is in it.
Seconds are those of a clock; where others work on the same cores, the seconds of processor and the load beside them
tell what a quiet machine would need.

    python -m benchmarks.identity [--rows 10000000] [--rival-rows 1000000] [--rounds 5]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.identity import no_decisions, resolve
from graph.identity.components import joined_by

RESULTS = Path(__file__).parent / "results" / "identity.json"
AIM_SECONDS = 60.0

KINDS = ("email", "phone", "login", "loyalty_card", "anonymous", "device")
SHARES = (0.3, 0.2, 0.15, 0.1, 0.15, 0.1)
ROWS_PER_CUSTOMER = 2
SECOND_PROFILES = 0.25
SHARED_DEVICES = 0.02
BEGIN = 1_700_000_000_000_000


def main() -> int:
    """Measure, print, and store as JSON."""
    arguments = read_arguments()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.rows)))
        return 0
    small = arguments.rival_rows
    results: dict[str, Any] = {"cores": os.cpu_count(), "aim_seconds": AIM_SECONDS, "rounds": arguments.rounds}
    for name, rows in (("components", arguments.rows), ("resolve", arguments.rows), ("components", small)):
        results[f"{name}_{rows}"] = repeated(name, rows, arguments.rounds)
    results[f"networkx_{small}"] = rival = repeated("networkx", small, arguments.rounds)
    ours = results[f"components_{arguments.rows}"]
    extrapolated = rival["seconds"] * arguments.rows / small
    results["networkx_against_components"] = {
        "ratio_on_equal_rows": round(rival["seconds"] / results[f"components_{small}"]["seconds"], 1),
        "cpu_ratio_on_equal_rows": round(rival["cpu_seconds"] / results[f"components_{small}"]["cpu_seconds"], 1),
        "rows": small,
        "networkx_seconds_extrapolated": round(extrapolated, 1),
        "ratio_extrapolated": round(extrapolated / ours["seconds"], 1),
        "networkx_peak_mebibytes_extrapolated": round(rival["peak_mebibytes"] * arguments.rows / small),
    }
    print(json.dumps(results["networkx_against_components"], indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="identifiers")
    parser.add_argument("--rival-rows", type=int, default=1_000_000, help="identifiers for NetworkX")
    parser.add_argument("--rounds", type=int, default=5, help="take the median of so many")
    parser.add_argument("--measure", choices=sorted(MEASURES), help="measure this once, in this process")
    return parser.parse_args()


def repeated(name: str, rows: int, rounds: int) -> dict[str, Any]:
    """The median of several processes."""
    command = [sys.executable, "-m", "benchmarks.identity", "--measure", name, "--rows", str(rows)]
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(rounds)
    ]
    seconds = [one["seconds"] for one in found]
    result: dict[str, Any] = found[0] | {
        "seconds": round(statistics.median(seconds), 2),
        "seconds_lowest": round(min(seconds), 2),
        "seconds_highest": round(max(seconds), 2),
        "cpu_seconds": round(statistics.median(one["cpu_seconds"] for one in found), 2),
        "load": max(one["load"] for one in found),
        "peak_mebibytes": max(one["peak_mebibytes"] for one in found),
    }
    aim = (
        ""
        if name == "networkx"
        else f"  (aim {AIM_SECONDS:.0f} s: {'met' if max(seconds) < AIM_SECONDS else 'missed'})"
    )
    worked = f"{result['cpu_seconds']:.2f} s of processor at load {result['load']}"
    line = f"{name:11} {rows:>12,} identifiers  {result['seconds']:8.2f} s, {worked}"
    print(f"{line}  {result['peak_mebibytes']:>7,} MiB{aim}", flush=True)
    return result


def measured(name: str, rows: int) -> dict[str, Any]:
    """One measurement: seconds, peak memory, and what came out."""
    identities, customers = world(rows)
    held = peak()
    began, worked = time.perf_counter(), time.process_time()
    found: dict[str, Any] = MEASURES[name](identities, customers)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    times = {"seconds": seconds, "cpu_seconds": cpu_seconds, "load": round(os.getloadavg()[0], 1)}
    return {"rows": rows, **times, "peak_mebibytes": peak(), "columns_mebibytes": held, **found}


def peak() -> int:
    """Peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def world(rows: int) -> tuple[pa.Table, pa.Table]:
    """Identities and customers: a quarter of the customers are second profiles, a few devices are shared."""
    rng = np.random.default_rng(20260301)
    n_customers = rows // ROWS_PER_CUSTOMER
    person = np.arange(n_customers)
    is_second = rng.random(n_customers) < SECOND_PROFILES
    person[is_second] = rng.integers(0, n_customers, is_second.sum())
    customer = np.concatenate([np.arange(n_customers), rng.integers(0, n_customers, rows - n_customers)])
    kind = rng.choice(len(KINDS), rows, p=SHARES)
    whose = person[customer]
    is_shared = (kind == KINDS.index("device")) & (rng.random(rows) < SHARED_DEVICES)
    whose[is_shared] = rng.integers(0, n_customers, is_shared.sum())
    order = rng.permutation(rows)
    seen = pa.array(BEGIN + rng.integers(0, 10**13, rows), pa.timestamp("us", "UTC"))
    identities = pa.table(
        {
            "kind": pa.array(KINDS).take(pa.array(kind[order])),
            "value": named("identifier-", whose[order]),
            "customer_id": named("customer-", customer[order]),
            "first_seen_at": seen,
        }
    )
    ids = named("customer-", rng.permutation(n_customers))
    return identities, pa.table({"customer_id": ids})


def named(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Texts as they stand in the lake."""
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def components(identities: pa.Table, _: pa.Table) -> dict[str, Any]:
    """Texts to numbers, numbers to groups."""
    customer = identities["customer_id"].combine_chunks().dictionary_encode()
    kind, value = (identities[name].combine_chunks().dictionary_encode() for name in ("kind", "value"))
    code = kind.indices.to_numpy().astype(np.int64) * len(value.dictionary) + value.indices.to_numpy()
    identifier = pd.factorize(code)[0].astype(np.int64)
    _, group = joined_by(customer.indices.to_numpy().astype(np.int64), identifier)
    return {"customers": len(group), "groups": len(np.unique(group))}


def networkx_components(identities: pa.Table, _: pa.Table) -> dict[str, Any]:
    """The same with NetworkX."""
    import networkx as nx

    customer = identities["customer_id"].to_pylist()
    identifier = zip(identities["kind"].to_pylist(), identities["value"].to_pylist(), strict=True)
    graph = nx.Graph()
    graph.add_edges_from(zip(customer, identifier, strict=True))
    group = {node: number for number, nodes in enumerate(nx.connected_components(graph)) for node in nodes}
    customers = {node: number for node, number in group.items() if isinstance(node, str)}
    return {"customers": len(customers), "groups": len(set(customers.values()))}


def resolved(identities: pa.Table, customers: pa.Table) -> dict[str, Any]:
    """All that identity resolution does."""
    nothing = pa.table({name: pa.array([], pa.string()) for name in ("signal_id", "anonymous_id", "customer_id")})
    found = resolve(identities, nothing, customers, no_decisions())
    return {"aliases": len(found.aliases), "contested": len(found.contested), "visitors": len(found.visitors)}


MEASURES = {"components": components, "networkx": networkx_components, "resolve": resolved}


if __name__ == "__main__":
    sys.exit(main())
