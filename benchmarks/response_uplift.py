"""Uplift on simulated randomised tests: ranking and policy against two learners on gradient boosting, and null worlds.

Each world gives a training sample and another sample to judge on, whose true effects are known. Rivals are a T-learner
and an S-learner on scikit-learn's HistGradientBoosting with its own defaults, and two single actions: the one that the
training sample makes one choose, and the best by truth, which nobody knows. Shares are of what choosing perfectly by
unit would bring over sending nothing. Seeds are consecutive from the one given; no setting of the model was chosen
on them.

    python -m benchmarks.response_uplift [--worlds 6] [--seed 20261201] [--null-worlds 200] [--null-seed 20270401]
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.worlds.experiments import CONTROL, FAMILIAR, SHAPES, Experiment, experiment
from forecasting.response.factors.policy import policy_value
from forecasting.response.factors.uplift_model import UpliftModel
from forecasting.response.uplift_curve import uplift_curve

RESULTS = Path(__file__).parent / "results" / "response_uplift.json"
UNITS = 8_000
JUDGED = 20_000
NULL_UNITS = 2_000
MOST_FALSE = 18


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=6, help="per shape; 0 keeps what was measured before")
    parser.add_argument("--null-worlds", type=int, default=200, help="0 keeps what was measured before")
    parser.add_argument("--seed", type=int, default=20261201, help="of the first world of each shape")
    parser.add_argument("--null-seed", type=int, default=20270401, help="of the first null world")
    arguments = parser.parse_args()
    rows = [
        judged(shape, arguments.seed + number)
        for shape in SHAPES
        for number in range(arguments.worlds)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    found = summary(frame) if len(frame) else {}
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if arguments.null_worlds:
        kept["null"] = null_worlds(arguments.null_worlds, arguments.null_seed)
    results = kept | {"seed": arguments.seed, "units": UNITS, "judged": JUDGED, "cores": os.cpu_count(), **found}
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def judged(shape: str, seed: int) -> dict[str, Any]:
    """Areas and policy values of one world."""
    train = experiment(shape, units=UNITS, seed=seed)
    test = experiment(shape, units=JUDGED, seed=seed, part="test")
    began = time.perf_counter()
    model = UpliftModel(control=CONTROL).fit(train.features, train.arm, train.outcome, train.propensity)
    effects = model.predict(test.features)
    seconds = time.perf_counter() - began
    place = [list(effects.arms).index(name) for name in test.arms[1:]]
    truth = test.effect
    areas = {
        "ours": area(effects.effect[:, place], truth),
        "t_learner": area(rival(train, test, single=False), truth),
        "s_learner": area(rival(train, test, single=True), truth),
        "perfect": area(truth, truth),
    }
    order = [list(test.arms).index(name) for name in model.arms_]
    chosen = np.array(order)[model.choose(test.features)]
    drawn = np.array([list(test.arms).index(name) for name in test.arm])
    weighted = policy_value(chosen, drawn, test.outcome, test.propensity)
    by_truth = float(test.expected[np.arange(JUDGED), chosen].mean())
    inside = np.abs(effects.effect[:, place] - truth) <= 1.96 * effects.sd[:, place]
    print(f"{shape:10} {seed} {seconds:5.1f} s  " + "  ".join(f"{k} {v:.4f}" for k, v in areas.items()), flush=True)
    return {
        "shape": shape,
        "seed": seed,
        "seconds": seconds,
        **{f"area_{name}": value for name, value in areas.items()},
        "policy": by_truth,
        "policy_weighted": weighted.value,
        "policy_weighted_holds": weighted.low <= by_truth <= weighted.high,
        "chosen_single": float(test.expected.mean(axis=0)[chosen_single(train)]),
        "best_single": float(test.expected.mean(axis=0).max()),
        "best_possible": float(test.expected.max(axis=1).mean()),
        "nothing": float(test.expected[:, 0].mean()),
        "is_personal": model.is_personal_,
        "coverage_95": float(inside.mean()),
    }


def chosen_single(train: Experiment) -> int:
    """The single action somebody would choose who sees the same rows: the arm with the highest weighted mean."""
    value = [
        float(np.sum(train.outcome[train.arm == name] / train.propensity[train.arm == name]))
        / float(np.sum(1 / train.propensity[train.arm == name]))
        for name in train.arms
    ]
    return int(np.argmax(value))


def area(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean over arms of the area under the uplift curve by truth."""
    return float(np.mean([uplift_curve(predicted[:, arm], truth[:, arm]).area for arm in range(truth.shape[1])]))


