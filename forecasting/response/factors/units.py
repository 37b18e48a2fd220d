"""What every effect is learnt from: units with features, an arm each, an outcome, and the propensity of that arm.

Rows are put in an order of their own content first, so that the order in which they came cannot show in any result.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.values import Floats, Keys

LEAST_ROWS = 40
LEAST_ROWS_OF_ARM = 10
LEAST_OF_LEVEL = 20  # rows from which on a category has a column of its own; rarer and unseen ones share "other"
MOST_LEVELS = 50
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """A checked sample.

    Attributes:
        features: Encoded features, shape (rows, columns).
        arm: Position in `arms`, shape (rows,).
        arms: Labels of arms, the control first where there is one.
        has_control: Whether the first arm is what effects are measured against; else it is the mean over all arms.
        outcome: 0 or 1, or money, shape (rows,).
        propensity: P(arm | features) for every arm, shape (rows, arms); rows add up to 1.
        is_stated: Whether propensities were given; else they are the arms' shares.
        is_binary: Whether the outcome is 0 or 1 alone.
    """

    features: Floats
    arm: Positions
    arms: Keys
    has_control: bool
    outcome: Floats
    propensity: Floats
    is_stated: bool
    is_binary: bool


@dataclass(frozen=True, eq=False)
class Encoder:
    """Columns of a table as numbers: figures standardised, gaps marked, frequent categories a column each."""

    columns: tuple[str, ...]
    centre: dict[str, float]
    spread: dict[str, float]
    has_gaps: dict[str, bool]
    levels: dict[str, tuple[str, ...]]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> "Encoder":
        """From the training rows; a constant column stays in and says nothing."""
        centre, spread, gaps, levels = {}, {}, {}, {}
        for name in frame.columns:
            column = frame[name]
            if is_figure(column):
                values = _figures(column, name)
                known = np.sort(values[~np.isnan(values)])  # sums in one order, whatever that of rows
                centre[name] = float(known.mean()) if len(known) else 0.0
                deviation = float(known.std()) if len(known) else 0.0
                spread[name] = deviation if deviation > 1e-12 * max(1.0, abs(centre[name])) else 1.0
                gaps[name] = len(known) < len(values)
            else:
                counts = column.dropna().astype(str).value_counts()
                kept = counts[counts >= LEAST_OF_LEVEL].sort_index().sort_values(ascending=False, kind="stable")
                levels[name] = tuple(kept.index[:MOST_LEVELS])
        return cls(tuple(frame.columns), centre, spread, gaps, levels)

    def encode(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, encoded columns). A category never seen counts as "other": all its columns are 0.

        Raises:
            ForecastingError: A column of the training table lacks, or a figure is infinite or no figure.
        """
        absent = [name for name in self.columns if name not in frame.columns]
        if absent:
            raise ForecastingError(
                f"The features lack {', '.join(map(str, absent))}.",
                where="features",
                remedy="Give the columns that the model was fitted on.",
            )
        parts: list[Floats] = []
        for name in self.columns:
            if name in self.levels:
                texts = frame[name].astype(object).where(frame[name].notna(), None)
                values = texts.map(lambda text: None if text is None else str(text)).to_numpy(dtype=object)
                parts += [(values == level).astype(np.float64) for level in self.levels[name]]
                continue
            figures = _figures(frame[name], name)
            is_gap = np.isnan(figures)
            parts.append(np.where(is_gap, 0.0, (figures - self.centre[name]) / self.spread[name]))
            if self.has_gaps[name]:
                parts.append(is_gap.astype(np.float64))
        return np.column_stack(parts) if parts else np.zeros((len(frame), 0))


def as_frame(features: pd.DataFrame | npt.NDArray[Any]) -> pd.DataFrame:
    """Features as a table; columns of an array are called x0, x1 and so on."""
    if isinstance(features, pd.DataFrame):
        return features
    matrix = np.asarray(features)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    return pd.DataFrame(matrix, columns=[f"x{place}" for place in range(matrix.shape[1])])


def is_figure(column: "pd.Series[Any]") -> bool:
    """Whether a column holds numbers (or yes and no), else it holds categories."""
    return bool(pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))


