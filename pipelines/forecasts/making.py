"""Making a forecast as a table: kept in the lake under its run, and written to a file when somebody wants one."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lake.journal import Actor, Journal
from lake.promotions import champion
from lake.runs import RunRow, playbook_lock
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.forecasts.backtesting import perceived_run, plain
from pipelines.forecasts.parts import Making, Part
from pipelines.forecasts.registry import model_store
from pipelines.people import insist_on, may
from pipelines.stored import canonical_tables

SHOWN: Final = 12
ENDINGS: Final = (".csv", ".parquet", ".json")
PERSONAL: Final = "customer_id"
MASK: Final = "•••"


def make_forecast(day: Day, part: Part, actor: Actor, file: Path | None) -> dict[str, Any]:
    """Forecast as of the day, keep the table in the lake, and describe it.

    Args:
        day: Of the playbook.
        part: Which forecast.
        actor: Who asks: customers are named to whom may see personal data.
        file: Where to write the table too.

    Returns:
        `what`, `about`, `as_of`, `run_id`, `table` (in the lake), `model`, `rows`, `columns`, `same_for_all`
        (columns of one value, with it), `sample` (the others of the first rows), `file`, `seconds`.

    Raises:
        RefusedError: The table names customers, a file is wanted, and the actor may not see personal data.
        UsageError: The file ends in something else, or its folder does not exist.
        TooLittleDataError: The data do not suffice.
    """
    if part.make is None:
        raise UsageError(f"{part.what} cannot be forecast as a table.", where="--what", remedy="Score it: backtest.")
    if file is not None:
        insist_on_place(file)
    run = perceived_run(day)
    day.progress.started(f"forecast {part.what}")
    began = time.perf_counter()
    frame, model = _forecast(day, run, part, part.make)
    is_personal = PERSONAL in frame.columns
    if is_personal and file is not None:
        insist_on(actor, "see personal data", day.playbook)
    name = f"outlook_{part.what}"  # what a run decides with lies in tables called `forecast_…`
    with playbook_lock(day.lake.root):
        day.lake.write_slice(name, run.run_id, frame)
    seconds = time.perf_counter() - began
    day.progress.finished(f"forecast {part.what}", seconds, f"{len(frame):,} rows")
    same = [name for name in frame.columns if len(frame) > 1 and _is_constant(frame[name])]
    shown = frame.head(SHOWN).drop(columns=same)
    if is_personal and not may(actor, "see personal data"):
        shown = shown.assign(**{PERSONAL: MASK})
    return {
        "what": part.what,
        "about": part.about,
        "playbook": day.playbook.name,
        "as_of": day.clock.as_of.isoformat(),
        "run_id": run.run_id,
        "table": name,
        "model": model,
        "rows": len(frame),
        "columns": [str(column) for column in frame.columns],
        "same_for_all": {str(name): plain(frame[name].iloc[0]) for name in same},
        "sample": [{str(key): plain(value) for key, value in row.items()} for row in shown.to_dict("records")],
        "file": str(write_table(frame, file)) if file is not None else None,
        "seconds": round(seconds, 1),
    }


def _forecast(day: Day, run: RunRow, part: Part, make: Making) -> tuple[pd.DataFrame, str]:
    """The table, by the live model where there is one that has not seen later rows; and which model that was."""
    tables = canonical_tables(day, run, part.tables)
    as_of, timezone, seed = day.clock.as_of, day.playbook.timezone, day.playbook.warrant.seed
    said = "fitted for this day"
    live = champion(Journal(day.lake), part.what)
    if part.trainer is not None and live is not None:
        arrays, card = model_store(day).load(part.what, live.digest)
        if datetime.fromisoformat(card.trained_until) <= as_of:
            said = f"model {live.digest}, learnt from rows until {card.trained_until[:10]}"
            trainer = part.trainer(day.playbook)
            return trainer.forecast(arrays, tables, as_of=as_of, timezone=timezone, seed=seed), said
        said += "; the live model has learnt from later rows"
    return make(tables, part.settings(day.playbook), as_of=as_of, timezone=timezone, seed=seed), said


def _is_constant(column: "pd.Series[Any]") -> bool:
    return bool(column.isna().all() or (column == column.iloc[0]).all())


def insist_on_place(file: Path) -> None:
    """Refuse a file that no table can be written to, before anything is worked out.

    Raises:
        UsageError: Its ending is another one, or its folder does not exist.
    """
    if file.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"a table cannot be written as `{file.suffix or file.name}`.",
            where=f"--file {file}",
            remedy=f"End it in {', '.join(ENDINGS)}.",
        )
    if not file.absolute().parent.is_dir():
        raise UsageError("there is no such folder.", where=str(file.absolute().parent), remedy="Create it first.")


def write_table(frame: pd.DataFrame, file: Path) -> Path:
    """Write a table into a file, as its ending says, and give its absolute path.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        if file.suffix.lower() == ".csv":
            frame.to_csv(file, index=False)
        elif file.suffix.lower() == ".parquet":
            frame.to_parquet(file, index=False)
        else:
            frame.to_json(file, orient="records", date_format="iso", lines=False)
    except OSError as error:
        raise UsageError(
            f"the table cannot be written: {error.strerror}.", where=str(file), remedy="Name a file of yours."
        ) from error
    return file.absolute()
