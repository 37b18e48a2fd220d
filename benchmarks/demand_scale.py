"""How long demand of 5,000 weekly series takes: fitted, chosen on 12 past origins, with intervals and exact sums.

Beside it the AutoETS of statsforecast alone, which chooses nothing, knows no calendar, and whose sums do not add up:
without a season on all series, and with the season of 52 weeks on a stated sample, its time extrapolated in proportion.
Every measurement is a process of its own. Seconds are those of a clock; where others work on the same cores, seconds
of processor and the load tell what a quiet machine would need.

    python -m benchmarks.demand_scale [--series 5000] [--weeks 104] [--sample 50]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "demand_scale.json"
AIM_SECONDS = 300.0
SEED = 20260105
SERIES_PER_GROUP = 50
SELDOM_SOLD = 0.4
HORIZON = 4
START = pd.Timestamp("2024-01-01")
OURS, ETS, SEASONAL_ETS = "demand", "AutoETS", "AutoETS, season of 52"


def main() -> int:
    """Measure, print, and store as JSON."""
    arguments = read_arguments()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.series, arguments.weeks)))
        return 0
    results: dict[str, Any] = {"cores": os.cpu_count(), "aim_seconds": AIM_SECONDS, "weeks": arguments.weeks}
    for name, series in ((OURS, arguments.series), (ETS, arguments.series), (SEASONAL_ETS, arguments.sample)):
        results[name] = in_own_process(name, series, arguments.weeks)
        print(f"{name:24} {results[name]}", flush=True)
    ours, rival, seasonal = results[OURS], results[ETS], results[SEASONAL_ETS]
    whole = seasonal["cpu_seconds"] * arguments.series / arguments.sample
    results["is_met"] = ours["seconds"] < AIM_SECONDS
    results["AutoETS_over_demand_cpu"] = round(rival["cpu_seconds"] / ours["cpu_seconds"], 2)
    results["AutoETS_season_52_cpu_seconds_extrapolated"] = round(whole)
    results["AutoETS_season_52_over_demand_cpu"] = round(whole / ours["cpu_seconds"], 2)
    print(json.dumps({key: value for key, value in results.items() if not isinstance(value, dict)}, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=5_000)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--sample", type=int, default=50, help="series for AutoETS with a season of 52")
    parser.add_argument("--measure", choices=[OURS, ETS, SEASONAL_ETS], help="measure this once, in this process")
    return parser.parse_args()


def in_own_process(name: str, series: int, weeks: int) -> dict[str, Any]:
    """One measurement."""
    command = [sys.executable, "-m", "benchmarks.demand_scale", "--measure", name]
    command += ["--series", str(series), "--weeks", str(weeks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def world(series: int, weeks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Negative binomial sales around a season and a slow walk, four in ten intermittent, and what they are part of."""
    draws = np.random.default_rng(SEED)
    level = np.exp(draws.normal(2.0, 1.5, series))
    level[draws.random(series) < SELDOM_SOLD] *= 0.1
    season = 1 + 0.2 * np.sin(2 * np.pi * (np.arange(weeks) / 52 + draws.random(series)[:, None]))
    walk = np.exp(np.cumsum(draws.normal(0, 0.03, (series, weeks)), axis=1))
    mean = level[:, None] * season * walk
    units = draws.poisson(mean * draws.gamma(5, 1 / 5, mean.shape)).astype(np.float64)
    names = np.array([f"series-{number:06d}" for number in range(series)], dtype=object)
    groups = np.array([f"group-{number // SERIES_PER_GROUP:04d}" for number in range(series)], dtype=object)
    times = pd.date_range(START, periods=weeks, freq="7D")
    table = pd.DataFrame({"series": np.repeat(names, weeks), "time": np.tile(times, series), "value": units.ravel()})
    unique = np.unique(groups)
    parents = pd.DataFrame(
        {"series": np.concatenate([names, unique]), "parent": np.concatenate([groups, np.full(len(unique), "total")])}
    )
    return table, parents


def measured(name: str, series: int, weeks: int) -> dict[str, Any]:
    """Seconds and peak memory of one."""
    table, parents = world(series, weeks)
    began, worked = time.perf_counter(), time.process_time()
    rows = demand(table, parents, weeks) if name == OURS else ets(table, 52 if name == SEASONAL_ETS else 1)
    return {
        "series": series,
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "load": round(os.getloadavg()[0], 1),
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def demand(table: pd.DataFrame, parents: pd.DataFrame, weeks: int) -> int:
    """Ours, as a user calls it."""
    from forecasting.demand.model import DemandModel
    from forecasting.demand.settings import DemandSettings

    as_of = (START + pd.Timedelta(weeks=weeks)).to_pydatetime().replace(tzinfo=UTC)
    model = DemandModel(DemandSettings(horizon=HORIZON), random_state=SEED)
    return len(model.fit(table, as_of=as_of, timezone="UTC", hierarchy=parents).predict().to_frame())


def ets(table: pd.DataFrame, season: int) -> int:
    """The rival, as its readme shows."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    frame = table.rename(columns={"series": "unique_id", "time": "ds", "value": "y"})
    model = StatsForecast(models=[AutoETS(season_length=season)], freq="W-MON", n_jobs=1)
    return len(model.forecast(df=frame, h=HORIZON, level=[80, 95]))


if __name__ == "__main__":
    sys.exit(main())