def read_units(
    frame: pd.DataFrame,
    encoder: Encoder,
    arm: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    propensity: npt.ArrayLike | None,
    control: str | None,
) -> Units:
    """Check a sample, put it in canonical order, and encode it.

    Args:
        frame: Features, one row per unit.
        encoder: Learnt on them.
        arm: Label of each unit's arm, shape (rows,).
        outcome: Shape (rows,).
        propensity: P(own arm), shape (rows,), or of every arm in the order of sorted labels, shape (rows, arms); None
            takes the arms' shares.
        control: Label of the arm that effects are measured against; None: the mean over arms.

    Raises:
        TooLittleDataError: Too few rows, one arm alone, an arm with too few rows, or an outcome without variation.
        ForecastingError: Shapes differ, values are missing or infinite, a propensity is not above 0 and at most 1.
    """
    labels, values = np.asarray(arm).astype(str).astype(object), _outcome(outcome)
    _insist_on_shapes(len(frame), labels, values)
    arms = _arms(labels, control)
    position = pd.Index(arms).get_indexer(pd.Index(labels)).astype(np.int64)
    counts = np.bincount(position, minlength=len(arms))
    if counts.min() < LEAST_ROWS_OF_ARM:
        raise TooLittleDataError(
            f"Arm `{arms[counts.argmin()]}` has {counts.min()} units.",
            where="units",
            remedy=f"Give every arm at least {LEAST_ROWS_OF_ARM} units, or leave it out.",
        )
    if np.ptp(values) == 0:
        raise TooLittleDataError(
            f"Every outcome is {values[0]:g}.",
            where="units",
            remedy="Without variation no effect can be told from none: wait for outcomes, or take a stated prior.",
        )
    matrix = encoder.encode(frame)
    chances = _propensities(propensity, position, counts, arms)
    order = np.lexsort([*(column for column in chances.T), values, position, *(column for column in matrix.T)])
    return Units(
        matrix[order],
        position[order],
        arms,
        control is not None,
        values[order],
        chances[order],
        propensity is not None,
        bool(np.isin(values, (0.0, 1.0)).all()),
    )


def _insist_on_shapes(rows: int, labels: Keys, values: Floats) -> None:
    if not rows == len(labels) == len(values):
        raise ForecastingError(
            f"There are {rows} rows of features, {len(labels)} arms and {len(values)} outcomes.",
            where="units",
            remedy="Give one of each per unit.",
        )
    if rows < LEAST_ROWS:
        raise TooLittleDataError(
            f"There are {rows} units.", where="units", remedy=f"An effect needs at least {LEAST_ROWS}."
        )


def _outcome(outcome: npt.ArrayLike) -> Floats:
    values = np.asarray(outcome, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise ForecastingError(
            f"{len(wrong)} outcomes are missing or infinite.",
            where=f"outcome, row {wrong[0]}",
            remedy="A unit whose outcome is not known yet is no zero: leave it out.",
        )
    return values


def _arms(labels: Keys, control: str | None) -> Keys:
    arms = sorted(set(labels.tolist()))
    if control is not None and control not in arms:
        raise TooLittleDataError(
            f"No unit is in the control arm `{control}`.",
            where="units",
            remedy=f"The arms are {', '.join(arms[:10])}; name one of them, or None to compare with their mean.",
        )
    if len(arms) < 2:  # noqa: PLR2004 - an effect is a difference
        raise TooLittleDataError(
            f"All units are in the arm `{arms[0]}`.", where="units", remedy="An effect needs two arms at least."
        )
    ordered = arms if control is None else [control, *(name for name in arms if name != control)]
    return np.array(ordered, dtype=object)


def _propensities(
    propensity: npt.ArrayLike | None, position: Positions, counts: npt.NDArray[np.int64], arms: Keys
) -> Floats:
    """P(every arm), shape (rows, arms)."""
    shares = counts / counts.sum()
    if propensity is None:
        return np.tile(shares, (len(position), 1))
    given = np.asarray(propensity, dtype=np.float64)
    wrong = np.flatnonzero(~((given > 0) & (given <= 1)).reshape(len(given), -1).all(axis=1))
    if len(wrong):
        raise ForecastingError(
            f"{len(wrong)} propensities are not above 0 and at most 1.",
            where=f"propensity, row {wrong[0]}",
            remedy="State the probability with which the arm was drawn.",
        )
    if given.ndim == 2:  # noqa: PLR2004 - of every arm, in the order of sorted labels
        place = np.array([sorted(arms.tolist()).index(name) for name in arms])
        return np.asarray(given[:, place] / given.sum(axis=1, keepdims=True))
    # Only that of the own arm is known: the others share what is left as they share the sample.
    rest = np.tile(shares, (len(position), 1))
    rest[np.arange(len(position)), position] = 0.0
    rest *= ((1 - given) / np.maximum(rest.sum(axis=1), 1e-12))[:, None]
    rest[np.arange(len(position)), position] = given
    return np.asarray(np.maximum(rest, 1e-9), dtype=np.float64)


def _figures(column: "pd.Series[Any]", name: str) -> Floats:
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as caught:
        raise ForecastingError(
            f"Feature `{name}` holds a value that is no figure.", where="features", remedy="Give numbers or none."
        ) from caught
    if np.isinf(values).any():
        raise ForecastingError(
            f"Feature `{name}` holds {int(np.isinf(values).sum())} infinite values.",
            where=f"features, row {int(np.flatnonzero(np.isinf(values))[0])}",
            remedy="Correct them, or leave them empty.",
        )
    return values
