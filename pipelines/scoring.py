"""Scores of a run: the playbook's declarations meet its data. Points become columns of customers, a table in the lake.

`with_scores` is called where the graph's rows are made, so that audiences, policies and questions can name
`customer.<score>_score`, `customer.qualification` (the stage), `customer.account_<score>_score`,
`customer.account_qualification` and `customer.is_<surge>_surge`, without any code.
"""

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.scores.forecast import part_frame, score_frame, score_tables, stage_frame, surge_frame
from forecasting.scores.settings import ScoreSettings
from forecasting.values.scores import Scores
from graph.beliefs.fidelity import ANSWER_FIDELITY, SIGNAL_FIDELITY
from lake.runs import RunRow
from lake.tables import OUTCOME_NAMES
from pipelines.day import Day
from pipelines.errors import PlaybookError
from pipelines.playbook import Playbook
from pipelines.playbook_scores import FILE, score_settings
from pipelines.stored import canonical_tables
from pipelines.yaml_lines import Location

SCORED_TABLES: Final = ("customers", "accounts", "signals", "outcomes", "touches", "assets")
SCORES, PARTS, STAGES, SURGES = "scores", "score_parts", "score_stages", "score_surges"
QUALIFICATION: Final = "qualification"

Tables = Mapping[str, pd.DataFrame]


def settings_of(playbook: Playbook) -> ScoreSettings | None:
    """What the playbook declares about scores, None without a scores.yaml."""
    return None if playbook.scores is None else score_settings(playbook.scores, playbook.warrant.beliefs.fidelity)


def score_playbook(
    playbook: Playbook, tables: Tables, *, as_of: datetime, actions: pd.DataFrame | None = None
) -> Scores | None:
    """The scores of a playbook as of a moment; None where it declares none.

    Args:
        playbook: With its `scores.yaml`.
        tables: Canonical tables, `SCORED_TABLES` of them.
        as_of: Nothing that happened or was received at or after it counts.
        actions: Further actions that end a wait: customer_id, at.

    Raises:
        PlaybookError: A signal, column or value that the data does not have, with its line.
    """
    settings = settings_of(playbook)
    if settings is None:
        return None
    insist_on_data(playbook, tables)
    return score_tables(tables, settings, as_of=as_of, timezone=playbook.timezone, actions=actions)


def with_scores(
    playbook: Playbook, tables: Tables, *, as_of: datetime, is_past: bool = False
) -> dict[str, pd.DataFrame]:
    """The tables, customers with a column per score and for their stage; as they are where nothing is declared.

    Args:
        playbook: With its `scores.yaml`.
        tables: Canonical tables, `SCORED_TABLES` among them.
        as_of: Nothing that happened or was received at or after it counts.
        is_past: The day lies before the run's, so that signals which nobody had sent by then are no mistake.

    Raises:
        PlaybookError: As `score_playbook`; or a source states a column of such a name already.
    """
    settings = settings_of(playbook)
    if settings is None:
        return dict(tables)
    if not is_past:
        insist_on_data(playbook, tables)
    scores = score_tables(tables, settings, as_of=as_of, timezone=playbook.timezone)
    customers = tables["customers"]
    columns = score_columns(playbook, customers, scores)
    for name in columns:
        if name in customers:
            raise PlaybookError(
                f"customers have a column `{name}` already, and scores would overwrite it.",
                where=str(playbook.folder / FILE),
                remedy="Rename the score, or the column in sources/customers.sql.",
            )
    return {**tables, "customers": customers.assign(**columns)}


def score_columns(playbook: Playbook, customers: pd.DataFrame, scores: Scores) -> dict[str, Any]:
    """Columns of customers by name, in their order."""
    at = pd.Index(scores.customers.subject_id).get_indexer(pd.Index(customers["customer_id"]))
    columns: dict[str, Any] = {f"{one.name}_score": one.value[at] for one in scores.customers.points}
    stated = playbook.scores
    if stated is None:
        return columns
    if any(stage.of == "customer" for stage in stated.stages.values()):
        columns[QUALIFICATION] = scores.customers.stage[at]
    account = customers["account_id"] if "account_id" in customers else pd.Series([None] * len(customers))
    works_at = pd.Index(scores.accounts.subject_id, dtype=object).get_indexer(pd.Index(account, dtype=object))
    has = works_at >= 0
    for one in scores.accounts.points:
        columns[f"account_{one.name}_score"] = np.where(has, np.append(one.value, 0.0)[works_at], 0.0)
    if any(stage.of == "account" for stage in stated.stages.values()):
        columns[f"account_{QUALIFICATION}"] = np.array([*scores.accounts.stage, None], dtype=object)[works_at]
    for name in stated.surges:
        on = scores.surges.account_id[scores.surges.name == name]
        columns[f"is_{name}_surge"] = account.isin(list(on)).to_numpy(dtype=np.bool_)
    return columns


