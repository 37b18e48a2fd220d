"""The twenty policies by engines that gather columns first, in an environment of their own: run by `policies`.

    python -m benchmarks.policies_rival FOLDER ROUNDS

The folder holds the market's tables and `candidates.npz` (customer, asset, channel). Each engine gets the columns that
the policies read of each candidate, by its own gathering or by NumPy's, whichever is faster, and gives one number per
candidate with a bit per policy. Texts are numbers already, and which caps are reached is a column. Prints one line of
JSON and leaves each engine's verdicts beside the candidates.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numexpr
import numpy as np
import polars as pl

from benchmarks.rival_rules import OF_ASSET, OF_CUSTOMER, OF_CUSTOMER_AND_CHANNEL, RULES, in_sql, written
from benchmarks.rival_tables import attributes, caps, codes, rules, table

Arrays = dict[str, Any]


def main() -> int:
    """Measure, print, and store verdicts."""
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    given = np.load(folder / "candidates.npz")
    rows = {name: given[name] for name in given.files}
    sides = Sides(folder)
    engines = {
        "Polars": lambda: by_polars(sides, rows),
        "Polars, columns by NumPy": lambda: expressed(pl.DataFrame(gathered(sides, rows)), sides),
        "DuckDB, by joins": lambda: by_joins(sides, rows),
        "DuckDB, columns by NumPy": lambda: by_duckdb(sides, gathered(sides, rows)),
        "numexpr": lambda: by_numexpr(sides, gathered(sides, rows)),
    }
    found: dict[str, Any] = {"rows": len(rows["customer"]), "cores": os.cpu_count()}
    found["columns by NumPy alone"] = {"seconds": timed(lambda: gathered(sides, rows), rounds)[0]}
    for name, work in engines.items():
        seconds, processor, masks = timed(work, rounds)
        np.save(folder / f"verdicts of {name}.npy", masks)
        found[name] = {"seconds": seconds, "cpu_seconds": processor, "rows_per_second": round(len(masks) / seconds)}
    print(json.dumps(found))
    return 0


class Sides:
    """What is known of customers, assets, and customers on channels, one row per position.

    Args:
        folder: The market's tables.
    """

    def __init__(self, folder: Path) -> None:
        self.customers, self.assets = (side.sort(side.columns[0]) for side in attributes(folder))
        self.channels = len(table(folder, "channels"))
        self.conditions, self.rules = written(codes(folder)), rules(folder)
        every = pl.DataFrame({"customer": np.arange(len(self.customers), dtype=np.int32)}).join(
            pl.DataFrame({"channel": np.arange(self.channels, dtype=np.int32)}), how="cross"
        )
        self.pairs = (
            every.join(caps(folder), on=["customer", "channel"], how="left", maintain_order="left")
            .with_columns(pl.col(OF_CUSTOMER_AND_CHANNEL).fill_null(value=False))
            .select("customer", "channel", *OF_CUSTOMER_AND_CHANNEL)
        )
        self.arrays: Arrays = {
            name: frame[name].to_numpy()
            for frame, names in (
                (self.customers, OF_CUSTOMER),
                (self.assets, OF_ASSET),
                (self.pairs, OF_CUSTOMER_AND_CHANNEL),
            )
            for name in names
        }


def gathered(sides: Sides, rows: Arrays) -> Arrays:
    """Every column of every candidate, by NumPy; missing numbers are NaN."""
    place = rows["customer"] * sides.channels + rows["channel"]
    at: Arrays = dict.fromkeys(OF_CUSTOMER, rows["customer"]) | dict.fromkeys(OF_ASSET, rows["asset"])
    at |= dict.fromkeys(OF_CUSTOMER_AND_CHANNEL, place)
    return {name: np.take(sides.arrays[name], rows_of) for name, rows_of in at.items()} | {"channel": rows["channel"]}


def by_polars(sides: Sides, rows: Arrays) -> Any:
    """Columns gathered by Polars, rules as expressions."""
    place = rows["customer"] * sides.channels + rows["channel"]
    parts = (
        sides.customers.select(OF_CUSTOMER)[rows["customer"]],
        sides.assets.select(OF_ASSET)[rows["asset"]],
        sides.pairs.select(OF_CUSTOMER_AND_CHANNEL)[place],
        pl.DataFrame({"channel": rows["channel"]}),
    )
    return expressed(pl.concat(parts, how="horizontal"), sides)


def expressed(frame: Any, sides: Sides) -> Any:
    """One bit per rule."""
    bits = (pl.when(rule).then(1 << number).otherwise(0).cast(pl.Int32) for number, rule in enumerate(sides.rules))
    return frame.lazy().select(pl.sum_horizontal(bits).alias("mask")).collect(engine="streaming")["mask"].to_numpy()


def _in_sql(sides: Sides) -> str:
    return " + ".join(
        f"CASE WHEN {in_sql(sides.conditions[policy])} THEN {1 << number} ELSE 0 END"
        for number, (policy, _) in enumerate(RULES)
    )


def by_duckdb(sides: Sides, columns: Arrays) -> Any:
    """One bit per rule over gathered columns."""
    rows = pl.DataFrame(columns).to_arrow()
    connection = duckdb.connect()
    connection.register("rows", rows)
    return connection.sql(f"SELECT CAST({_in_sql(sides)} AS INTEGER) AS mask FROM rows").fetchnumpy()["mask"]  # noqa: S608


def by_joins(sides: Sides, rows: Arrays) -> Any:
    """The same, columns by joins of DuckDB."""
    connection = duckdb.connect()
    for name, frame in (("customers", sides.customers), ("assets", sides.assets), ("pairs", sides.pairs)):
        connection.register(name, frame.to_arrow())
    connection.register("rows", pl.DataFrame(rows).with_row_index("place").to_arrow())
    joins = "rows JOIN customers USING (customer) JOIN assets USING (asset) JOIN pairs USING (customer, channel)"
    found = connection.sql(f"SELECT place, CAST({_in_sql(sides)} AS INTEGER) AS mask FROM {joins}").fetchnumpy()  # noqa: S608
    masks = np.empty(len(found["mask"]), dtype=np.int32)
    masks[found["place"]] = found["mask"]
    return masks


def by_numexpr(sides: Sides, columns: Arrays) -> Any:
    """One bit per rule; numexpr gives each rule as an array of its own."""
    masks = np.zeros(len(columns["channel"]), dtype=np.int32)
    for number, (policy, _) in enumerate(RULES):
        masks |= numexpr.evaluate(sides.conditions[policy], columns).astype(np.int32) << number
    return masks


def timed(work: Callable[[], Any], rounds: int) -> tuple[float, float, Any]:
    """Medians of seconds by the clock and of processor, and the last result."""
    seconds, processor, result = [], [], None
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        result = work()
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    return round(statistics.median(seconds), 3), round(statistics.median(processor), 3), result


if __name__ == "__main__":
    sys.exit(main())
