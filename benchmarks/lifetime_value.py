"""Lifetime value: the published estimates on CDNOW, one million customers, and BG/NBD beside the library lifetimes.

    python -m benchmarks.lifetime_value [--customers 1000000] [--rival-customers 1000000] [--rounds 3]

Customers are simulated in the form of the model, with seed 2005 and ages in whole days. lifetimes gets an environment
of its own, made for the occasion (it needs an older NumPy), and is called twice: as its users call it, and with
histories that are alike counted beforehand, which it can take. Both sides fit, then give P(alive) and the purchases
expected in a year, after a first call on few customers that loads what is loaded on first use. Seconds of processor
are compared, the median of the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.lifetime_value.beta_geometric import BetaGeometric, Histories
from forecasting.lifetime_value.histories import CustomerHistories
from forecasting.lifetime_value.model import LifetimeValueModel

RESULTS = Path(__file__).parent / "results" / "lifetime_value.json"
RIVAL = Path(__file__).parent / "lifetime_value_rival.py"
RIVAL_NEEDS = ("lifetimes==0.11.3", "numpy==1.26.4", "pandas==2.1.4", "scipy==1.11.4", "autograd==1.6.2")
AIM_SECONDS, AIM_RATIO, AIM_ESTIMATES, AIM_MAE, AIM_RMSE = 60.0, 20.0, 0.01, 0.79, 1.61
PUBLISHED = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
HOLDOUT_WEEKS = 39
SEED = 2005
HORIZON_DAYS = 365
FEW = 1000  # customers of the call before the one that is timed


def main() -> int:
    """Measure, print, and store as JSON."""
    arguments = read_arguments()
    if arguments.measure:
        print(json.dumps(MEASURES[arguments.measure](arguments.customers)))
        return 0
    results: dict[str, Any] = {"cores": os.cpu_count(), "seed": SEED, "rounds": arguments.rounds, "cdnow": cdnow()}
    print(json.dumps(results["cdnow"], indent=2), flush=True)
    results["everything"] = repeated("everything", arguments.customers, arguments.rounds)
    results["buying"] = ours = repeated("buying", arguments.rival_customers, arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        rival = Rival(Path(folder))
        results["lifetimes"] = as_called = rival.measured(arguments.rival_customers, arguments.rounds, counted=False)
        results["lifetimes_counted"] = counted = rival.measured(
            arguments.rival_customers, arguments.rounds, counted=True
        )
    for name, theirs in (("ratio", as_called), ("ratio_counted", counted)):
        results[name] = round(theirs["cpu_seconds"] / ours["cpu_seconds"], 1)
        print(f"{name}: {results[name]}x (aim {AIM_RATIO:.0f}x)", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rival-customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="take the median of so many")
    parser.add_argument("--measure", choices=sorted(MEASURES), help="measure this once, in this process")
    return parser.parse_args()


def cdnow() -> dict[str, Any]:
    """What is found on CDNOW, beside what was published."""
    spec = find_spec("lifetimes")
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("CDNOW ships with the development dependency lifetimes: make setup")
    folder = Path(spec.submodule_search_locations[0]) / "datasets"
    table = pd.read_csv(folder / "cdnow_customers_summary.csv")
    histories = [table[name].to_numpy(np.float64) for name in ("frequency", "recency", "T")]
    names = ["master", "customer", "date", "discs", "amount"]
    lines = pd.read_fwf(folder / "CDNOW_sample.txt", header=None, names=names)
    later = lines[pd.to_datetime(lines["date"].astype(str)) > pd.Timestamp("1997-09-30")]
    days = later.drop_duplicates(["customer", "date"]).groupby("customer").size()
    happened = days.reindex(range(1, len(table) + 1), fill_value=0).to_numpy()
    model = BetaGeometric().fit(*histories)
    errors = model.expected_purchases(HOLDOUT_WEEKS, *histories) - happened
    naive = histories[0] / histories[2] * HOLDOUT_WEEKS - happened
    found = {"r": model.r_, "alpha": model.alpha_, "a": model.a_, "b": model.b_}
    worst = max(abs(found[name] / value - 1) for name, value in PUBLISHED.items())
    mae, rmse = float(np.abs(errors).mean()), float(np.sqrt((errors**2).mean()))
    return {
        "estimates": {name: round(value, 4) for name, value in found.items()},
        "published": PUBLISHED,
        "largest_relative_difference": round(worst, 5),
        "holdout_mae": round(mae, 4),
        "holdout_rmse": round(rmse, 4),
        "naive_repeat_mae": round(float(np.abs(naive).mean()), 4),
        "naive_repeat_rmse": round(float(np.sqrt((naive**2).mean())), 4),
        "aims_met": worst <= AIM_ESTIMATES and mae <= AIM_MAE and rmse <= AIM_RMSE,
    }


def simulated(customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories of BG/NBD's own form: x, t_x and age, in whole days."""
    draws = np.random.default_rng(SEED)
    age = draws.integers(30, 730, customers).astype(np.float64)
    rate, leaving = draws.gamma(0.5, 1 / 30, customers), draws.beta(0.8, 2.5, customers)
    arrivals = draws.poisson(rate * age)
    x = np.minimum(arrivals, draws.geometric(np.maximum(leaving, 1e-12)))
    last = age * draws.beta(np.maximum(x, 1), arrivals - x + 1)
    t_x = np.where(x > 0, np.clip(np.ceil(last), 1, age), 0.0)
    return np.minimum(x, t_x), t_x, age


