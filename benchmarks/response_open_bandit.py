"""Response on real randomised data: the small Open Bandit logs, uniform-random and Thompson sampling.

What is learnt from one part of the weeks is judged on the other: by turns, each fifth of the random log (in order of
time) is judged by a model fitted on the other four and on the Thompson log outside that fifth's time. The policy shows
every user the item of the highest chance at the position; its value is by inverse propensity, with its interval, beside
that of showing items at random on the same rows. 38 clicks in 10,000 rows allow hardly any claim, and none is made
where the interval holds no difference.

    python -m benchmarks.response_open_bandit
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.open_bandit import LICENCE, WHEEL, logs
from forecasting.evidence.draws import Draws
from forecasting.evidence.grading import grade
from forecasting.response.factors.hierarchical import HierarchicalRegression
from forecasting.response.factors.policy import policy_value, value_scores
from forecasting.response.factors.uplift_model import UpliftModel
from forecasting.settings import NORMAL_95

RESULTS = Path(__file__).parent / "results" / "response_open_bandit.json"
PARTS = 5
USERS = [f"user_{place}" for place in range(4)]
SMOOTHING = 1.0  # clicks and non-clicks at the base rate that an item's mean gets, else one click missed costs infinity


def main() -> int:
    """Measure, print, and store as JSON."""
    found = measured(logs("random"), logs("bts"))
    print(json.dumps(found, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(uniform: pd.DataFrame, thompson: pd.DataFrame) -> dict[str, Any]:
    """Grade, log loss beside item means and base rate, and the value of the learnt policy."""
    items = np.array(sorted(set(uniform["item"]) | set(thompson["item"])), dtype=object)
    part = np.arange(len(uniform)) * PARTS // len(uniform)
    label = uniform["click"].to_numpy(dtype=np.float64)
    said = {name: np.zeros(len(uniform)) for name in ("ours", "item mean", "base rate")}
    chosen = np.zeros(len(uniform), dtype=np.int64)
    expected = np.zeros(len(uniform))
    for number in range(PARTS):
        own = part == number
        first, last = uniform["timestamp"][own].min(), uniform["timestamp"][own].max()
        other = thompson[(thompson["timestamp"] < first) | (thompson["timestamp"] > last)]
        train = pd.concat([uniform[~own], other], ignore_index=True)
        model = HierarchicalRegression(link="logit").fit(
            np.zeros((len(train), 0)), groups(train, items, uniform), train["click"].to_numpy(dtype=np.float64)
        )
        said["ours"][own] = chance(model, groups(uniform[own], items, uniform))
        base = float(train["click"].mean())
        clicks = train.groupby("item")["click"].agg(["sum", "size"]).reindex(items).fillna(0.0)
        mean = (clicks["sum"] + SMOOTHING * base) / (clicks["size"] + SMOOTHING)
        said["item mean"][own] = mean.loc[uniform["item"][own]].to_numpy()
        said["base rate"][own] = base
        every = np.stack(
            [chance(model, groups(uniform[own].assign(item=item), items, uniform)) for item in items], axis=1
        )
        chosen[own], expected[own] = every.argmax(axis=1), every.max(axis=1)
    drawn = pd.Index(items).get_indexer(pd.Index(uniform["item"]))
    propensity = uniform["propensity"].to_numpy()
    weighted = policy_value(chosen, drawn, label, propensity)
    robust = policy_value(chosen, drawn, label, propensity, expected=expected)
    gain = value_scores(chosen, drawn, label, propensity) - label
    error = NORMAL_95 * float(gain.std(ddof=1)) / np.sqrt(len(gain))
    interval = [float(gain.mean()) - error, float(gain.mean()) + error]
    arms = UpliftModel(control=None).fit(uniform[USERS], uniform["item"], label, propensity)
    return {
        "data": {
            "package": WHEEL,
            "licence": LICENCE,
            "rows": [len(uniform), len(thompson)],
            "clicks": int(label.sum()),
        },
        "grade": grade(draws_of(uniform), days=1).grade,
        "impossible_propensities_of_thompson": int((thompson["propensity"] <= 0).sum()),
        "log_loss": {name: losses(values, label) for name, values in said.items()},
        "log_loss_less_item_mean": paired(said["ours"], said["item mean"], label),
        "log_loss_less_base_rate": paired(said["ours"], said["base rate"], label),
        "predicted_over_happened": round(float(said["ours"].mean() / label.mean()), 3),
        "policy_value": vars(weighted),
        "policy_value_doubly_robust": vars(robust),
        "value_of_random": float(label.mean()),
        "gain_interval": interval,
        "claim": "none" if interval[0] <= 0 <= interval[1] else "the policy differs from random",
        "arms_claimed": [claim.name for claim in arms.claims_ if claim.is_found],
        "items": len(items),
    }


def groups(rows: pd.DataFrame, items: np.ndarray, seen: pd.DataFrame) -> dict[str, np.ndarray]:
    """Levels: item, position, and each feature of the user."""
    found = {
        "item": pd.Index(items).get_indexer(pd.Index(rows["item"])).astype(np.int64),
        "position": rows["position"].to_numpy(dtype=np.int64) - 1,
    }
    for name in USERS:
        known = np.array(sorted(set(seen[name])), dtype=object)
        found[name] = pd.Index(known).get_indexer(pd.Index(rows[name])).astype(np.int64)
    return found


def chance(model: HierarchicalRegression, of: dict[str, np.ndarray]) -> np.ndarray:
    """P(click) of rows."""
    linear = model.linear(np.zeros((len(of["item"]), 0)), of)
    return np.asarray(1 / (1 + np.exp(-linear)))


def draws_of(rows: pd.DataFrame) -> Draws:
    """The log as draws, users' features as what was known before."""
    unit = np.array([f"row{place}" for place in range(len(rows))], dtype=object)
    flags = pd.get_dummies(rows[USERS]).astype(np.float64)
    return Draws(
        unit=unit,
        cluster=unit,
        arm=rows["item"].to_numpy(dtype=object),
        assigned_at=rows["timestamp"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]"),
        outcome=rows["click"].to_numpy(dtype=np.float64),
        earlier=np.zeros((len(rows), 0)),
        propensity=rows["propensity"].to_numpy(dtype=np.float64),
        covariates={f"user{place}": flags.iloc[:, place].to_numpy() for place in range(flags.shape[1])},
    )


def log_loss(said: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Loss of each row."""
    kept = np.clip(said, 1e-9, 1 - 1e-9)
    return np.asarray(-label * np.log(kept) - (1 - label) * np.log(1 - kept))


def losses(said: np.ndarray, label: np.ndarray) -> float:
    """Mean loss."""
    return round(float(log_loss(said, label).mean()), 6)


def paired(ours: np.ndarray, rival: np.ndarray, label: np.ndarray) -> list[float]:
    """Mean difference of losses and its 95 % interval."""
    apart = log_loss(ours, label) - log_loss(rival, label)
    error = NORMAL_95 * float(apart.std(ddof=1)) / np.sqrt(len(apart))
    return [round(float(value), 6) for value in (apart.mean(), apart.mean() - error, apart.mean() + error)]


if __name__ == "__main__":
    sys.exit(main())
