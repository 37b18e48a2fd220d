"""Drift: whether the live models still see what they learnt from. Where they do not, a challenger is trained."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forecasting.anomaly.drift import drift
from forecasting.backtest import known_before
from forecasting.errors import TooLittleDataError
from forecasting.values.anomaly import Drift
from lake.journal import Journal
from lake.promotions import Promotion, champion
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.forecasts.backtesting import perceived_run, plain
from pipelines.forecasts.parts import Part
from pipelines.forecasts.registry import model_store
from pipelines.stored import canonical_tables

EVIDENCE = (
    "column",
    "psi",
    "psi_by_chance",
    "adjusted_p",
    "missing_reference",
    "missing_current",
    "is_drifted",
    "reason",
)


def drift_now(day: Day, parts: Sequence[Part]) -> dict[str, Any]:
    """Perceive the day's sources, then hold what each live model sees now against what it learnt from.

    Raises:
        WarrantError: As the step `perceive`.
    """
    return drift_of(day, perceived_run(day), parts)


def drift_of(day: Day, run: RunRow, parts: Sequence[Part]) -> dict[str, Any]:
    """The same on the tables that a run pinned.

    Returns:
        `as_of`, `models` (`what`, `hash`, `has_drifted`, `columns` with their evidence), `not_judged` (`what`, `why`).
    """
    journal = Journal(day.lake)
    judged, not_judged = [], []
    for part in parts:
        live = champion(journal, part.what)
        if live is None:
            not_judged.append({"what": part.what, "why": "no model is live."})
            continue
        try:
            found = _drift(day, run, part, live)
        except TooLittleDataError as error:
            not_judged.append({"what": part.what, "why": error.what})
            continue
        columns = [
            {name: plain(getattr(found, name)[place]) for name in EVIDENCE} for place in range(len(found.column))
        ]
        judged.append({"what": part.what, "hash": live.digest, "has_drifted": found.has_drifted, "columns": columns})
    return {"as_of": day.clock.as_of.isoformat(), "models": judged, "not_judged": not_judged}


def _drift(day: Day, run: RunRow, part: Part, live: Promotion) -> Drift:
    if part.trainer is None:
        raise TooLittleDataError(f"Nothing of {part.what} is kept.", where=part.what, remedy="It is learnt anew.")
    trainer = part.trainer(day.playbook)
    tables = canonical_tables(day, run, part.tables)
    learnt_until = datetime.fromisoformat(model_store(day).card(part.what, live.digest).trained_until)
    if learnt_until >= day.clock.as_of:
        raise TooLittleDataError(
            "The live model has learnt from later rows.", where=part.what, remedy="Ask as of a later day."
        )
    timezone = day.playbook.timezone
    before = trainer.inputs(known_before(tables, learnt_until), as_of=learnt_until, timezone=timezone)
    return drift(before, trainer.inputs(tables, as_of=day.clock.as_of, timezone=timezone))
