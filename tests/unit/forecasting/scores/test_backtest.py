"""Backtesting a declared score: it is judged by what followed, and only a better one counts as better."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import TooLittleDataError
from forecasting.scores.backtest import area, backtest_scores
from forecasting.scores.settings import Composite, Dimension, ScoreSettings

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
ZONE = "Europe/Berlin"


def test_the_area_counts_ties_half() -> None:
    truth = np.array([True, False, True, False])
    assert area(np.array([4.0, 1.0, 3.0, 2.0]), truth) == 1.0
    assert area(np.array([1.0, 1.0, 1.0, 1.0]), truth) == 0.5
    assert area(np.array([1.0, 2.0, 3.0, 3.0]), truth) == (0 + 0 + 1 + 0.5) / 4


def world(*, is_telling: bool) -> dict[str, pd.DataFrame]:
    """Two hundred people look once or many times every week; who looks often asks soon, or nobody can tell who does."""
    draws = np.random.default_rng(11)
    people = [f"c{number:03d}" for number in range(200)]
    rows = []
    for week in range(36):
        at = AS_OF - timedelta(days=7 * week + 3)
        for person in people:
            looks = int(draws.integers(1, 9))
            rows += [(person, "Viewed", at)] * looks
            if draws.random() < (0.04 * max(looks - 5, 0) if is_telling else 0.03):
                rows.append((person, "Demo Requested", at + timedelta(days=6)))
    frame = pd.DataFrame(rows, columns=["customer_id", "name", "occurred_at"])
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True).astype("datetime64[us, UTC]")
    frame["signal_id"] = [f"s{number}" for number in range(len(frame))]
    return {"customers": pd.DataFrame({"customer_id": people}), "signals": frame}


def settings() -> ScoreSettings:
    looks = Dimension("looks", 1.0, ("Viewed",), window_days=6, half_life_days=None)
    return ScoreSettings(scores=(Composite("intent", (looks,)),))


def test_a_score_that_tells_more_than_a_fixed_threshold_is_better_and_noise_is_not() -> None:
    telling = backtest_scores(world(is_telling=True), settings(), as_of=AS_OF, timezone=ZONE, seed=1)
    silent = backtest_scores(world(is_telling=False), settings(), as_of=AS_OF, timezone=ZONE, seed=1)
    assert telling.scores["model"].tolist() == ["intent", "at least one: looks"]
    assert telling.is_better
    assert telling.against["rival"].tolist() == ["at least one: looks"]
    assert not silent.is_better
    assert abs(silent.scores["value"].iloc[0] - 0.5) < 0.05
    assert len(telling.by_origin) == 12


def test_too_little_to_judge_by_is_said() -> None:
    tables = world(is_telling=False)
    with pytest.raises(TooLittleDataError, match="after every origin"):
        backtest_scores(tables, settings(), as_of=AS_OF - timedelta(days=4000), timezone=ZONE, seed=1)
    with pytest.raises(TooLittleDataError, match="No score"):
        backtest_scores(tables, ScoreSettings(), as_of=AS_OF, timezone=ZONE, seed=1)