def timed(work: Any) -> dict[str, Any]:
    """Clock and processor of one piece of work."""
    began, worked = time.perf_counter(), time.process_time()
    found = work()
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - worked, 2),
        "load": round(os.getloadavg()[0], 1),
        **found,
    }


def buying(customers: int) -> dict[str, Any]:
    """Fit BG/NBD and score everybody."""
    x, t_x, age = simulated(customers)
    BetaGeometric().fit(*simulated(FEW)).expected_purchases(HORIZON_DAYS, *simulated(FEW))

    def work() -> dict[str, Any]:
        model = BetaGeometric().fit(x, t_x, age)
        alive, expected = model.p_alive(x, t_x, age), model.expected_purchases(HORIZON_DAYS, x, t_x, age)
        estimates = [round(value, 4) for value in (model.r_, model.alpha_, model.a_, model.b_)]
        return {"estimates": estimates, "alive": float(alive.sum()), "expected": float(expected.sum())}

    return {"customers": customers, **timed(work)}


def everything(customers: int) -> dict[str, Any]:
    """Fit both models and give every customer a value with its interval."""
    x, t_x, age = simulated(customers)
    draws = np.random.default_rng(SEED + 1)
    usual = draws.gamma(3.7, 1 / 15.0, customers)
    spend = draws.gamma(6.25 * (x + 1), 1 / usual) / (x + 1)
    keys = np.arange(customers).astype(str).astype(object)
    known = CustomerHistories(keys, x, t_x, age, spend, np.full(customers, 0.25), "margin_pct")

    def work() -> dict[str, Any]:
        model = LifetimeValueModel().fit(known)
        value = model.predict(known, horizon_days=HORIZON_DAYS, as_of=pd.Timestamp("2026-01-01", tz="UTC"))
        return {"pclv": round(float(value.pclv.sum())), "grade": value.grade}

    return {"customers": customers, **timed(work)}


class Rival:
    """lifetimes in an environment of its own.

    Args:
        folder: Where the environment is made; removed afterwards.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "environment" / "bin" / "python"
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder / "environment")], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(self.python), *RIVAL_NEEDS], check=True)

    def measured(self, customers: int, rounds: int, *, counted: bool) -> dict[str, Any]:
        """The median of several processes."""
        x, t_x, age = simulated(customers)
        weights = np.ones(customers)
        if counted:
            kinds = Histories.of(x, t_x, age)
            x, t_x, age, weights = kinds.x[kinds.of_x], kinds.t_x[kinds.of_t_x], kinds.age[kinds.of_age], kinds.counts
        data = self.folder / "histories.npz"
        np.savez(data, x=x, t_x=t_x, age=age, weights=weights, few=np.column_stack(simulated(FEW)))
        command = [str(self.python), str(RIVAL), str(data), str(HORIZON_DAYS)]
        return median(f"lifetimes{', counted' if counted else ''}", command, rounds)


def repeated(name: str, customers: int, rounds: int) -> dict[str, Any]:
    """The median of several processes."""
    command = [sys.executable, "-m", "benchmarks.lifetime_value", "--measure", name, "--customers", str(customers)]
    return median(name, command, rounds)


def median(name: str, command: list[str], rounds: int) -> dict[str, Any]:
    """Run a measurement several times and print its median."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
        for _ in range(rounds)
    ]
    result: dict[str, Any] = found[0] | {
        key: round(statistics.median(one[key] for one in found), 2) for key in ("seconds", "cpu_seconds", "load")
    }
    aim = f"  (aim {AIM_SECONDS:.0f} s)" if name == "everything" else ""
    spent = f"{result['seconds']:8.2f} s, {result['cpu_seconds']:8.2f} s of processor at load {result['load']}"
    print(f"{name:20} {result['customers']:>10,} customers {spent}{aim}", flush=True)
    return result


MEASURES = {"buying": buying, "everything": everything}


if __name__ == "__main__":
    sys.exit(main())
