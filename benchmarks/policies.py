"""Twenty policies over millions of candidates: two tables of words and one AND, against engines that gather columns.

Candidates are those of the market (`benchmarks.worlds.market`). Ours reads the words of both sides and compares what is
left between them, as the pass does for each candidate; nothing is gathered. Making the words, once for all, is shown
apart. Polars, DuckDB and numexpr live in an environment of their own (`policies_rival`) and get twenty-odd columns per
candidate. All may use all cores; every verdict of all of them is compared with ours.

    python -m benchmarks.policies [--rows 4000000] [--rounds 5]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy import typing as npt

from benchmarks.aims_of_deciding import POLICIES as AIM
from benchmarks.decide import proposed
from benchmarks.environments import TABLES, python_with, said_by
from benchmarks.market_tables import write_tables
from benchmarks.rival_rules import RULES
from benchmarks.worlds.market import AS_OF, Market, market
from decisioning.candidates import Candidates, find_candidates
from decisioning.channel_days import channel_days
from decisioning.experiments import is_held_out
from decisioning.policies.programs import AT_LEAST, AT_MOST, LESS, MORE, crossing_programs
from decisioning.policies.screen import Verdicts
from decisioning.screening import verdicts_today
from decisioning.times import moment

RESULTS = Path(__file__).parent / "results" / "policies.json"
OPERATIONS = (LESS, AT_MOST, MORE, AT_LEAST)
CANDIDATES_EACH = 240
ENGINES = ("Polars", "Polars, columns by NumPy", "DuckDB, by joins", "DuckDB, columns by NumPy", "numexpr")
Array = npt.NDArray[Any]


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000, help="about so many candidates")
    parser.add_argument("--rounds", type=int, default=5, help="take the median of so many")
    arguments = parser.parse_args()
    world = market(arguments.rows // CANDIDATES_EACH)
    candidates = find_candidates(world.view, proposed(world), world.settings)
    ours, verdicts, words = measured(world, candidates, arguments.rounds)
    expected = masks(verdicts, words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(world, folder)
        places = {name: getattr(candidates, name) for name in ("customer", "asset", "channel")}
        np.savez(folder / "candidates.npz", **places)
        python = python_with("tables", TABLES)
        rivals = said_by([python, "-m", "benchmarks.policies_rival", folder, str(arguments.rounds)])
        wrong = {name: int((np.load(folder / f"verdicts of {name}.npy") != expected).sum()) for name in ENGINES}
    best = min(ENGINES, key=lambda name: float(rivals[name]["seconds"]))
    results = {
        "ours": ours,
        "rivals": rivals,
        "different_verdicts": wrong,
        "best": best,
        "ratio": round(rivals[best]["seconds"] / ours["seconds"], 1),
        "ratio_of_processor": round(rivals[best]["cpu_seconds"] / ours["cpu_seconds"], 1),
        "load": round(os.getloadavg()[0], 1),
    }
    show(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def show(results: dict[str, Any]) -> None:
    """The table for people."""
    ours = results["ours"]
    print(f"ours: {ours['rows_per_second'] / 1e6:.0f} M candidates/s, words of both sides in {ours['words_seconds']} s")
    for name in ENGINES:
        rate, seconds = results["rivals"][name]["rows_per_second"] / 1e6, results["rivals"][name]["seconds"]
        processor = results["rivals"][name]["cpu_seconds"] / ours["cpu_seconds"]
        times = f"{seconds / ours['seconds']:.1f} times (by processor {processor:.1f})"
        print(f"{name}: {rate:.1f} M candidates/s, {times}, {results['different_verdicts'][name]} verdicts differ")
    of_processor = f"by processor {results['ratio_of_processor']}"
    state = "met" if results["ratio"] >= AIM else f"missed by {AIM / results['ratio']:.1f} times"
    print(
        f"aim {AIM:.0f} times the best of them ({results['best']}): {results['ratio']} times ({of_processor}), {state}"
    )


def measured(world: Market, candidates: Candidates, rounds: int) -> tuple[dict[str, Any], Verdicts, Array]:
    """Our verdicts, and what they took."""
    view, settings, when = world.view, world.settings, moment(AS_OF)
    began = time.perf_counter()
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    sends_at = channel_days(view, settings, when).preferred
    verdicts = verdicts_today(view, settings, world.touches, sends_at=sends_at, is_held_out=held_out, as_of=when)
    words_seconds = time.perf_counter() - began
    seconds, processor = [], []
    words = denied(verdicts, candidates)
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        words = denied(verdicts, candidates)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    spent = statistics.median(seconds)
    found = {
        "rows": len(candidates),
        "seconds": round(spent, 4),
        "cpu_seconds": round(statistics.median(processor), 4),
        "rows_per_second": round(len(candidates) / spent),
        "words_seconds": round(words_seconds, 2),
    }
    return found, verdicts, words


def denied(verdicts: Verdicts, candidates: Candidates) -> Array:
    """The words of all candidates, by all cores."""
    programs = crossing_programs(verdicts)
    plain = programs.plain()
    is_beyond = plain.operation > AT_LEAST
    if verdicts.compiled.word_count != 1 or len(plain.bit) != len(programs.bits) or is_beyond.any():
        raise ValueError("The market's policies fit one word, and compare one number with one.")
    if plain.customer[:, 2].any() or plain.asset[:, 2].any():
        raise ValueError("What the market's policies compare is the same on all channels.")
    order = np.argsort(plain.operation, kind="stable")
    ends = np.searchsorted(plain.operation[order], OPERATIONS, side="right")
    sides = (verdicts.customer_words[:, :, 0].copy(), verdicts.asset_words[:, :, 0].copy())
    compared = (ends, plain.bit[order], plain.customer[order], plain.asset[order])
    words = np.empty(len(candidates), dtype=np.uint64)
    cores = os.cpu_count() or 1
    edges = [len(words) * number // cores for number in range(cores + 1)]
    given = (candidates.customer, candidates.asset, candidates.channel, *sides, *compared)
    screen: Any = _screen
    values = (programs.customer_values, programs.asset_values)
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda edge: screen(*edge, *given, *values, words), pairwise(edges)))
    return words


@njit(nogil=True, cache=True)
def _screen(  # type: ignore[no-untyped-def]  # noqa: ANN202, PLR0917 -- compiled
    start: int,
    end: int,
    customers: Array,
    assets: Array,
    channels: Array,
    customer_words: Array,
    asset_words: Array,
    ends: Array,
    bits: Array,
    of_customer: Array,
    of_asset: Array,
    customer_values: Array,
    asset_values: Array,
    words: Array,
):
    """Words and values of a customer are looked up once; a comparison with a missing value (NaN) is not broken."""
    row, own = start, np.empty(len(bits))
    while row < end:
        customer = customers[row]
        theirs = customer_words[customer]
        for number in range(len(bits)):
            own[number] = customer_values[of_customer[number, 0] + customer * of_customer[number, 1]]
        while row < end and customers[row] == customer:
            asset, channel = assets[row], channels[row]
            word = theirs[channel] & asset_words[asset, channel]
            for number in range(ends[0]):
                value = asset_values[of_asset[number, 0] + asset * of_asset[number, 1]]
                word &= ~(bits[number] * np.uint64(own[number] >= value))
            for number in range(ends[0], ends[1]):
                value = asset_values[of_asset[number, 0] + asset * of_asset[number, 1]]
                word &= ~(bits[number] * np.uint64(own[number] > value))
            for number in range(ends[1], ends[2]):
                value = asset_values[of_asset[number, 0] + asset * of_asset[number, 1]]
                word &= ~(bits[number] * np.uint64(own[number] <= value))
            for number in range(ends[2], ends[3]):
                value = asset_values[of_asset[number, 0] + asset * of_asset[number, 1]]
                word &= ~(bits[number] * np.uint64(own[number] < value))
            words[row] = word
            row += 1


def masks(verdicts: Verdicts, words: Array) -> Array:
    """One bit per policy of the market, in their order."""
    refused = verdicts.by_policy(words[:, np.newaxis])
    found = np.zeros(len(words), dtype=np.int32)
    for number, (policy, _) in enumerate(RULES):
        found |= refused[policy].astype(np.int32) << number
    return found


if __name__ == "__main__":
    sys.exit(main())
