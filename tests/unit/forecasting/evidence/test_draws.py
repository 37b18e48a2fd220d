"""Any table of units, arms and outcomes is taken, and what cannot be is refused with what to do about it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.evidence.draws import Draws, arms_missing, draws_from_table


def table(**columns: Any) -> pd.DataFrame:
    rows = {
        "unit": ["a", "b", "c", "d"],
        "arm": ["mail", "mail", "nothing", "nothing"],
        "outcome": [1.0, 2.0, 3.0, 4.0],
    }
    return pd.DataFrame({**rows, **columns})


def with_propensities(values: list[float], **columns: Any) -> Draws:
    return draws_from_table(table(propensity=values, **columns), propensity="propensity")


def test_a_plain_table_of_any_names_is_enough() -> None:
    plain = pd.DataFrame({"who": [1, 2], "group": ["x", "y"], "euro": [1.5, 0.0]})
    draws = draws_from_table(plain, unit="who", arm="group", outcome="euro")
    assert draws.arms == ["x", "y"]
    assert len(draws) == 2
    assert not draws.has_propensities
    assert draws.earlier.shape == (2, 0)


def test_times_earlier_windows_and_covariates_are_taken_from_their_columns() -> None:
    rows = table(at=pd.date_range("2026-03-01", periods=4), before=[5.0, 6.0, 7.0, 8.0], age=[30, 40, 50, 60])
    draws = draws_from_table(rows, time="at", earlier=["before"], covariates=["age"], cluster="arm")
    assert draws.assigned_at[1] == np.datetime64("2026-03-02")
    assert draws.earlier[:, 0].tolist() == [5.0, 6.0, 7.0, 8.0]
    assert draws.covariates["age"].tolist() == [30, 40, 50, 60]
    assert draws.cluster.tolist() == ["mail", "mail", "nothing", "nothing"]


def test_an_empty_table_is_too_little() -> None:
    with pytest.raises(TooLittleDataError, match="not a single row"):
        draws_from_table(table().head(0))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ForecastingError, match="no column arm"):
        draws_from_table(table().drop(columns="arm"))


@pytest.mark.parametrize(("column", "value"), [("unit", None), ("arm", None)])
def test_a_row_without_unit_or_arm_is_refused(column: str, value: Any) -> None:
    rows = table()
    rows.loc[0, column] = value
    with pytest.raises(ForecastingError, match=f"1 rows have no {column}"):
        draws_from_table(rows)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_outcome_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ForecastingError, match="1 values of outcome are missing or infinite"):
        draws_from_table(table(outcome=[1.0, value, 3.0, 4.0]))


def test_one_unit_in_two_arms_at_one_moment_is_refused() -> None:
    with pytest.raises(ForecastingError, match="1 rows repeat a unit and moment"):
        draws_from_table(table(unit=["a", "b", "c", "a"]))


@pytest.mark.parametrize("value", [0.0, -0.1, 1.2])
def test_a_propensity_that_cannot_be_is_refused(value: float) -> None:
    with pytest.raises(ForecastingError, match="1 rows have a propensity that cannot be"):
        with_propensities([value, 0.5, 0.5, 0.5])


def test_propensities_of_arms_that_sum_to_more_than_one_are_refused() -> None:
    with pytest.raises(ForecastingError, match=r"sum to 1\.200, not 1"):
        with_propensities([0.6, 0.6, 0.6, 0.6])


def test_propensities_that_differ_by_unit_are_no_sum() -> None:
    assert with_propensities([0.9, 0.8, 0.7, 0.6]).has_propensities


def test_arms_whose_rows_are_missing_show_in_the_sum() -> None:
    rows = pd.concat(
        [table(propensity=0.3).assign(unit=[f"{name}{number}" for name in "abcd"]) for number in range(20)]
    )
    missing = arms_missing(draws_from_table(rows, propensity="propensity"))
    assert missing is not None
    assert "sum to 0.600, not 1" in missing


def test_an_arm_that_chance_may_have_left_out_is_no_sign_of_missing_rows() -> None:
    assert arms_missing(with_propensities([0.45, 0.45, 0.5, 0.5])) is None


def test_an_unknown_arm_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ForecastingError, match=r"no arm `call`.*mail, nothing"):
        draws_from_table(table()).between("call")
