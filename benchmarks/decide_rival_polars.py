"""Deciding with Polars and HiGHS, in an environment of their own: run by `benchmarks.decide_rivals`.

    python -m benchmarks.decide_rival_polars FOLDER [--counts-only]

Joins give the candidates with consent, the policies filter them as expressions, values are matrix arithmetic in NumPy,
each customer keeps the best two of each channel, and HiGHS solves the linear programme of all limits; what it gives in
full is written as a table. No record says why, nothing is hashed, nobody is explored. Prints one line of JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.rival_tables import attributes, caps, rules, table
from benchmarks.stopwatch import timed

EACH = 2
PORTION = 1 << 18
NEARLY = 0.999
TOUCHES = "touches"
LP_SECONDS = 1_800.0


def main() -> int:
    """Decide, count, print."""
    folder = Path(sys.argv[1])
    found = counts(folder) if "--counts-only" in sys.argv else decided(folder)
    print(json.dumps(found))
    return 0


def pairs(folder: Path) -> Any:
    """Customers and assets about a topic that they are interested in, each once."""
    interests, about = table(folder, "interests").lazy(), table(folder, "about").lazy()
    return interests.join(about, on="topic").select("customer", "asset").unique()


def joined(folder: Path, candidates: Any) -> Any:
    """Candidates with all that the policies read."""
    customers, assets = attributes(folder)
    return (
        candidates.join(customers.lazy(), on="customer")
        .join(assets.lazy(), on="asset")
        .join(caps(folder).lazy(), on=["customer", "channel"], how="left")
        .with_columns(pl.col("reached_week", "reached_mail", "reached_discount").fill_null(value=False))
    )


def counts(folder: Path) -> dict[str, Any]:
    """How many candidates there are, with consent or not, and how many each policy refuses."""
    granted = table(folder, "consents").lazy().with_columns(pl.lit(value=True).alias("granted"))
    candidates = pairs(folder).join(table(folder, "fits").lazy(), on="asset")
    rows = joined(folder, candidates).join(granted, on=["customer", "channel"], how="left")
    refused = [rule.sum() for rule in rules(folder)]
    totals = rows.select(pl.len().alias("candidates"), pl.col("granted").is_null().sum().alias("consent"), *refused)
    row = totals.collect(engine="streaming").row(0, named=True)
    return {"candidates": row.pop("candidates"), "refused": row}


def decided(folder: Path) -> dict[str, Any]:
    """The whole job, by stage."""
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    allowed = timed(seconds, "candidates and policies", lambda: allowed_of(folder))
    valued = timed(seconds, "value", lambda: allowed.with_columns(pl.Series("value", values(folder, allowed))))
    kept = timed(seconds, "shortlist", lambda: shortlist(valued))
    share, status = timed(seconds, "HiGHS", lambda: solved(folder, kept))
    chosen = kept.filter(pl.Series(share > NEARLY))
    timed(seconds, "write", lambda: chosen.write_parquet(folder / "decisions_of_polars.parquet"))
    total = time.perf_counter() - began
    return {
        "seconds": {name: round(spent, 2) for name, spent in seconds.items()},
        "total_seconds": round(total, 2),
        "allowed": len(allowed),
        "options": len(kept),
        "fractional": int(((share > 1 - NEARLY) & (share <= NEARLY)).sum()),
        "sends": len(chosen),
        "value": float(chosen["value"].sum()),
        "value_of_programme": float(kept["value"].to_numpy() @ share),
        "status": status,
    }


def allowed_of(folder: Path) -> Any:
    """Candidates of customers who are not held out, with consent, that no policy refuses."""
    taking_part = table(folder, "customers").lazy().filter(~pl.col("is_held_out")).select("customer")
    candidates = (
        pairs(folder)
        .join(taking_part, on="customer", how="semi")
        .join(table(folder, "fits").lazy(), on="asset")
        .join(table(folder, "consents").lazy(), on=["customer", "channel"], how="semi")
    )
    is_refused = pl.any_horizontal(rule.fill_null(value=False) for rule in rules(folder))
    return (
        joined(folder, candidates)
        .filter(~is_refused)
        .select("customer", "asset", "channel")
        .collect(engine="streaming")
    )


def values(folder: Path, candidates: Any) -> Any:
    """Expected incremental margin of each candidate."""
    gain, costs = np.load(folder / "factors.npz"), table(folder, "channels")
    given = {name: gain[name] for name in gain.files}
    of_asset = given["asset_effect"] - table(folder, "assets")["expected_cost"].to_numpy()
    spent = (costs["touch_cost"] + costs["opt_out_cost"]).to_numpy()
    of_pair = given["customer_factor"] @ given["channel_factor"].T + given["channel_effect"] - spent
    customer, asset, channel = (candidates[name].to_numpy() for name in ("customer", "asset", "channel"))
    value = given["intercept"] + given["customer_effect"][customer] + of_asset[asset] + of_pair[customer, channel]
    for start in range(0, len(value), PORTION):
        part = slice(start, start + PORTION)
        own, others = given["customer_factor"][customer[part]], given["asset_factor"][asset[part]]
        value[part] += np.einsum("nk,nk->n", own, others)
    return value


def shortlist(valued: Any) -> Any:
    """The best few of each customer and channel that are worth more than nothing."""
    return (
        valued.lazy()
        .filter(pl.col("value") > 0)
        .sort("value", descending=True)
        .group_by("customer", "channel")
        .head(EACH)
        .collect()
    )


def solved(folder: Path, kept: Any) -> tuple[Any, str]:
    """The share of each option in the optimum of the linear programme."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    customer, asset, channel = (kept[name].to_numpy() for name in ("customer", "asset", "channel"))
    _, row_of = np.unique(customer, return_inverse=True)
    options, rows = np.arange(len(kept)), int(row_of.max(initial=-1)) + 1
    row, column, entry, most = [row_of], [options], [np.ones(len(kept))], [np.ones(rows)]
    given, cost = np.load(folder / "limits.npz"), table(folder, "channels")["touch_cost"].to_numpy()
    for number, unit in enumerate(json.loads((folder / "limits.json").read_text(encoding="utf-8"))):
        group, size = given[f"group{number}"][asset, channel], given[f"most{number}"]
        amount = np.ones(len(kept)) if unit == TOUCHES else cost[channel]
        binds = np.bincount(group[group >= 0], amount[group >= 0], minlength=len(size)) > size
        place = np.append(np.where(binds, rows + np.cumsum(binds) - 1, -1), -1)[group]
        counted = np.flatnonzero(place >= 0)
        row, column, entry = [*row, place[counted]], [*column, counted], [*entry, amount[counted]]
        most, rows = [*most, size[binds]], rows + int(binds.sum())
    matrix: Any = csr_matrix(
        (np.concatenate(entry), (np.concatenate(row), np.concatenate(column))), shape=(rows, len(kept))
    )
    solve: Any = linprog
    found = solve(
        -kept["value"].to_numpy(),
        A_ub=matrix,
        b_ub=np.concatenate(most),
        bounds=(0, 1),
        method="highs-ipm",
        options={"time_limit": LP_SECONDS},
    )
    return (np.zeros(len(kept)) if found.x is None else found.x), str(found.message)


if __name__ == "__main__":
    sys.exit(main())
