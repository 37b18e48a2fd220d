"""How near to the optimum a million customers are allocated, and how long that takes.

The world is random: about six options per customer, six channels with capacity and money, money over all of them, and
twenty thousand assets with a limit each. Values share effects of customers and assets, as values of real candidates do.
All rivals get the same options and limits: OR-Tools' PDLP, a first-order solver made for such programmes, to a relative
tolerance of 1e-4 on all cores, in an environment of its own in the user's cache, made by this program; scipy's HiGHS,
the exact reference, at ten thousand customers; and greedy by value, the usual way: the most valuable option first, as
long as it fits. Rivals' programmes are written beforehand; reading and building them is not counted.

    python -m benchmarks.allocation [--customers 100000 1000000] [--rounds 5] [--skip-pdlp]
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy import typing as npt

from benchmarks.environments import ORTOOLS, python_with, said_by
from decisioning.allocate import allocate
from decisioning.limits import Family, Limits
from decisioning.options import Options

RESULTS = Path(__file__).parent / "results" / "allocation.json"
ASSETS, CHANNELS, OPTIONS = 20_000, 6, 6.0
COST = np.array([0.0019, 0.048, 0.0095, 0.6, 0.3, 0.03])
CAPACITY = np.array([0.30, 0.10, 0.15, 0.04, 0.015, 0.15])
MONEY = np.array([0.30, 0.10, 0.15, 0.035, 0.013, 0.14]) * COST
EXACT_AT = 10_000
AIM_OF_BOUND, AIM_OF_PDLP = 0.999, 10.0
SEED = 20270301

Arrays = dict[str, npt.NDArray[Any]]


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5, help="take the median of so many of ours")
    parser.add_argument("--skip-pdlp", action="store_true")
    arguments = parser.parse_args()
    allocate(*world(25_000))  # compiled once; what that takes is said by the first run alone
    worlds = []
    for customers in (EXACT_AT, *arguments.customers):
        found = measured(customers, arguments.rounds)
        if customers == EXACT_AT:
            found["HiGHS"] = highs(customers)
        if not arguments.skip_pdlp:
            found["PDLP"] = elsewhere(customers)
            found["PDLP"]["ratio"] = round(found["PDLP"]["seconds"] / found["seconds"], 1)
        worlds.append(found)
        print(json.dumps(found, indent=2), flush=True)
    largest = worlds[-1]
    results = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "worlds": worlds,
        "aim": {
            f"at least {AIM_OF_BOUND} of the bound": largest["of_bound"] >= AIM_OF_BOUND,
            f"at least {AIM_OF_PDLP:.0f} times as fast as PDLP": largest.get("PDLP", {}).get("ratio", 0) >= AIM_OF_PDLP,
        },
    }
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def world(customers: int) -> tuple[Options, Limits, int]:
    """Options and limits of so many customers."""
    draw = np.random.default_rng(SEED)
    count = draw.binomial(12, OPTIONS / 12, customers)
    customer = np.repeat(np.arange(customers, dtype=np.int32), count)
    size = len(customer)
    asset = np.minimum(ASSETS * draw.random(size) ** 1.5, ASSETS - 1).astype(np.int32)
    channel = draw.choice(CHANNELS, size, p=CAPACITY / CAPACITY.sum()).astype(np.int32)
    worth = draw.lognormal(-2.2, 0.8, customers)[customer] * draw.lognormal(0, 0.5, ASSETS)[asset]
    value = worth * draw.lognormal(0, 0.7, size) * (1 + 2 * np.sqrt(COST))[channel] - COST[channel]
    key = (customer.astype(np.int64) * ASSETS + asset) * CHANNELS + channel
    _, rows = np.unique(key, return_index=True)
    rows = rows[value[rows] > 0]
    none = np.zeros(len(rows))
    options = Options(customer[rows], asset[rows], channel[rows], value[rows], COST[channel[rows]], none, none)
    of_channel = np.tile(np.arange(CHANNELS, dtype=np.int32), (ASSETS, 1))
    of_asset = np.repeat(np.arange(ASSETS, dtype=np.int32)[:, np.newaxis], CHANNELS, axis=1)
    names = [f"channel {place}" for place in range(CHANNELS)]
    each = np.ceil(customers / ASSETS * draw.uniform(0.5, 3, ASSETS))
    capacity, money = np.floor(CAPACITY * customers), MONEY * customers
    nothing = np.zeros(CHANNELS)
    limits = (
        Family("capacity", "touches", capacity, nothing, of_channel, asset_names=names),
        Family("budget", "money", money, nothing, of_channel, asset_names=names),
        Family("total budget", "money", np.array([0.85 * money.sum()]), np.zeros(1)),
        Family("inventory", "touches", each, np.zeros(ASSETS), of_asset, asset_names=list(map(str, range(ASSETS)))),
    )
    return options, limits, customers


def measured(customers: int, rounds: int) -> dict[str, Any]:
    """Ours, and greedy by value beside it."""
    options, limits, count = world(customers)
    seconds, worked = [], []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        found = allocate(options, limits, count)
        seconds.append(time.perf_counter() - began)
        worked.append(time.process_time() - cpu)
    began = time.perf_counter()
    simple = greedy(options, limits, count)
    return {
        "customers": customers,
        "options": len(options),
        "limits": sum(map(len, limits)),
        "seconds": round(statistics.median(seconds), 2),
        "cpu_seconds": round(statistics.median(worked), 2),
        "value": round(found.value, 2),
        "bound": round(found.bound, 2),
        "of_bound": round(found.value / found.bound, 5),
        "repaired": round(float(found.is_repaired.mean()), 4),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "greedy": {"of_bound": round(simple / found.bound, 4), "seconds": round(time.perf_counter() - began, 2)},
    }


def greedy(options: Options, limits: Limits, customers: int) -> float:
    """The most valuable option first, of customers who have none yet, as long as it fits."""
    from numba import njit

    from decisioning.allocate_arrays import arrays_of
    from decisioning.allocate_kernels import can_change, change

    given = arrays_of(options, limits, customers)

    @njit
    def take(  # type: ignore[no-untyped-def]  # noqa: ANN202, PLR0917 -- compiled
        order,  # noqa: ANN001
        customer,  # noqa: ANN001
        value,  # noqa: ANN001
        place,  # noqa: ANN001
        rows,  # noqa: ANN001
        group,  # noqa: ANN001
        owner,  # noqa: ANN001
        owner_row,  # noqa: ANN001
        unit_row,  # noqa: ANN001
        most,  # noqa: ANN001
        least,  # noqa: ANN001
        use,  # noqa: ANN001
        chosen,  # noqa: ANN001
    ):
        total = 0.0
        for e in order:
            c = customer[e]
            of_use = (place, rows, group, owner, owner_row, unit_row)
            if chosen[c] < 0 and can_change(c, -1, e, *of_use, most, least, use):
                change(c, -1, e, *of_use, use)
                chosen[c] = e
                total += value[e]
        return total

    order = np.argsort(-options.value, kind="stable")
    use, chosen = np.zeros(len(given.most), np.int64), np.full(customers, -1, np.int64)
    return float(take(order, options.customer, options.value, *given.of_use, given.most, given.least, use, chosen))


def programme(customers: int) -> tuple[Arrays, Any]:
    """The linear programme: values, right-hand sides and the matrix, limits that cannot bind left out."""
    from scipy.sparse import csr_matrix

    options, limits, _ = world(customers)
    used = options.uses(limits)
    row, column, entry, size = [options.customer.astype(np.int64)], [np.arange(len(options))], [], [np.ones(customers)]
    entry.append(np.ones(len(options)))
    rows = customers
    for family, index, amount in zip(limits, used.index, used.amount, strict=True):
        whole = amount / family.scale
        binds = np.bincount(index, whole, minlength=len(family)) > family.most
        number = np.where(binds, rows + np.cumsum(binds) - 1, -1)
        here = np.flatnonzero(number[index] >= 0)
        row.append(number[index[here]])
        column.append(here)
        entry.append(whole[here])
        size.append(family.most[binds])
        rows += int(binds.sum())
    matrix = csr_matrix(
        (np.concatenate(entry), (np.concatenate(row), np.concatenate(column))), shape=(rows, len(options))
    )
    return {"value": options.value, "size": np.concatenate(size)}, matrix


def highs(customers: int) -> dict[str, Any]:
    """The exact optimum of the linear programme."""
    from scipy.optimize import linprog

    given, matrix = programme(customers)
    began = time.perf_counter()
    solved: Any = linprog(-given["value"], A_ub=matrix, b_ub=given["size"], bounds=(0, 1), method="highs-ds")
    return {"seconds": round(time.perf_counter() - began, 2), "value": round(-float(solved.fun), 2)}


def elsewhere(customers: int) -> dict[str, Any]:
    """PDLP, measured by `allocation_rival` in an environment that has it."""
    from scipy.sparse import save_npz

    python = python_with("ortools", ORTOOLS)
    given, matrix = programme(customers)
    with tempfile.TemporaryDirectory() as name:
        np.savez(Path(name) / "programme.npz", value=given["value"], size=given["size"])
        save_npz(Path(name) / "matrix.npz", matrix.tocsc(), compressed=False)
        del given, matrix
        return said_by([python, Path(__file__).with_name("allocation_rival.py"), name])


if __name__ == "__main__":
    sys.exit(main())
