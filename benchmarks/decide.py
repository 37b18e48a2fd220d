"""What it takes to decide for everybody: from the stored view to records that are written and hashed, by stage.

The world is `benchmarks.worlds.market`: for each customer about 240 candidates of which 120 have consent, twenty
policies, a limit for each of 20,000 assets, capacity and money of six channels. Each size has a process of its own, so
that peak memory is its own. Beside the whole stands the pass alone, against the bandwidth of copying.

    python -m benchmarks.decide [--customers 100000,1000000]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.stopwatch import timed
from benchmarks.worlds.market import AS_OF, Market, market
from decisioning.channel_days import channel_days
from decisioning.day_limits import limits_of
from decisioning.decide import decide, propose
from decisioning.decision_log import seal
from decisioning.experiments import is_held_out
from decisioning.motives import Motives
from decisioning.rhythms import align
from decisioning.screening import verdicts_today
from decisioning.shortlist import look
from decisioning.terrain import terrain_of
from decisioning.terrain.prices import prices_of
from decisioning.times import moment
from graph.read_view import load_view, store_view
from graph.view import View
from lake.store import Lake

RESULTS = Path(__file__).parent / "results" / "decide.json"
BYTES_PER_CANDIDATE = 9
"""What writing a candidate down and reading it once would move: four bytes of asset, one of channel, four of value."""
COPIED = 1 << 30


def main() -> int:
    """Measure every size, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", default="100000,1000000")
    parser.add_argument("--measure", type=int, help="measure this many customers in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure)))
        return 0
    results: dict[str, Any] = {"cores": os.cpu_count(), "sizes": {}}
    for customers in map(int, arguments.customers.split(",")):
        command = [sys.executable, "-m", "benchmarks.decide", "--measure", str(customers)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        show(found)
        results["sizes"][str(customers)] = found
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def show(found: dict[str, Any]) -> None:
    """One size, as a person reads it."""
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["seconds"].items())
    print(
        f"{found['customers']:>9,} customers, {found['candidates']:,} candidates, {found['consented']:,} with consent: "
        f"{found['total_seconds']:.1f} s ({stages}; records {found['records_seconds']:.1f} of decide); "
        f"{found['sends']:,} sends, {found['share_of_bound']:.5f} of the bound; "
        f"pass {found['pass_seconds']:.2f} s, {found['pass_share_of_copying']:.1%} of what copying would allow; "
        f"peak {found['peak_mebibytes']:,} MiB; load {found['load_average']}",
        flush=True,
    )


def measured(customers: int) -> dict[str, Any]:
    """All stages of one size, once, after a small world has compiled everything."""
    warm = market(300, assets=300, topics=20)
    decide(warm.view, proposed(warm), warm.forecasts, warm.settings, warm.touches, as_of=AS_OF)
    world = market(customers)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        digest = store_view(world.view, Path(folder) / "views")
        view = timed(seconds, "read the view", lambda: load_view(Path(folder) / "views", digest))
        stored = Market(view, world.forecasts, world.settings, world.touches)
        motives = timed(seconds, "propose", lambda: proposed(stored))
        with records_watched() as of_records:
            made = timed(
                seconds,
                "decide",
                lambda: decide(view, motives, world.forecasts, world.settings, world.touches, as_of=AS_OF),
            )
        records, summary = made.table, made.summary
        sealed = timed(seconds, "hash", lambda: seal(records, run_id="benchmark"))
        lake = Lake(Path(folder) / "lake")
        timed(seconds, "write", lambda: lake.write_stream("decisions", "benchmark", sealed.chunks()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "customers": customers,
        "candidates": summary["candidates"],
        "refused_by_policy": summary["refused_by_policy"],
        "sends": summary["sends"],
        "value": summary["value"],
        "bound": summary["bound"],
        "share_of_bound": summary["value"] / summary["bound"],
        "seconds": {name: round(spent, 2) for name, spent in seconds.items()},
        "total_seconds": round(sum(seconds.values()), 2),
        "records_seconds": round(of_records["records"], 2),
        "peak_mebibytes": peak,
        **the_pass(stored, motives),
        "load_average": round(os.getloadavg()[0], 1),
    }


@contextmanager
def records_watched() -> Iterator[dict[str, float]]:
    """How many of the seconds of deciding go into records."""
    seconds: dict[str, float] = {}
    deciding: Any = import_module("decisioning.decide")
    made = deciding.decision_records
    watched: Any = lambda *given: timed(seconds, "records", lambda: made(*given))  # noqa: E731
    with patch.object(deciding, "decision_records", watched):
        yield seconds


def proposed(world: Market) -> Motives:
    """The motives of a market."""
    return propose(world.view, world.forecasts, world.settings, AS_OF)


def the_pass(world: Market, motives: Motives) -> dict[str, Any]:
    """One pass over all candidates at no prices, without counting refusals, against the bandwidth of copying."""
    view, settings, when = world.view, world.settings, moment(AS_OF)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    days = channel_days(view, settings, when)
    verdicts = verdicts_today(view, settings, world.touches, sends_at=days.preferred, is_held_out=held_out, as_of=when)
    rhythms = align(view, world.forecasts.cadence, world.forecasts.recent)
    terrain = terrain_of(view, motives, world.forecasts, rhythms, verdicts, days, settings, world.touches)
    limits = limits_of(view, settings, world.touches, AS_OF)
    prices = prices_of(view, settings, limits, tuple(np.zeros(len(family)) for family in limits))
    seconds: dict[str, float] = {}
    seen = timed(seconds, "pass", lambda: look(terrain, prices, each=2, keeps_account=False))
    candidates = int(seen.counts[:, 0].sum(dtype=np.int64))
    bandwidth = copy_bandwidth()
    return {
        "consented": consented(view, candidates),
        "pass_seconds": round(seconds["pass"], 2),
        "pass_candidates_per_second": round(candidates / seconds["pass"]),
        "copy_bytes_per_second": round(bandwidth),
        "pass_share_of_copying": candidates / seconds["pass"] * BYTES_PER_CANDIDATE / bandwidth,
    }


def consented(view: View, candidates: int) -> int:
    """About how many candidates are on a channel that the customer agreed to."""
    return round(candidates * len(view.consents) / (len(view.customers) * len(view.channels)))


def copy_bandwidth() -> float:
    """Bytes read and written per second when every core copies."""
    source, target = np.ones(COPIED, dtype=np.uint8), np.ones(COPIED, dtype=np.uint8)
    cores = os.cpu_count() or 1
    edges = [COPIED * number // cores for number in range(cores + 1)]
    best = float("inf")
    with ThreadPoolExecutor() as threads:
        for _ in range(3):
            began = time.perf_counter()
            list(
                threads.map(
                    lambda edge: np.copyto(target[edge[0] : edge[1]], source[edge[0] : edge[1]]),
                    pairwise(edges),
                )
            )
            best = min(best, time.perf_counter() - began)
    return 2 * COPIED / best


if __name__ == "__main__":
    sys.exit(main())