def rival(train: Experiment, test: Experiment, *, single: bool) -> np.ndarray:
    """Effects of a T-learner or S-learner with scikit-learn's defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    is_binary = set(np.unique(train.outcome)) <= {0.0, 1.0}
    new = HistGradientBoostingClassifier if is_binary else HistGradientBoostingRegressor

    def level(model: Any, rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(model.predict_proba(rows)[:, 1] if is_binary else model.predict(rows))

    def seen(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(segment=frame["segment"].str[1:].astype(int).astype("category"))

    settings = {"random_state": 0, "categorical_features": "from_dtype"}
    rows, judged_rows = seen(train.features), seen(test.features)
    levels = []
    if single:
        code = pd.Categorical(train.arm, categories=list(test.arms))
        model = new(**settings).fit(rows.assign(arm=code), train.outcome)
        for name in test.arms:
            arm = pd.Categorical([name] * len(judged_rows), categories=list(test.arms))
            levels.append(level(model, judged_rows.assign(arm=arm)))
    else:
        for name in test.arms:
            of_arm = train.arm == name
            if is_binary and len(np.unique(train.outcome[of_arm])) == 1:
                levels.append(np.full(len(judged_rows), train.outcome[of_arm][0]))
                continue
            levels.append(level(new(**settings).fit(rows[of_arm], train.outcome[of_arm]), judged_rows))
    expected = np.column_stack(levels)
    return np.asarray(expected[:, 1:] - expected[:, :1])


def summary(frame: pd.DataFrame) -> dict[str, Any]:
    """Means over worlds, per shape and in all, with paired 95 % intervals."""
    frame = frame.assign(
        t_ratio=(frame["area_ours"] - frame["area_t_learner"]) / frame["area_perfect"],
        s_ratio=(frame["area_ours"] - frame["area_s_learner"]) / frame["area_perfect"],
        against_chosen=(frame["policy"] - frame["chosen_single"]) / (frame["best_possible"] - frame["nothing"]),
        gain=(frame["policy"] - frame["best_single"]) / (frame["best_possible"] - frame["nothing"]),
    )
    groups = {shape: frame[frame["shape"] == shape] for shape in SHAPES}
    is_familiar = frame["shape"].isin(FAMILIAR)
    groups |= {"our form": frame[is_familiar], "not our form": frame[~is_familiar], "all": frame}
    return {
        "by_shape": {
            name: {
                "worlds": len(part),
                "area_share_of_perfect": {
                    who: round(float((part[f"area_{who}"] / part["area_perfect"]).mean()), 4)
                    for who in ("ours", "t_learner", "s_learner")
                },
                "area_less_t_learner": paired(part["t_ratio"]),
                "area_less_s_learner": paired(part["s_ratio"]),
                "worlds_at_least_t": int((part["t_ratio"] >= 0).sum()),
                "worlds_at_least_s": int((part["s_ratio"] >= 0).sum()),
                "policy_less_chosen_single_share": paired(part["against_chosen"]),
                "worlds_policy_at_least_chosen_single": int((part["policy"] >= part["chosen_single"] - 1e-12).sum()),
                "policy_less_best_single_share": paired(part["gain"]),
                "worlds_policy_at_least_single": int((part["policy"] >= part["best_single"] - 1e-12).sum()),
                "personalised": int(part["is_personal"].sum()),
                "weighted_interval_holds": round(float(part["policy_weighted_holds"].mean()), 3),
                "effect_interval_holds": round(float(part["coverage_95"].mean()), 3),
                "seconds": round(float(part["seconds"].mean()), 2),
            }
            for name, part in groups.items()
        }
    }


def paired(values: "pd.Series[float]") -> list[float]:
    """Mean and its 95 % interval."""
    error = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return [round(float(value), 4) for value in (values.mean(), values.mean() - error, values.mean() + error)]


def null_worlds(worlds: int, seed: int) -> dict[str, Any]:
    """How often a lift is claimed where there is none: shapes in turn, no effect of any arm."""
    false, false_gain, weighted = [], [], []
    for number in range(worlds):
        shape = SHAPES[number % len(SHAPES)]
        sample = experiment(shape, units=NULL_UNITS, seed=seed + number, strength=0.0)
        model = UpliftModel(control=CONTROL).fit(sample.features, sample.arm, sample.outcome, sample.propensity)
        found = [claim.name for claim in model.claims_ if claim.is_found]
        false.append((shape, seed + number, found))
        false_gain.append("personalised" in found)
        weighted.append(model.is_personal_)
        if number % 20 == 19:  # noqa: PLR2004 - now and then
            print(f"{number + 1} null worlds, {sum(bool(entry[2]) for entry in false)} false", flush=True)
    claims = [entry for entry in false if entry[2]]
    print(f"null worlds: {len(claims)} of {worlds} with a false claim (at most {MOST_FALSE} of 200)", flush=True)
    return {
        "worlds": worlds,
        "units": NULL_UNITS,
        "with_false_claim": len(claims),
        "false_personalised_claim": int(sum(false_gain)),
        "personalised_without_claim": int(sum(weighted)),
        "which": [list(map(str, entry)) for entry in claims],
    }


if __name__ == "__main__":
    sys.exit(main())
