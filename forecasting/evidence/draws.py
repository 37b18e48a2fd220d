"""The general input: who was in which arm since when, what came of it, and what they did before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import require
from forecasting.values import Floats, Keys, Times

NOTHING = "nothing"
SUM_TOLERANCE = 1e-6
IMPROBABLE = 1e-4


@dataclass(frozen=True, eq=False)
class Draws:
    """One row for every unit and draw; all arrays have one entry a row.

    Attributes:
        unit: Who was drawn; one unit may be drawn several times.
        cluster: What the unit shares with others, such as its household; errors are clustered by it.
        arm: The arm of the draw.
        assigned_at: When; rows of one unit differ in it.
        outcome: What came in the window after it: money, a count, or 0 and 1.
        earlier: The same in the windows of equal length before it, latest first, shape (rows, windows).
        propensity: Probability of the arm that was drawn, nan where nobody recorded it; None when there was no draw.
        covariates: What else was known before, by name.
        experiment: Key of the experiment; propensities of one experiment's arms belong together.

    Raises:
        TooLittleDataError: There is no row.
        ForecastingError: Shapes differ, an arm or unit is missing, a number is not finite, one unit has two rows of one
            moment, or propensities cannot be.
    """

    unit: Keys
    cluster: Keys
    arm: Keys
    assigned_at: Times
    outcome: Floats
    earlier: Floats
    propensity: Floats | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    experiment: Keys | None = None

    def __post_init__(self) -> None:
        _insist_on_rows(self)
        _insist_on_values(self)
        if self.propensity is not None:
            insist_on_propensities(self)

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def arms(self) -> list[str]:
        """The arms that occur."""
        return sorted(str(arm) for arm in pd.unique(self.arm))

    @property
    def has_propensities(self) -> bool:
        """Whether every row says with which probability its arm was drawn."""
        return self.propensity is not None and not bool(np.isnan(self.propensity).any())

    def where(self, is_kept: npt.NDArray[np.bool_]) -> Self:
        """The rows that are kept, of which there must be one.

        Raises:
            TooLittleDataError: None is kept.
        """
        return replace(
            self,
            unit=self.unit[is_kept],
            cluster=self.cluster[is_kept],
            arm=self.arm[is_kept],
            assigned_at=self.assigned_at[is_kept],
            outcome=self.outcome[is_kept],
            earlier=self.earlier[is_kept],
            propensity=None if self.propensity is None else self.propensity[is_kept],
            covariates={name: values[is_kept] for name, values in self.covariates.items()},
            experiment=None if self.experiment is None else self.experiment[is_kept],
        )

    def between(self, arm: str, control: str = NOTHING) -> Self:
        """The rows of two arms.

        Raises:
            ForecastingError: There is no such arm; says which there are.
        """
        for name in (arm, control):
            if name not in self.arms:
                raise ForecastingError(
                    f"There is no arm `{name}`.", where="draws", remedy=f"There are: {', '.join(self.arms)}."
                )
        return self.where((self.arm == arm) | (self.arm == control))


def draws_from_table(
    table: pd.DataFrame,
    *,
    unit: str = "unit",
    arm: str = "arm",
    outcome: str = "outcome",
    time: str | None = None,
    propensity: str | None = None,
    cluster: str | None = None,
    earlier: Sequence[str] = (),
    covariates: Sequence[str] = (),
) -> Draws:
    """Any table of units, arms and outcomes as draws.

    Args:
        table: One row per unit and draw.
        unit: Column of the unit's key.
        arm: Column of the arm; `nothing` is the one that says that nothing was done.
        outcome: Column of the outcome or money.
        time: Column of the draw's time; without it all are of one moment.
        propensity: Column of the probability of the row's arm.
        cluster: Column of what units share; without it the unit.
        earlier: Columns of the same outcome in earlier windows of equal length, latest first.
        covariates: Further columns of numbers that were known before.

    Raises:
        ForecastingError: A column is missing, or as `Draws`.
    """
    named = [name for name in (unit, arm, outcome, time, propensity, cluster, *earlier, *covariates) if name]
    require(table, "draws", tuple(named))
    moments = np.zeros(len(table), dtype="datetime64[us]")
    if time is not None:
        moments = pd.to_datetime(table[time], utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    numbers = {name: table[name].to_numpy(dtype=np.float64) for name in (outcome, *earlier, *covariates)}
    return Draws(
        unit=table[unit].to_numpy(dtype=object),
        cluster=table[cluster or unit].to_numpy(dtype=object),
        arm=table[arm].to_numpy(dtype=object),
        assigned_at=moments,
        outcome=numbers[outcome],
        earlier=np.column_stack([numbers[name] for name in earlier]) if earlier else np.zeros((len(table), 0)),
        propensity=None if propensity is None else table[propensity].to_numpy(dtype=np.float64),
        covariates={name: numbers[name] for name in covariates},
    )


def insist_on_propensities(draws: Draws) -> None:
    """Refuse propensities that cannot be: 0, above 1, or such that those of the arms sum to more than one.

    Raises:
        ForecastingError: Says which and how many rows.
    """
    given = draws.propensity
    if given is None:
        return
    known = ~np.isnan(given)
    is_wrong = known & ~((given > 0) & (given <= 1))
    if is_wrong.any():
        value = float(given[is_wrong][0])
        raise ForecastingError(
            f"{int(is_wrong.sum()):,} rows have a propensity that cannot be, such as {value:g}: what happened had a "
            "probability above 0 and at most 1.",
            where="assignments.propensity",
            remedy="Record the probability with which the row's own arm was drawn.",
        )
    for experiment, total, _ in _sums(draws):
        if total > 1 + SUM_TOLERANCE:
            raise ForecastingError(
                f"The propensities of the arms{f' of {experiment}' if experiment else ''} sum to {total:.3f}, not 1.",
                where="assignments.propensity",
                remedy="Record the probability with which the row's own arm was drawn.",
            )


def arms_missing(draws: Draws) -> str | None:
    """What speaks for rows of further arms that are not there: probabilities that sum to less than one.

    An arm that nobody drew may be missing as long as that could happen by chance.

    Returns:
        A sentence; None where nothing speaks for it.
    """
    for experiment, total, rows in _sums(draws):
        if total < 1 - SUM_TOLERANCE and total**rows < IMPROBABLE:
            return (
                f"The propensities of the arms{f' of {experiment}' if experiment else ''} sum to {total:.3f}, not 1: "
                "every eligible customer and draw needs a row, those of the arm `nothing` included."
            )
    return None


def _sums(draws: Draws) -> list[tuple[str, float, int]]:
    """Experiment, sum of its arms' probabilities, and rows, where all rows of an arm have the same probability.

    Where they differ by unit, the balance test holds them against what was drawn.
    """
    experiments = np.full(len(draws), "", dtype=object) if draws.experiment is None else draws.experiment
    frame = pd.DataFrame({"experiment": experiments, "arm": draws.arm, "propensity": draws.propensity}).dropna()
    by_arm = frame.groupby(["experiment", "arm"])["propensity"].agg(["min", "max", "size"])
    sums = []
    for experiment, arms in by_arm.groupby(level="experiment"):
        if (arms["max"] - arms["min"] <= SUM_TOLERANCE).all():
            sums.append((str(experiment), float(arms["max"].sum()), int(arms["size"].sum())))
    return sums


def _insist_on_rows(draws: Draws) -> None:
    rows = len(draws.unit)
    if rows == 0:
        raise TooLittleDataError(
            "There is not a single row to compare.", where="draws", remedy="Pass units of at least two arms."
        )
    columns = [draws.cluster, draws.arm, draws.assigned_at, draws.outcome, draws.earlier, *draws.covariates.values()]
    columns += [column for column in (draws.propensity, draws.experiment) if column is not None]
    if any(len(column) != rows for column in columns) or draws.earlier.ndim != 2:  # noqa: PLR2004 - rows by windows
        raise ForecastingError(
            "Columns are of different length.", where="draws", remedy="Pass one value per row in each."
        )


def _insist_on_values(draws: Draws) -> None:
    for name, keys in (("unit", draws.unit), ("arm", draws.arm), ("cluster", draws.cluster)):
        if (missing := int(pd.isna(keys).sum())) > 0:
            raise ForecastingError(
                f"{missing:,} rows have no {name}.", where=f"draws.{name}", remedy="Say who was in which arm."
            )
    numbers = {"outcome": draws.outcome, "earlier": draws.earlier, **draws.covariates}
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise ForecastingError(
                f"{int((~np.isfinite(values)).sum()):,} values of {name} are missing or infinite.",
                where=f"draws.{name}",
                remedy="Who brought nothing has the outcome 0; leave out who was not observed.",
            )
    if np.isnat(draws.assigned_at).any():
        raise ForecastingError("A draw has no time.", where="draws.assigned_at", remedy="Say when each arm was drawn.")
    experiment = draws.unit if draws.experiment is None else draws.experiment
    rows = pd.DataFrame({"experiment": experiment, "unit": draws.unit, "at": draws.assigned_at})
    if (double := int(rows.duplicated().sum())) > 0:
        raise ForecastingError(
            f"{double:,} rows repeat a unit and moment that are there already.",
            where="draws",
            remedy="One unit is in one arm at a time; keep one row for each.",
        )
