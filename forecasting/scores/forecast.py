"""All scores of a run on one page: tables in, points, stages, surges and waiting times out."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import numpy as np
import pandas as pd

from forecasting.scores.acts import Acts, acts_before
from forecasting.scores.composites import NEVER, score
from forecasting.scores.latency import intent_latency
from forecasting.scores.settings import ScoreSettings
from forecasting.scores.stages import account_stages, customer_stages
from forecasting.scores.surges import surging
from forecasting.values import Keys
from forecasting.values.scores import Points, Scored, Scores

SCORE_COLUMNS: Final = (
    "subject_kind",
    "customer_id",
    "account_id",
    "name",
    "value",
    "low",
    "high",
    "threshold",
    "is_reached",
    "stage",
    "last_at",
    "source",
    "grade",
)
PART_COLUMNS: Final = (
    "subject_kind",
    "customer_id",
    "account_id",
    "name",
    "dimension",
    "points",
    "counted",
    "last_at",
)
SOURCE: Final = "declared weights; nothing is learnt"


def score_tables(
    tables: Mapping[str, pd.DataFrame],
    settings: ScoreSettings,
    *,
    as_of: datetime,
    timezone: str,
    actions: pd.DataFrame | None = None,
) -> Scores:
    """Every score, stage, surge and wait as of a moment.

    Args:
        tables: Canonical tables: customers, [accounts, signals, outcomes, touches, assets].
        settings: What the playbook declares.
        as_of: Aware datetime; nothing that happened or was received at or after it counts.
        timezone: IANA time zone whose midnight starts a day.
        actions: Further actions that end a wait, beside the touches before as-of: customer_id, at.

    Raises:
        ForecastingError: A table lacks a column, an attribute is not there, or stages wait for each other.
    """
    acts = acts_before(tables, as_of=as_of, timezone=timezone)
    people = [score(one, acts, tables) for one in settings.scores if one.of == "customer"]
    companies = [score(one, acts, tables) for one in settings.scores if one.of == "account"]
    surges = surging(settings.surges, acts, tables, timezone=timezone)
    stage, held = customer_stages(settings.stages, people, acts)
    account_stage = account_stages(settings.stages, companies, acts, held, surges)
    latency = intent_latency(settings.latency, acts, _actions(tables, acts, actions), as_of=as_of)
    return Scores(
        customers=_scored("customer", acts.customers, people, stage),
        accounts=_scored("account", acts.accounts, companies, account_stage),
        surges=surges,
        latency=latency,
    )


def forecast_scores(
    tables: Mapping[str, pd.DataFrame],
    settings: ScoreSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int = 0,
) -> pd.DataFrame:
    """The scores as one long table, columns `SCORE_COLUMNS`.

    A score is declared and not estimated, so its interval is the value itself; `grade` is `assumed`, because that its
    points mean anything is the marketer's word until a backtest says so. `seed` is not used: nothing is random.

    Raises:
        ForecastingError: As `score_tables`.
    """
    del seed
    return score_frame(score_tables(tables, settings, as_of=as_of, timezone=timezone))


def score_frame(scores: Scores) -> pd.DataFrame:
    """One row per subject and score, columns `SCORE_COLUMNS`."""
    return pd.concat([_rows(scores.customers), _rows(scores.accounts)], ignore_index=True)


def part_frame(scores: Scores) -> pd.DataFrame:
    """What each score is made of, columns `PART_COLUMNS`: dimensions that gave or took points."""
    parts = [_parts(scored, points) for scored in (scores.customers, scores.accounts) for points in scored.points]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in PART_COLUMNS})
    return pd.concat(parts, ignore_index=True)


def stage_frame(scores: Scores) -> pd.DataFrame:
    """Who has a stage: subject_kind, customer_id, account_id, stage."""
    parts = []
    for scored in (scores.customers, scores.accounts):
        having = np.flatnonzero(pd.notna(scored.stage))
        parts.append(pd.DataFrame({**_subject(scored, having), "stage": scored.stage[having]}, dtype=object))
    return pd.concat(parts, ignore_index=True)


def surge_frame(scores: Scores) -> pd.DataFrame:
    """Where a surge is on: account_id, name, people, customers (a JSON list), first_at, last_at."""
    surges = scores.surges
    return pd.DataFrame(
        {
            "account_id": surges.account_id,
            "name": surges.name,
            "people": surges.people,
            "customers": [json.dumps(list(who), ensure_ascii=False) for who in surges.customers],
            "first_at": _utc(surges.first_at),
            "last_at": _utc(surges.last_at),
        }
    ).astype({"customers": object})


def _scored(kind: Literal["customer", "account"], keys: Keys, points: list[Points], stage: Keys) -> Scored:
    last = np.full(len(keys), NEVER)
    for one in points:
        last = np.fmax(last, np.fmax.reduce(one.last_at, axis=1)) if len(keys) else last
    return Scored(kind, keys, tuple(points), stage, last)


def _rows(scored: Scored) -> pd.DataFrame:
    size = len(scored.subject_id)
    frames = [
        pd.DataFrame(
            {
                **_subject(scored, np.arange(size)),
                "name": points.name,
                "value": points.value,
                "low": points.value,
                "high": points.value,
                "threshold": np.nan if points.threshold is None else points.threshold,
                "is_reached": points.is_reached,
                "stage": scored.stage,
                "last_at": _utc(np.fmax.reduce(points.last_at, axis=1)),
                "source": SOURCE,
                "grade": "assumed",
            }
        )
        for points in scored.points
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(_EMPTY)


def _parts(scored: Scored, points: Points) -> pd.DataFrame:
    subject, dimension = np.nonzero((points.by_dimension != 0) | (points.counted != 0))
    return pd.DataFrame(
        {
            **_subject(scored, subject),
            "name": points.name,
            "dimension": np.array(points.dimensions, dtype=object)[dimension],
            "points": points.by_dimension[subject, dimension].round(4),
            "counted": points.counted[subject, dimension],
            "last_at": _utc(points.last_at[subject, dimension]),
        },
        columns=list(PART_COLUMNS),
    )


def _subject(scored: Scored, positions: np.ndarray) -> dict[str, object]:
    keys, nobody = scored.subject_id[positions], np.full(len(positions), None, dtype=object)
    is_customer = scored.kind == "customer"
    return {
        "subject_kind": np.full(len(positions), scored.kind, dtype=object),
        "customer_id": keys if is_customer else nobody,
        "account_id": nobody if is_customer else keys,
    }


def _utc(times: np.ndarray) -> pd.Series:
    return pd.Series(times.astype("datetime64[us]")).dt.tz_localize("UTC")


def _actions(tables: Mapping[str, pd.DataFrame], acts: Acts, further: pd.DataFrame | None) -> pd.DataFrame:
    touches = tables.get("touches")
    parts = []
    if touches is not None and len(touches):
        sent = touches[["customer_id", "sent_at"]].set_axis(["customer_id", "at"], axis=1)
        parts.append(sent[sent["at"] < pd.Timestamp(acts.as_of).tz_localize("UTC")])
    if further is not None and len(further):
        parts.append(further[["customer_id", "at"]])
    if parts:
        return pd.concat(parts, ignore_index=True)
    return pd.DataFrame({"customer_id": pd.Series(dtype=object), "at": pd.Series(dtype="datetime64[us, UTC]")})


_NUMBERS: Final = ("value", "low", "high", "threshold")
_EMPTY: Final = {
    column: pd.Series(
        dtype=np.float64
        if column in _NUMBERS
        else bool
        if column == "is_reached"
        else "datetime64[us, UTC]"
        if column == "last_at"
        else object
    )
    for column in SCORE_COLUMNS
}
