"""How long it takes to score every customer with every asset on every channel: factors against boosted trees.

Ours scores one million customers × 200 assets × 4 channels, in blocks, down to probabilities, and keeps each customer's
best. Rivals score one row per combination: scikit-learn's HistGradientBoosting and LightGBM, 100 trees of 31 leaves on
the same columns (16 of the customer, 16 of the asset, the channel). They are measured on a stated number of rows and
extrapolated in proportion; building their rows is not counted, which flatters them. LightGBM lives in an environment of
its own in the user's cache, made by this program. All may use all cores.

    python -m benchmarks.response_scoring [--customers 1000000] [--rival-rows 400000] [--rounds 5] [--skip-lightgbm]
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import LIGHTGBM, python_with, said_by
from forecasting.values.response import Factors

RESULTS = Path(__file__).parent / "results" / "response_scoring.json"
ASSETS, CHANNELS, WIDTH = 200, 4, 16
BLOCK = 4_000
TRAINED = 10_000
AIM = 100.0
SEED = 20260402


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rival-rows", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=5, help="take the median of so many")
    parser.add_argument("--skip-lightgbm", action="store_true")
    parser.add_argument("--measure", choices=("lightgbm",), help="measure this in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(boosted(arguments.rival_rows, arguments.rounds, name="lightgbm")))
        return 0
    ours = factors(arguments.customers, arguments.rounds)
    rivals = {"scikit-learn": boosted(arguments.rival_rows, arguments.rounds, name="scikit-learn")}
    if not arguments.skip_lightgbm:
        rivals["lightgbm"] = elsewhere(arguments.rival_rows, arguments.rounds)
    scores = arguments.customers * ASSETS * CHANNELS
    results: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "scores": scores,
        "factors": ours,
    }
    for name, found in rivals.items():
        seconds = found["seconds"] * scores / found["rows"]
        cpu = found["cpu_seconds"] * scores / found["rows"]
        results[name] = found | {
            "seconds_extrapolated": round(seconds),
            "ratio": round(seconds / ours["seconds"], 1),
            "cpu_ratio": round(cpu / ours["cpu_seconds"], 1),
            "aim": f"{AIM:.0f} times: {'met' if seconds / ours['seconds'] >= AIM else 'missed'}",
        }
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def factors(customers: int, rounds: int) -> dict[str, Any]:
    """Seconds to score everything, best score per customer kept."""
    draw = np.random.default_rng(SEED)
    found = Factors(
        "p_response", "logit", -3.0, draw.normal(0, 0.3, customers), draw.normal(0, 0.3, ASSETS),
        draw.normal(0, 0.3, CHANNELS), draw.normal(0, 0.3, (customers, WIDTH)), draw.normal(0, 0.3, (ASSETS, WIDTH)),
        np.zeros((CHANNELS, WIDTH)), np.zeros(customers), np.zeros(ASSETS), np.zeros(CHANNELS), np.zeros(ASSETS),
        "assumed", "simulated", np.ones(ASSETS, dtype=np.bool_),
    )  # fmt: skip
    seconds, worked, best = [], [], np.zeros(customers, dtype=np.float32)
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, customers, BLOCK):
            block = np.arange(start, min(start + BLOCK, customers))
            best[block] = found.score(block).reshape(len(block), -1).max(axis=1)
        seconds.append(time.perf_counter() - began)
        worked.append(time.process_time() - cpu)
    return {
        "customers": customers,
        "assets": ASSETS,
        "channels": CHANNELS,
        "seconds": round(statistics.median(seconds), 2),
        "cpu_seconds": round(statistics.median(worked), 2),
        "best_mean": round(float(best.mean()), 4),
    }


def boosted(rows: int, rounds: int, *, name: str) -> dict[str, Any]:
    """Seconds to score so many rows with a boosted classifier."""
    draw = np.random.default_rng(SEED)
    columns = 2 * WIDTH + 1
    seen = draw.normal(size=(TRAINED, columns)).astype(np.float32)
    label = draw.random(TRAINED) < 1 / (1 + np.exp(3 - seen[:, :4].sum(axis=1)))
    if name == "lightgbm":
        from lightgbm import LGBMClassifier  # type: ignore[import-not-found,unused-ignore]

        model = LGBMClassifier(n_estimators=100, num_leaves=31, random_state=SEED, verbose=-1)
    else:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, early_stopping=False, random_state=SEED)
    model.fit(seen, label)
    asked = draw.normal(size=(rows, columns)).astype(np.float32)
    seconds, worked = [], []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        model.predict_proba(asked)
        seconds.append(time.perf_counter() - began)
        worked.append(time.process_time() - cpu)
    return {
        "rows": rows,
        "seconds": round(statistics.median(seconds), 3),
        "cpu_seconds": round(statistics.median(worked), 3),
    }


def elsewhere(rows: int, rounds: int) -> dict[str, Any]:
    """LightGBM, measured by this very program in an environment that has it."""
    python = python_with("lightgbm", LIGHTGBM)
    asked = ["--measure", "lightgbm", "--rival-rows", str(rows), "--rounds", str(rounds)]
    return said_by([python, "-m", "benchmarks.response_scoring", *asked])


if __name__ == "__main__":
    sys.exit(main())
