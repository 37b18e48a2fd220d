"""How often calm days alarm, how soon a shift by 30 % is found, and whether drift is told from chance.

Daily metrics with weekday season and trend. Half have normal errors; the others have heavy tails, are skewed, or are
counts. In half of each the errors last (a day keeps 0.3 to 0.6 of the day before). Errors are 3 to 9 % of the level.
Shifts go up or down by 30 % from one day on. Rare events, which no such shift
shows in, are watched for false alarms alone. The rival alarms beyond three standard deviations of the last 28 days.

    python -m benchmarks.anomaly [--worlds 1000] [--first-seed 30001]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.anomaly.alarms import find_anomalies
from forecasting.anomaly.drift import drift
from forecasting.values.anomaly import Anomalies

RESULTS = Path(__file__).parent / "results" / "anomaly.json"
FORMS = ("normal", "heavy tails", "normal", "skewed", "normal", "counts")
HISTORY = 200
JUDGED = 150
SOON = 3
SHIFT = 0.3
FIRST_DAY = np.datetime64("2025-01-01", "D")
TRAILING = 28
SIGMAS = 3.0
GAPS = 0.3
RARE = 0.1

Floats = npt.NDArray[np.float64]


def main() -> int:
    """Simulate, watch, compare, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1_000)
    parser.add_argument("--first-seed", type=int, default=30_001)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.worlds)
    worlds = [simulate(seed) for seed in seeds]
    calm = np.stack([values for values, _ in worlds])
    about = pd.DataFrame([facts for _, facts in worlds])
    shifted = calm.copy()
    sign = np.where(np.arange(len(worlds)) % 2 == 0, 1.0, -1.0)
    begin = HISTORY + np.arange(len(worlds)) % TRAILING
    later = np.arange(calm.shape[1])[None, :] >= begin[:, None]
    shifted = np.where(later, shifted * (1 + SHIFT * sign[:, None]), shifted)
    results: dict[str, Any] = {"seeds": [seeds[0], seeds[-1]], "days_judged": JUDGED}
    for name, days_alarmed in (("own baseline", ours), ("three sigma", three_sigma)):
        quiet = days_alarmed(calm)[:, HISTORY:]
        found = days_alarmed(shifted)
        soon = np.array([row[start : start + SOON].any() for row, start in zip(found, begin, strict=True)])
        judged = about.assign(false_alarms=quiet.mean(axis=1), found=soon)
        results[name] = {
            "false_alarms_per_day": round(float(quiet.mean()), 5),
            "found_within_three_days": round(float(soon.mean()), 4),
            "by_form": judged.groupby(["form", "lasts"])[["false_alarms", "found"]]
            .mean()
            .round(4)
            .reset_index()
            .to_dict("records"),
        }
    rare = np.stack([sparse(seed) for seed in seeds])
    results["rare_events"] = {
        "false_alarms_per_day": round(float(ours(rare)[:, HISTORY:].mean()), 5),
        "of_three_sigma": round(float(three_sigma(rare)[:, HISTORY:].mean()), 5),
    }
    results["drift"] = drifting(options.first_seed, max(20, options.worlds // 4))
    print(json.dumps(results, indent=1))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def simulate(seed: int) -> tuple[Floats, dict[str, object]]:
    """A calm metric of `HISTORY + JUDGED` days, and what it is like."""
    draw = np.random.default_rng([seed, 31])
    form, lasts = FORMS[seed % len(FORMS)], (seed // len(FORMS)) % 2 == 0
    days = HISTORY + JUDGED
    noise = draw.uniform(0.03, 0.09)
    if form == "heavy tails":
        errors = draw.standard_t(4, days) / np.sqrt(2)
    elif form == "skewed":
        errors = (draw.lognormal(0, 0.6, days) - np.exp(0.18)) / np.sqrt((np.exp(0.36) - 1) * np.exp(0.36))
    else:
        errors = draw.standard_normal(days)
    if lasts:
        stays = draw.uniform(0.3, 0.6)
        for day in range(1, days):
            errors[day] = stays * errors[day - 1] + np.sqrt(1 - stays**2) * errors[day]
    weekday = np.exp(draw.normal(0, 0.25, 7))[np.arange(days) % 7]
    trend = np.exp(draw.uniform(-0.3, 0.5) * np.arange(days) / 365)
    level = draw.uniform(300, 3_000) if form == "counts" else draw.lognormal(7, 2)
    mean = level * weekday * trend * np.maximum(1 + noise * errors, 0.05)
    values = draw.poisson(mean).astype(np.float64) if form == "counts" else mean
    return values, {"form": form, "lasts": lasts}


def sparse(seed: int) -> Floats:
    """Calm counts of 0.05 to 3 a day, for which a shift by 30 % is too small to be seen within days."""
    draw = np.random.default_rng([seed, 37])
    weekday = np.exp(draw.normal(0, 0.4, 7))[np.arange(HISTORY + JUDGED) % 7]
    return np.asarray(draw.poisson(np.exp(draw.uniform(-3, 1.1)) * weekday), dtype=np.float64)


def ours(values: Floats) -> npt.NDArray[np.bool_]:
    """Days within an alarm, shape of `values`."""
    series, days = values.shape
    table = pd.DataFrame(
        {
            "series_id": np.repeat([f"m{number:05d}" for number in range(series)], days),
            "day": np.tile(FIRST_DAY + np.arange(days), series).astype("datetime64[ns]"),
            "value": values.ravel(),
        }
    )
    return alarmed_days(find_anomalies(table), series, days)


def alarmed_days(found: Anomalies, series: int, days: int) -> npt.NDArray[np.bool_]:
    """Every day from an alarm's being found until it was last kept up."""
    marks = np.zeros((series, days), dtype=bool)
    for name, first, last in zip(found.series_id, found.found_at, found.until, strict=True):
        start, end = int((first - FIRST_DAY).astype(int)), int((last - FIRST_DAY).astype(int))
        marks[int(name[1:]), start : end + 1] = True
    return marks


def three_sigma(values: Floats) -> npt.NDArray[np.bool_]:
    """The rival: beyond three standard deviations of the last 28 days."""
    marks = np.zeros(values.shape, dtype=bool)
    for day in range(TRAILING, values.shape[1]):
        past = values[:, day - TRAILING : day]
        marks[:, day] = np.abs(values[:, day] - past.mean(axis=1)) > SIGMAS * past.std(axis=1, ddof=1)
    return marks


def drifting(first_seed: int, pairs: int) -> dict[str, float]:
    """Share of pairs of tables that drift: drawn alike, with one column moved by half a deviation, or a new mixture."""
    found = {"alike": 0, "one number moved by half a deviation": 0, "one category from .2 to .4": 0}
    for number in range(pairs):
        for name in found:
            draw = np.random.default_rng([first_seed + number, 41])
            before, now = _table(draw, 3_000), _table(draw, 1_000)
            if name.startswith("one number"):
                now["lognormal"] *= np.exp(0.5)
            if name.startswith("one category"):
                now["category"] = draw.choice(["a", "b", "c"], 1_000, p=[0.4, 0.2, 0.4])
            found[name] += drift(before, now).has_drifted
    return {name: round(count / pairs, 4) for name, count in found.items()}


def _table(draw: np.random.Generator, rows: int) -> pd.DataFrame:
    columns: dict[str, Any] = {f"normal_{number}": draw.standard_normal(rows) for number in range(10)}
    columns["lognormal"] = draw.lognormal(0, 1, rows)
    columns["count"] = draw.poisson(2, rows)
    columns["score"] = draw.beta(2, 8, rows)
    columns["category"] = draw.choice(["a", "b", "c"], rows, p=[0.6, 0.2, 0.2])
    columns["flag"] = draw.random(rows) < RARE
    columns["gaps"] = np.where(draw.random(rows) < GAPS, np.nan, draw.standard_normal(rows))
    return pd.DataFrame(columns)


if __name__ == "__main__":
    sys.exit(main())