def store_scores(day: Day, run: RunRow) -> dict[str, Any]:
    """Score the tables of a run and store what came out as its slices; facts for the ledger, none without scores.yaml.

    Raises:
        PlaybookError: As `score_playbook`.
    """
    if day.playbook.scores is None:
        return {}
    tables = canonical_tables(day, run, SCORED_TABLES)
    scores = score_playbook(day.playbook, tables, as_of=run.identity.as_of)
    if scores is None:
        return {}
    frames = {SCORES: score_frame, PARTS: part_frame, STAGES: stage_frame, SURGES: surge_frame}
    for name, frame in frames.items():
        day.lake.write_slice(name, run.run_id, frame(scores))
    stages = stage_frame(scores)["stage"].value_counts()
    return {
        "stages": {str(stage): int(count) for stage, count in sorted(stages.items())},
        "reached": {one.name: int(one.is_reached.sum()) for one in (*scores.customers.points, *scores.accounts.points)},
        "surges": len(scores.surges.account_id),
        "intent_latency": scores.latency.summary(),
    }


def insist_on_data(playbook: Playbook, tables: Tables) -> None:
    """Refuse what the data shows to be wrong in `scores.yaml`.

    A signal's name is known when the specification that Warrant follows has it, the playbook rates it under
    `beliefs.fidelity`, or it occurs in the data.

    Raises:
        PlaybookError: With the line of a signal or a column that is not there.
    """
    if playbook.scores is None:
        return
    signals = tables.get("signals")
    seen = set() if signals is None else set(signals["name"].dropna().unique())
    rated = {name.rpartition("/")[2] for name in playbook.warrant.beliefs.fidelity}
    known = seen | rated | set(SIGNAL_FIDELITY) | set(ANSWER_FIDELITY) | set(OUTCOME_NAMES)
    for location, events in _events(playbook):
        for position, event in enumerate(events):
            if event not in known:
                raise PlaybookError(
                    f"no signal is called `{event}`.",
                    where=_where(playbook, (*location, position)),
                    remedy=f"{_nearest(event, known)}The data has: {', '.join(sorted(seen)) or 'no signals'}. If it is "
                    "still to come, rate it in warrant.yaml under beliefs.fidelity.",
                )
    columns = {f"{table[:-1]}.{one}" for table in ("customers", "accounts") for one in tables.get(table, ())}
    for location, name in _attributes(playbook):
        if name not in columns:
            raise PlaybookError(
                f"there is no `{name}`.",
                where=_where(playbook, location),
                remedy=f"{_nearest(name, columns)}Known: {', '.join(sorted(columns))}.",
            )


def _events(playbook: Playbook) -> Iterable[tuple[Location, tuple[str, ...]]]:
    stated = playbook.scores
    if stated is None:
        return
    for name, score in stated.scores.items():
        for part, dimension in score.dimensions.items():
            yield ("scores", name, "dimensions", part, "events"), dimension.events
    for name, surge in stated.surges.items():
        yield ("surges", name, "events"), surge.events
    if stated.intent_latency is not None:
        yield ("intent_latency", "events"), stated.intent_latency.events


def _attributes(playbook: Playbook) -> Iterable[tuple[Location, str]]:
    stated = playbook.scores
    if stated is None:
        return
    for name, score in stated.scores.items():
        for part, dimension in score.dimensions.items():
            if dimension.attribute is not None:
                yield ("scores", name, "dimensions", part, "attribute"), dimension.attribute
    for name, surge in stated.surges.items():
        for column in surge.accounts:
            yield ("surges", name, "accounts", column), f"account.{column}"


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean `{matches[0]}`? " if matches else ""


def _where(playbook: Playbook, location: Location) -> str:
    return playbook.files[FILE].where(location)
