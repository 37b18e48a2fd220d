"""Deciding for everybody beside what one would take instead, in one run, with the same answers checked.

    python -m benchmarks.decide_rivals [--customers 100000] [--walked 300] [--driven 10000] [--rounds 3]

- Ours: `benchmarks.decide`, from the stored view to records that are written and hashed, policies included.
- Polars and HiGHS (`decide_rival_polars`): candidates by joins, policies as expressions, values, top two per customer
  and channel, linear programme with the same limits. Candidates, and what each policy refuses, must be the same; the
  value is set against our certified bound.
- NetworkX (`decide_rival_networkx`): some customers one by one, without limits; rates are compared. Candidates, what is
  allowed, and the value of the best must be the same.
- Vowpal Wabbit's C++ driver (`decide_rival_vowpal`): scoring alone, no policy, of some customers' candidates with
  consent; from text and from its cache, whichever is faster. Its features are fewer than our factors.

Rivals run in environments of their own and may use all cores. The median of rounds counts, for what takes below a
minute.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.aims_of_deciding import NETWORKX, POLARS, VOWPAL_WABBIT
from benchmarks.decide_rival_vowpal import candidates_of, driven_by
from benchmarks.environments import TABLES, python_with, said_by
from benchmarks.market_tables import write_tables
from benchmarks.worlds.market import AS_OF, Market, market
from decisioning.channel_days import channel_days
from decisioning.rhythms import align
from decisioning.screening import verdicts_today
from decisioning.times import moment
from decisioning.value import value_candidates

RESULTS = Path(__file__).parent / "results" / "decide_rivals.json"
SAME = 1e-4
"""How far sums of single precision may be apart."""


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--walked", type=int, default=300, help="customers that NetworkX decides for")
    parser.add_argument("--driven", type=int, default=10_000, help="customers that Vowpal Wabbit scores for")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    ours = ours_of(arguments.customers, arguments.rounds)
    print(f"ours: {ours['total_seconds']} s, {ours['candidates']:,} candidates", flush=True)
    world = market(arguments.customers)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(world, folder)
        python = python_with("tables", TABLES)
        polars = said_by([python, "-m", "benchmarks.decide_rival_polars", folder])
        counts = said_by([python, "-m", "benchmarks.decide_rival_polars", folder, "--counts-only"])
        walked = said_by([python, "-m", "benchmarks.decide_rival_networkx", folder, str(arguments.walked)])
        driven = driven_by(world, folder, arguments.driven, arguments.rounds)
    results = {
        "cores": os.cpu_count(),
        "load": load,
        "customers": arguments.customers,
        "ours": ours,
        "polars": polars
        | {
            "ratio": polars["total_seconds"] / ours["total_seconds"],
            "same_counts": same_counts(ours, counts),
            "share_of_our_bound": polars["value"] / ours["bound"],
        },
        "networkx": {key: walked[key] for key in ("seconds", "customers_per_second")}
        | {
            "customers": len(walked["customers"]),
            "ratio": arguments.customers / ours["total_seconds"] / walked["customers_per_second"],
            "same_answers": same_answers(world, walked),
        },
        "vowpal_wabbit": driven
        | {
            "ratio": ours["candidates"] / ours["total_seconds"] / driven["actions_per_second"],
            "ratio_of_pass": ours["pass_candidates_per_second"] / driven["actions_per_second"],
        },
    }
    show(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def show(results: dict[str, Any]) -> None:
    """A line for each rival."""
    ours, polars, walked, driven = (results[name] for name in ("ours", "polars", "networkx", "vowpal_wabbit"))
    print(
        f"Polars + HiGHS: {polars['total_seconds']} s ({polars['seconds']}), {polars['share_of_our_bound']:.4f} of our "
        f"bound, ours {ours['share_of_bound']:.4f}; same candidates and verdicts: {polars['same_counts']}; "
        f"{judged(polars['ratio'], POLARS)}"
    )
    print(
        f"NetworkX: {walked['customers_per_second']} customers/s, {walked['customers']} measured; same candidates, "
        f"verdicts and best values: {walked['same_answers']}; {judged(walked['ratio'], NETWORKX)}"
    )
    print(
        f"Vowpal Wabbit: {driven['actions_per_second']:,.0f} actions/s without policies, {driven['actions']:,} "
        f"measured from its {driven['from']}; {judged(driven['ratio'], VOWPAL_WABBIT)}; "
        f"our pass alone, policies included, {driven['ratio_of_pass']:.1f} times"
    )


def judged(ratio: float, aim: float) -> str:
    """A ratio with its aim."""
    return (
        f"ours {ratio:.1f} times as fast, aim {aim:.0f}: {'met' if ratio >= aim else f'missed by {aim / ratio:.1f}×'}"
    )


def ours_of(customers: int, rounds: int) -> dict[str, Any]:
    """The round of the median."""
    command = [sys.executable, "-m", "benchmarks.decide", "--measure", str(customers)]
    found = sorted((said_by(command) for _ in range(rounds)), key=lambda one: float(one["total_seconds"]))
    return found[len(found) // 2]


def same_counts(ours: dict[str, Any], counts: dict[str, Any]) -> bool:
    """Whether there are as many candidates, and each policy refuses as many of them."""
    refused = {policy: count for policy, count in ours["refused_by_policy"].items() if count}
    return bool(ours["candidates"] == counts["candidates"] and refused == counts["refused"])


def same_answers(world: Market, walked: dict[str, Any]) -> bool:
    """Whether each customer has the same candidates, as many allowed, and a best one of the same value."""
    view, settings, when = world.view, world.settings, moment(AS_OF)
    candidates = candidates_of(world, np.array(walked["customers"]))
    nobody = np.zeros(len(view.customers), dtype=np.bool_)
    sends_at = channel_days(view, settings, when).preferred
    verdicts = verdicts_today(view, settings, world.touches, sends_at=sends_at, is_held_out=nobody, as_of=when)
    words = verdicts.denied(candidates.customer, candidates.asset, candidates.channel)
    rhythms = align(view, world.forecasts.cadence, world.forecasts.recent)
    values = value_candidates(view, candidates, world.forecasts, rhythms, settings).value
    is_allowed = ~words.any(axis=1)
    for customer, *theirs in zip(
        *(walked[name] for name in ("customers", "candidates", "allowed", "best")), strict=True
    ):
        at = candidates.customer == customer
        known = values[at & is_allowed]
        if [int(at.sum()), int((at & is_allowed).sum())] != theirs[:2]:
            return False
        if len(known) and abs(known.max() - theirs[2]) > SAME:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
