"""Points of a score: what is counted fades with its age, is weighted, limited and summed.

A dimension's points are weight × Σ 0.5^(age ÷ half-life) over what it counts, limited to `at_most`; a score is the
sum of its dimensions and never below 0. This is the usual lead score with decay, and nothing in it is learnt: what the
weights are worth is the marketer's word.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.scores.acts import NOBODY, Acts
from forecasting.scores.settings import Composite, Dimension
from forecasting.values import Floats
from forecasting.values.scores import Points

Positions = npt.NDArray[np.int64]

DECIMALS: Final = 4
NEVER: Final = np.datetime64("NaT", "us")


def score(composite: Composite, acts: Acts, tables: Mapping[str, pd.DataFrame]) -> Points:
    """One score of every customer or account.

    Args:
        composite: As declared.
        acts: What people did.
        tables: customers and accounts, for attributes.

    Raises:
        ForecastingError: An attribute that no table has, or that is infinite.
    """
    subjects = acts.customers if composite.of == "customer" else acts.accounts
    columns = [_dimension(one, composite, acts, tables, len(subjects)) for one in composite.dimensions]
    by_dimension = np.column_stack([points for points, _, _ in columns])
    return Points(
        name=composite.name,
        threshold=composite.threshold,
        value=np.round(np.maximum(by_dimension.sum(axis=1), 0.0), DECIMALS),
        dimensions=tuple(one.name for one in composite.dimensions),
        by_dimension=by_dimension,
        counted=np.column_stack([counted for _, counted, _ in columns]),
        last_at=np.column_stack([last for _, _, last in columns]),
    )


def _dimension(
    dimension: Dimension, composite: Composite, acts: Acts, tables: Mapping[str, pd.DataFrame], subjects: int
) -> tuple[Floats, Floats, npt.NDArray[np.datetime64]]:
    """Points, what was counted, and the newest act, each of shape (subjects,)."""
    last = np.full(subjects, NEVER)
    if dimension.attribute is not None:
        holds = _has(dimension, composite, acts, tables).astype(np.float64)
        return _limited(dimension, dimension.weight * holds), holds, last
    who = acts.rows["customer" if composite.of == "customer" else "account"].to_numpy(dtype=np.int64)
    age = acts.age_days()
    chosen = np.flatnonzero(
        acts.of(dimension.events, dimension.topics, dimension.sources)
        & (age <= dimension.window_days)
        & (who != NOBODY)
    )
    units = _units(dimension, acts, chosen)
    fading = np.ones(len(units))
    if dimension.half_life_days is not None:
        fading = 0.5 ** (age[units["act"].to_numpy(dtype=np.int64)] / dimension.half_life_days)
    subject = who[units["act"].to_numpy(dtype=np.int64)]
    amount = units["amount"].to_numpy(dtype=np.float64)
    if dimension.count == "deepest_visit":
        counted, faded = np.zeros(subjects), np.zeros(subjects)
        np.maximum.at(counted, subject, amount)
        np.maximum.at(faded, subject, amount * fading)
    else:
        counted = _sums(subject, amount, subjects)
        faded = _sums(subject, amount * fading, subjects)
    # acts stand the oldest first, so that the last one written is the newest
    last[who[chosen]] = acts.happened_at[chosen]
    return _limited(dimension, dimension.weight * faded), counted, last


def _units(dimension: Dimension, acts: Acts, chosen: Positions) -> pd.DataFrame:
    """What is counted: `act` (position of the newest act of each unit, whose age it has) and `amount`."""
    if dimension.count == "each":
        return pd.DataFrame({"act": chosen, "amount": np.ones(len(chosen))})
    rows = acts.rows.iloc[chosen]
    if dimension.count == "value":
        value = rows["value"].to_numpy(dtype=np.float64)
        return pd.DataFrame({"act": chosen, "amount": np.where(np.isnan(value), 0.0, value)})
    by = {"days": ["customer", "day"], "people": ["customer"]}.get(dimension.count, ["customer", "visit"])
    grouped = rows[by].assign(act=chosen, amount=1.0)
    units = grouped.groupby(by, sort=False).agg(act=("act", "max"), amount=("amount", "sum")).reset_index()
    if dimension.count == "deepest_visit":
        return units
    if dimension.count == "return_visits":
        order = units.sort_values("act", kind="stable")
        units = order[order.groupby("customer").cumcount() > 0]
    return units.assign(amount=1.0)


def _sums(subject: Positions, amount: Floats, subjects: int) -> Floats:
    return np.asarray(np.bincount(subject, weights=amount, minlength=subjects), dtype=np.float64)


def _limited(dimension: Dimension, points: Floats) -> Floats:
    if dimension.at_most is None:
        return points
    return np.clip(points, -dimension.at_most, dimension.at_most)


def _has(
    dimension: Dimension, composite: Composite, acts: Acts, tables: Mapping[str, pd.DataFrame]
) -> npt.NDArray[np.bool_]:
    """Who has the attribute; a value that is not known is not had, shape (subjects,)."""
    values = attribute(str(dimension.attribute), composite.of, acts, tables)
    if dimension.one_of:
        # a flag is said as YAML says it
        as_text = values.map(lambda one: str(one).lower() if isinstance(one, bool | np.bool_) else str(one))
        wanted = {str(one) for one in dimension.one_of}
        return np.asarray(values.notna() & as_text.isin(wanted), dtype=np.bool_)
    try:
        numbers = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ForecastingError(
            f"`{dimension.attribute}` is no number.",
            where=f"scores: {composite.name}, {dimension.name}",
            remedy="Say which texts count: `in: [...]`.",
        ) from error
    if np.isinf(numbers).any():
        raise ForecastingError(
            f"`{dimension.attribute}` is infinite for {int(np.isinf(numbers).sum())} rows.",
            where=f"scores: {composite.name}, {dimension.name}",
            remedy="Correct the source.",
        )
    has = ~np.isnan(numbers)
    if dimension.at_least is not None:
        has &= numbers >= dimension.at_least
    if dimension.below is not None:
        has &= numbers < dimension.below
    return np.asarray(has, dtype=np.bool_)


def attribute(name: str, of: str, acts: Acts, tables: Mapping[str, pd.DataFrame]) -> "pd.Series[Any]":
    """A column of customers or accounts for each subject.

    Raises:
        ForecastingError: There is no such column.
    """
    table, _, column = name.partition(".")
    frame = tables.get(f"{table}s", pd.DataFrame())
    key = f"{table}_id"
    if column not in frame:
        raise ForecastingError(
            f"There is no `{name}`.", where="scores", remedy=f"Known: {', '.join(f'{table}.{one}' for one in frame)}."
        )
    by_key = frame.drop_duplicates(key).set_index(key)[column].astype(object)
    if table == of:
        return by_key.reindex(acts.customers if of == "customer" else acts.accounts).reset_index(drop=True)
    of_account = by_key.reindex(acts.accounts).to_numpy(dtype=object)
    known = acts.account_of >= 0
    found = np.full(len(acts.customers), None, dtype=object)
    found[known] = of_account[acts.account_of[known]]
    return pd.Series(found, dtype=object)
