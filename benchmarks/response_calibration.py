"""Whether P(response) is calibrated against the truth: base rates .005 to .2, worlds of our form and not of it.

Touches of simulated customers, assets and channels give a hierarchical fit; a further sample, a part of it with assets
that were never sent, is forecast and compared with the true chances that made it. The expected calibration error is
the mean over 20 equal bands of the absolute difference of forecast and true chance; it should be at most a tenth of the
base rate. The Brier skill score is against the sample's own mean chance, by expectation over the true chances.

    python -m benchmarks.response_calibration [--rows 300000] [--worlds 2] [--seed 20260403]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from forecasting.response.factors.hierarchical import HierarchicalRegression

RESULTS = Path(__file__).parent / "results" / "response_calibration.json"
BASE_RATES = (0.005, 0.02, 0.05, 0.2)
CUSTOMERS, ASSETS, NEW, CHANNELS, SEGMENTS, KINDS = 30_000, 60, 10, 4, 8, 6
AIM = 0.1
CUT = 0.5


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--worlds", type=int, default=2, help="per form and base rate")
    parser.add_argument("--seed", type=int, default=20260403)
    arguments = parser.parse_args()
    rows = [
        measured(base, arguments.seed + number, arguments.rows, is_familiar=is_familiar)
        for is_familiar in (True, False)
        for base in BASE_RATES
        for number in range(arguments.worlds)
    ]
    worst = max(row["error_share"] for row in rows)
    results = {
        "rows": arguments.rows,
        "seed": arguments.seed,
        "aim": AIM,
        "worst_error_share": worst,
        "met": f"{sum(row['error_share'] <= AIM for row in rows)} of {len(rows)}",
        "lowest_skill": min(row["skill"] for row in rows),
        "worlds": rows,
    }
    print(json.dumps({name: value for name, value in results.items() if name != "worlds"}, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(base: float, seed: int, rows: int, *, is_familiar: bool) -> dict[str, Any]:
    """One world."""
    draw = np.random.default_rng([seed, round(base * 1000), int(is_familiar)])
    segment, kind = draw.integers(0, SEGMENTS, CUSTOMERS), draw.integers(0, KINDS, ASSETS)
    columns = draw.normal(size=(CUSTOMERS, 4))
    of_asset = draw.normal(0, 0.4, KINDS)[kind] + draw.normal(0, 0.3, ASSETS)
    of_channel = draw.normal(0, 0.4, CHANNELS)
    of_customer = draw.normal(0, 0.3, SEGMENTS)[segment] + draw.normal(0, 0.5, CUSTOMERS)
    meeting = np.zeros((SEGMENTS, KINDS))
    if is_familiar:
        of_customer += columns @ draw.normal(0, 0.3, 4)
    else:
        of_customer = np.where(columns[:, 0] > CUT, 0.8, -0.2) + draw.gamma(1, 0.4, CUSTOMERS)
        of_customer += np.where((columns[:, 1] > 0) ^ (columns[:, 2] > 0), 0.5, -0.3)
        meeting = draw.normal(0, 0.3, (SEGMENTS, KINDS))

    def linear(customer: np.ndarray, asset: np.ndarray, channel: np.ndarray) -> np.ndarray:
        met = meeting[segment[customer], kind[asset]]
        return np.asarray(of_customer[customer] + of_asset[asset] + of_channel[channel] + met)

    seen = draw.integers(0, CUSTOMERS, rows), draw.integers(0, ASSETS - NEW, rows), draw.integers(0, CHANNELS, rows)
    asked = draw.integers(0, CUSTOMERS, rows), draw.integers(0, ASSETS, rows), draw.integers(0, CHANNELS, rows)
    above = linear(*seen)
    level = float(brentq(lambda start: float(chance(start + above).mean()) - base, -20, 5))
    label = (draw.random(rows) < chance(level + above)).astype(np.float64)
    model = HierarchicalRegression(link="logit").fit(columns[seen[0]], groups(*seen, segment, kind), label)
    known = np.zeros(CUSTOMERS, dtype=bool)
    known[seen[0]] = True
    of = groups(*asked, segment, kind)
    of["customer"] = np.where(known[asked[0]], asked[0], -1)
    of["asset"] = np.where(asked[1] < ASSETS - NEW, asked[1], -1)
    said, truth = chance(model.linear(columns[asked[0]], of)), chance(level + linear(*asked))
    order = np.array_split(np.argsort(said), 20)
    error = sum(abs(said[part].mean() - truth[part].mean()) * len(part) for part in order) / len(said)
    found = {
        "base_rate": base,
        "is_familiar": is_familiar,
        "seed": seed,
        "events": int(label.sum()),
        "error_share": round(float(error / truth.mean()), 4),
        "skill": round(1 - brier(said, truth) / brier(np.full(rows, truth.mean()), truth), 5),
        "skill_possible": round(1 - brier(truth, truth) / brier(np.full(rows, truth.mean()), truth), 5),
        "predicted_over_true": round(float(said.mean() / truth.mean()), 3),
    }
    print(found, flush=True)
    return found


def groups(
    customer: np.ndarray, asset: np.ndarray, channel: np.ndarray, segment: np.ndarray, kind: np.ndarray
) -> dict[str, np.ndarray]:
    """Levels of the fit."""
    return {
        "segment": segment[customer],
        "customer": customer,
        "kind": kind[asset],
        "asset": asset,
        "channel": channel,
    }


def chance(linear: np.ndarray) -> np.ndarray:
    """From log-odds."""
    return np.asarray(1 / (1 + np.exp(-linear)))


def brier(said: np.ndarray, truth: np.ndarray) -> float:
    """Expected over labels drawn with the true chances."""
    return float(np.mean(truth * (1 - said) ** 2 + (1 - truth) * said**2))


if __name__ == "__main__":
    sys.exit(main())
