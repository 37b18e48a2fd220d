"""Calibration: a forecast chance happens as often as it says, and better than frequency alone."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.backtest import calibration_error
from forecasting.cadence.calibration import UNCALIBRATED, fit_calibration, training
from forecasting.cadence.model import CadenceModel
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days

World = tuple[pd.DataFrame, pd.DataFrame]

WINDOW = 28


@pytest.fixture
def busy_days(busy_world: World, as_of: datetime) -> ShoppingDays:
    return shopping_days(*busy_world, as_of=as_of, timezone="UTC")


def _today(as_of: datetime) -> int:
    return int(np.datetime64(as_of.date()).astype(int))


def test_the_chance_of_buying_comes_true_where_the_log_normal_alone_promises_too_much(
    busy_world: World, busy_days: ShoppingDays, as_of: datetime
) -> None:
    origin = as_of - timedelta(days=WINDOW)
    model = CadenceModel().fit(*busy_world, as_of=origin, timezone="UTC")
    predicted = model.predict().p_purchase
    known, counts = training(busy_days, _today(origin), "UTC", WINDOW, 2)
    happened = (counts > 0).astype(float)
    assert len(predicted) == len(happened)
    assert predicted.mean() == pytest.approx(happened.mean(), abs=0.04)
    assert calibration_error(predicted, happened, bands=5) < 0.06
    assert calibration_error(predicted, happened, bands=5) < calibration_error(known.chance, happened, bands=5)
    assert np.mean((predicted - happened) ** 2) < np.mean((known.chance - happened) ** 2)


def test_expected_days_given_one_come_true(busy_world: World, busy_days: ShoppingDays, as_of: datetime) -> None:
    origin = as_of - timedelta(days=WINDOW)
    model = CadenceModel().fit(*busy_world, as_of=origin, timezone="UTC")
    known, counts = training(busy_days, _today(origin), "UTC", WINDOW, 2)
    expected = model.calibration_.expected_days(known, WINDOW)
    assert ((expected >= 1) & (expected <= WINDOW)).all()
    assert expected[counts > 0].mean() == pytest.approx(counts[counts > 0].mean(), rel=0.1)


def test_nothing_is_learnt_from_the_day_of_as_of_on(busy_days: ShoppingDays, as_of: datetime) -> None:
    today = _today(as_of) - 40
    whole = fit_calibration(busy_days, today=today, timezone="UTC", window_days=WINDOW, minimum_days=2, random_state=0)
    known = fit_calibration(
        busy_days.before(today), today=today, timezone="UTC", window_days=WINDOW, minimum_days=2, random_state=0
    )
    assert whole.chance is not None
    assert known.chance is not None
    for ours, theirs in zip(whole.chance, known.chance, strict=True):
        assert ours.intercept == theirs.intercept
        assert ours.coefficients.tolist() == theirs.coefficients.tolist()


def test_a_history_shorter_than_two_windows_is_not_fitted(busy_days: ShoppingDays) -> None:
    today = busy_days.history_day + 2 * WINDOW
    calibration = fit_calibration(
        busy_days, today=today, timezone="UTC", window_days=WINDOW, minimum_days=2, random_state=0
    )
    assert calibration.chance is None
    assert calibration.source == UNCALIBRATED


def test_a_window_in_which_nobody_bought_is_not_fitted(busy_days: ShoppingDays, as_of: datetime) -> None:
    calibration = fit_calibration(
        busy_days, today=_today(as_of) + 400, timezone="UTC", window_days=WINDOW, minimum_days=2, random_state=0
    )
    assert calibration.source == UNCALIBRATED
