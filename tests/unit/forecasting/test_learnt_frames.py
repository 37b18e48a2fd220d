"""Response, timing and lifetime value are stored with a run and read back, whether they are there or not."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import COLUMNS, from_tables, to_tables
from forecasting.values import Cadence, Forecasts, RecentPurchases, Redemption, Uplift
from forecasting.values.lifetime_value import LifetimeValue
from forecasting.values.response import Factors, ResponseFactors
from forecasting.values.timing import SendWindows
from lake.store import Lake

NONE = np.zeros(0)
TEXTS = np.zeros(0, dtype=object)
MOMENTS = np.array(["2026-03-01T10:00", "2026-03-02T11:00"], dtype="datetime64[us]")
TWO = np.array(["c-1", "c-2"], dtype=object)


@pytest.fixture
def bare() -> Forecasts:
    """What every run has, of nobody."""
    counts, times = np.zeros(0, dtype=np.int32), np.zeros(0, dtype="datetime64[us]")
    rows: dict[str, Any] = {entry.name: NONE for entry in fields(Cadence) if entry.type is not str}
    rows |= {"customer_id": TEXTS, "category_id": TEXTS, "shopping_days": counts, "last_at": times}
    cadence = Cadence(**(rows | {"due_at": times, "source": "none", "margin_basis": "revenue"}))
    return Forecasts(
        cadence,
        RecentPurchases(TEXTS, TEXTS, counts),
        Uplift(TEXTS, NONE, NONE, "assumed", "stated"),
        Redemption(-4.0, TEXTS, NONE, TEXTS, NONE, 0.0, float("nan"), "stated prior"),
    )


@pytest.fixture
def full(bare: Forecasts) -> Forecasts:
    def factors(width: int, learnt: list[bool]) -> Factors:
        draw = np.random.default_rng(width)
        return Factors(
            "p_redeem", "logit", 0.1 + 0.2, draw.normal(size=2), draw.normal(size=3), draw.normal(size=1),
            draw.normal(size=(2, width)), draw.normal(size=(3, width)), draw.normal(size=(1, width)),
            draw.random(2), draw.random(3), draw.random(1), np.zeros(3), "randomised", "fitted", np.array(learnt),
        )  # fmt: skip

    uplift = replace(factors(4, [True, False, True]), target="margin_uplift", link="identity")
    response = ResponseFactors(
        TWO,
        np.array(["a", "b", "c"], dtype=object),
        np.array(["email"], dtype=object),
        {"margin_uplift": uplift, "p_redeem": factors(0, [True, True, True])},
    )
    two = np.array([0.25, 0.5])
    timing = SendWindows(
        TWO, np.array(["all", "all"], dtype=object), np.array(["UTC", "Europe/Berlin"], dtype=object),
        np.array([3, 167], dtype=np.int32), MOMENTS, MOMENTS, two, two, two, two, two, TWO,
    )  # fmt: skip
    value = LifetimeValue(
        TWO, np.array([1, 9], dtype=np.int32), two, two, MOMENTS, MOMENTS, MOMENTS, two, two, two, two, 365, 0.8,
        "fitted", "BG/NBD", "revenue",
    )  # fmt: skip
    return replace(bare, response=response, timing=timing, lifetime_value=value, missing={"p_opt_out": "no draws"})


def same(left: Any, right: Any) -> None:
    if isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    elif hasattr(left, "__dataclass_fields__"):
        for entry in fields(left):
            same(getattr(left, entry.name), getattr(right, entry.name))
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for name, value in left.items():
            same(value, right[name])
    else:
        assert left == right or (np.isnan(left) and np.isnan(right))


@pytest.mark.parametrize("which", ["bare", "full"])
def test_parts_survive_being_stored_to_the_last_bit(which: str, request: pytest.FixtureRequest) -> None:
    forecasts = request.getfixturevalue(which)
    same(forecasts, from_tables(to_tables(forecasts)))


def test_parts_survive_the_lake_beside_runs_that_lack_them(bare: Forecasts, full: Forecasts, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for run, forecasts in (("first", bare), ("second", full), ("third", bare)):
        for name, frame in to_tables(forecasts).items():
            lake.write_slice(name, run, frame)
    for run, forecasts in (("first", bare), ("second", full), ("third", bare)):
        same(forecasts, from_tables({name: lake.read_slice(name, run) for name in COLUMNS}))


def test_without_somebody_who_was_erased_the_others_stay_as_they_were(full: Forecasts) -> None:
    tables = {
        name: frame[frame["customer_id"] != "c-1"] if "customer_id" in frame else frame
        for name, frame in to_tables(full).items()
    }
    left = from_tables(tables)
    assert left.timing is not None
    assert left.lifetime_value is not None
    assert left.response is not None
    assert [part.customer_id.tolist() for part in (left.timing, left.lifetime_value, left.response)] == [["c-2"]] * 3
    assert full.response is not None
    for target, factors in full.response.targets.items():
        np.testing.assert_array_equal(left.response.targets[target].score(), factors.score(np.array([1])))


def test_every_table_has_a_key_of_its_first_two_columns(full: Forecasts) -> None:
    for name, frame in to_tables(full).items():
        assert list(frame.columns[: len(COLUMNS[name])]) == list(COLUMNS[name])
        key = [str(column) for column in frame.columns[:2]]
        assert not frame.duplicated(key).any() or name == "forecast_facts"
        assert isinstance(frame, pd.DataFrame)
