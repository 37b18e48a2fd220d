"""Writes the data of `examples/saas`: one simulated software company, without its truth.

    python -m benchmarks.worlds.saas                                    # the committed files, again
    python -m benchmarks.worlds.saas --to FOLDER --contacts 100000      # a larger one, for WARRANT_DATA=FOLDER
    python -m benchmarks.worlds.saas --to FOLDER --answering EXPORTS    # with what came of a run's files

Files are CSV, signals Parquet. What a company would have to work out itself (the stage somebody is in, what they are
worth) is left out: the playbook's queries do that, as of the day that is decided.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from benchmarks.worlds.answering import answers, sent_by
from benchmarks.worlds.settings import CompanySettings
from benchmarks.worlds.software_company import simulate
from benchmarks.worlds.world import World

DATA = Path(__file__).parents[2] / "examples" / "saas" / "data"
COLUMNAR = ("signals",)
"""Tables that are large enough to be kept in columns."""

LIST_SEPARATOR = ";"


def main(arguments: list[str]) -> int:
    """Simulate, write, and say what was written."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.worlds.saas", description="Write the saas example's data."
    )
    default = CompanySettings()
    parser.add_argument("--to", type=Path, default=DATA, help="folder to write into (default: examples/saas/data)")
    parser.add_argument("--contacts", type=int, default=default.contacts, help="customer records")
    parser.add_argument("--seed", type=int, default=default.seed, help="another seed is another company")
    parser.add_argument(
        "--answering", type=Path, metavar="EXPORTS", help="a run's folder of files: add what people did with them"
    )
    told = parser.parse_args(arguments)
    if told.answering is not None and told.to == DATA:
        parser.error("--answering needs --to FOLDER: the committed files know of no run")
    if told.answering is not None and not told.answering.is_dir():
        parser.error(f"there is no folder {told.answering}; `warrant run --format json` names a run's files")
    world = simulate(CompanySettings(contacts=told.contacts, seed=told.seed))
    if told.answering is not None:
        world = answered(world, told.answering, seed=told.seed)
    for path in write(world, told.to):
        print(f"{path.stat().st_size:>10,}  {path}")
    return 0


def answered(world: World, exports: Path, *, seed: int) -> World:
    """The same world, its outcomes with what people did with the files of a run.

    Args:
        world: Whose people were written to.
        exports: The folder of the run's files.
        seed: Of the chance that is in every answer.
    """
    outcomes = world.tables["outcomes"]
    further = answers(world, sent_by(exports, world.tables["assets"]), seed=seed)
    return replace(world, tables={**world.tables, "outcomes": pd.concat([outcomes, further], ignore_index=True)})


def exported(world: World) -> Mapping[str, pa.Table]:
    """The tables of the example by file name, in whole seconds and cents, lists as texts."""
    frames = {
        **world.tables,
        "customers": world.tables["customers"].drop(columns=["stage", "is_known"]),
        "memberships": world.tables["memberships"][["customer_id", "programme_id"]],
    }
    return {
        f"{name}.parquet" if name in COLUMNAR else f"{name}.csv": _arrow(frame)
        for name, frame in sorted(frames.items())
    }


def write(world: World, folder: Path) -> list[Path]:
    """Write a world's tables as the example's files.

    Returns:
        The files, in order of their names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in exported(world).items():
        path = folder / name
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(table, path, compression="zstd")
        else:
            _readable(table).to_csv(path, index=False, lineterminator="\n")
        written.append(path)
    return written


def _arrow(frame: pd.DataFrame) -> pa.Table:
    lists = [name for name in frame.columns if len(frame) and isinstance(frame[name].iloc[0], list)]
    flat = frame.assign(**{name: frame[name].str.join(LIST_SEPARATOR) for name in lists})
    return pa.Table.from_pandas(flat, preserve_index=False).replace_schema_metadata(None)


def _readable(table: pa.Table) -> pd.DataFrame:
    """Times, truths and whole numbers as people and every database write them."""
    columns = {
        field.name: pa.compute.strftime(table[field.name].cast(pa.timestamp("s", "UTC")), "%Y-%m-%d %H:%M:%SZ")
        if pa.types.is_timestamp(field.type)
        else table[field.name].cast(pa.string())
        for field in table.schema
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
