"""Drift of inputs and scores: beyond chance and large, one column among many, and tables that are wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.anomaly.drift import drift
from forecasting.anomaly.settings import AnomalySettings
from forecasting.errors import ForecastingError, TooLittleDataError


def _table(seed: int, rows: int = 2_000) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "score": draw.beta(2, 8, rows),
            "visits": draw.poisson(2, rows),
            "region": draw.choice(["north", "south"], rows, p=[0.7, 0.3]),
            "is_known": draw.random(rows) < 0.2,
            "gaps": np.where(draw.random(rows) < 0.3, np.nan, draw.standard_normal(rows)),
        }
    )


def test_tables_drawn_alike_do_not_drift() -> None:
    found = drift(_table(1), _table(2))
    assert not found.has_drifted
    assert found.column.tolist() == ["score", "visits", "region", "is_known", "gaps"]
    assert found.kind.tolist() == ["number", "number", "category", "category", "number"]
    assert set(found.reason) == {"no more than chance"}


def test_a_table_does_not_differ_from_itself() -> None:
    found = drift(_table(1), _table(1))
    np.testing.assert_allclose(found.psi, 0.0)
    np.testing.assert_allclose(found.adjusted_p, 1.0)


@pytest.mark.parametrize("column", ["score", "visits", "region", "is_known", "gaps"])
def test_the_column_that_moved_is_named(column: str) -> None:
    current = _table(2)
    if column == "region":
        current[column] = np.where(np.arange(len(current)) % 2 == 0, "north", "south")
    elif column == "is_known":
        current[column] = np.arange(len(current)) % 2 == 0
    else:
        current[column] = current[column] + current[column].std()
    found = drift(_table(1), current)
    assert found.column[found.is_drifted].tolist() == [column]
    assert found.has_drifted


def test_values_that_go_missing_are_drift() -> None:
    current = _table(2)
    current.loc[current.index[::2], "gaps"] = np.nan
    found = drift(_table(1), current)
    assert found.column[found.is_drifted].tolist() == ["gaps"]
    assert found.missing_current[-1] > found.missing_reference[-1]


def test_a_category_never_seen_is_drift_when_it_is_common() -> None:
    current = _table(2)
    current.loc[current.index[:400], "region"] = "abroad"
    assert drift(_table(1), current).column[drift(_table(1), current).is_drifted].tolist() == ["region"]


def test_a_tiny_difference_in_many_rows_is_certain_but_no_drift() -> None:
    before, now = _table(1, 200_000)[["score"]], _table(2, 200_000)[["score"]] + 0.005
    found = drift(before, now)
    assert found.reason.tolist() == ["differs beyond chance, but little"]
    assert not found.has_drifted


def test_a_column_that_is_gone_or_of_another_type_is_drift() -> None:
    current = _table(2).drop(columns="score").assign(visits="many")
    found = drift(_table(1), current)
    assert found.column[found.is_drifted].tolist() == ["score", "visits"]
    assert found.kind.tolist()[:2] == ["missing", "missing"]


def test_a_constant_column_drifts_when_it_takes_another_value() -> None:
    before, now = (pd.DataFrame({"price": np.full(200, level)}) for level in (5.0, 6.0))
    assert drift(before, now).has_drifted
    assert not drift(before, before).has_drifted


def test_columns_empty_in_both_are_alike_and_in_one_are_drift() -> None:
    empty = pd.DataFrame({"x": np.full(100, np.nan)})
    full = pd.DataFrame({"x": np.arange(100.0)})
    assert not drift(empty, empty).has_drifted
    assert drift(full, empty).has_drifted
    assert drift(empty, full).has_drifted


def test_among_many_columns_chance_does_not_ring() -> None:
    draw = np.random.default_rng(6)
    before, now = (
        pd.DataFrame(draw.standard_normal((rows, 200)), columns=[f"c{number}" for number in range(200)])
        for rows in (500, 300)
    )
    found = drift(before, now, AnomalySettings(drift_psi=0.0))
    assert not found.has_drifted
    assert (found.p_value < 0.05).any()


def test_the_order_of_rows_does_not_matter() -> None:
    current = _table(2)
    first, second = drift(_table(1), current), drift(_table(1), current.sample(frac=1, random_state=1))
    np.testing.assert_array_equal(first.psi, second.psi)
    np.testing.assert_array_equal(first.adjusted_p, second.adjusted_p)


@given(
    before=st.lists(st.integers(-5, 5), min_size=30, max_size=60),
    now=st.lists(st.integers(-5, 5), min_size=30, max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_an_index_is_never_negative_and_a_chance_is_one(before: list[int], now: list[int]) -> None:
    found = drift(pd.DataFrame({"x": before, "y": "a"}), pd.DataFrame({"x": now, "y": "a"}))
    assert (found.psi >= 0).all()
    assert (found.psi_by_chance >= 0).all()
    assert ((found.p_value >= 0) & (found.p_value <= 1)).all()
    assert (found.adjusted_p >= found.p_value).all()


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_too_few_rows_are_said(rows: int) -> None:
    with pytest.raises(TooLittleDataError, match=f"current table has {rows} rows"):
        drift(_table(1), _table(2).iloc[:rows])


def test_a_reference_without_columns_is_refused() -> None:
    with pytest.raises(ForecastingError, match="no columns"):
        drift(pd.DataFrame(index=range(50)), _table(1))


def test_infinite_values_are_named() -> None:
    current = _table(2)
    current.loc[3, "score"] = np.inf
    with pytest.raises(ForecastingError, match="score holds 1 infinite"):
        drift(_table(1), current)
