"""Send windows from tables: who gets which hour, what counts as engagement, and tables that are wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import LeakError, insist_on_no_leak
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.timing.backtest import OURS, RIVALS, backtest_timing
from forecasting.timing.engagement import engagement
from forecasting.timing.forecast import forecast_timing
from forecasting.timing.settings import TimingSettings

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
SETTINGS = TimingSettings()
HOUR = {"a": 9, "b": 20}


def _frame(rows: list[dict[str, Any]], *times: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for column in times:
        frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame


def _customers(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["a", "b", "silent"], **columns}).astype({"customer_id": object})


def _signals(weeks: int = 12) -> pd.DataFrame:
    """`a` comes Tuesdays at nine UTC, `b` Thursdays at eight in the evening UTC, every week."""
    rows = []
    for week in range(1, weeks + 1):
        for customer, day in (("a", 1), ("b", 3)):
            at = AS_OF - timedelta(weeks=week) + timedelta(days=day, hours=HOUR[customer], minutes=5)
            rows.append({"signal_id": f"{customer}{week}", "customer_id": customer, "name": "x", "occurred_at": at})
    return _frame(rows, "occurred_at")


def _windows(tables: Mapping[str, pd.DataFrame], settings: TimingSettings = SETTINGS) -> pd.DataFrame:
    found = forecast_timing(tables, settings, as_of=AS_OF, timezone="UTC", seed=1)
    return found.set_index("customer_id")


def _holds(windows: pd.DataFrame, customer: str, moment: str) -> bool:
    starts, ends = windows["starts_at"][customer], windows["ends_at"][customer]
    return bool(starts <= pd.Timestamp(moment) < ends)


def test_a_contacts_history_gives_a_personal_send_window() -> None:
    found = _windows({"customers": _customers(), "signals": _signals()})
    assert found.loc["a", "hour_of_week"] == 24 + 9
    assert found.loc["b", "hour_of_week"] == 3 * 24 + 20
    assert _holds(found, "a", "2026-06-02T09:00Z")
    assert _holds(found, "b", "2026-06-04T20:00Z")
    assert found.loc["a", "source"] == "own history and segment everybody"
    assert found.loc["silent", "source"] == "segment everybody"
    assert found["confidence"]["a"] > found["confidence"]["silent"]
    assert set(found["grade"]) == {"assumed"}
    assert not found.isna().any().any()


def test_hours_are_local_to_the_customers_own_zone() -> None:
    customers = _customers(timezone=["Asia/Tokyo", None, "UTC"])
    found = _windows({"customers": customers, "signals": _signals()})
    assert found.loc["a", "hour_of_week"] == 24 + 18
    assert found.loc["b", "timezone"] == "UTC"
    assert _holds(found, "a", "2026-06-02T09:00Z")


def test_a_zone_that_is_none_is_said_and_the_playbooks_stands_in() -> None:
    tables = {"customers": _customers(timezone=["Mars/Base", None, None]), "signals": _signals()}
    engaged = engagement(tables, SETTINGS, as_of=AS_OF, timezone="UTC")
    assert "Mars/Base" in " ".join(engaged.notes)
    assert engaged.timezone.tolist() == ["UTC", "UTC", "UTC"]


def test_ten_pages_within_an_hour_are_one_engaged_hour() -> None:
    once = _signals()
    often = pd.concat([once.assign(signal_id=once["signal_id"] + f"-{number}") for number in range(10)])
    first, second = (
        engagement({"customers": _customers(), "signals": rows}, SETTINGS, as_of=AS_OF, timezone="UTC").counts()
        for rows in (once, often)
    )
    np.testing.assert_array_equal(first, second)


def test_duplicated_rows_and_another_order_change_nothing() -> None:
    signals = _signals()
    shuffled = pd.concat([signals, signals]).sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        _windows({"customers": _customers(), "signals": signals}),
        _windows({"customers": _customers().iloc[::-1], "signals": shuffled}),
    )


def test_engagement_that_we_prompted_counts_less() -> None:
    sent = _signals().assign(channel_id="email").rename(columns={"occurred_at": "sent_at", "signal_id": "touch_id"})
    sent["sent_at"] -= timedelta(minutes=5)
    tables = {"customers": _customers(), "signals": _signals()}
    free = engagement(tables, SETTINGS, as_of=AS_OF, timezone="UTC").counts()
    prompted = engagement({**tables, "touches": sent}, SETTINGS, as_of=AS_OF, timezone="UTC").counts()
    np.testing.assert_allclose(prompted, free * SETTINGS.prompted_weight)


def test_a_scanner_that_opens_at_once_is_no_customer() -> None:
    touches = _frame([{"touch_id": "t", "customer_id": "a", "sent_at": AS_OF - timedelta(days=3)}], "sent_at")
    opened = _frame(
        [
            {"outcome_id": name, "touch_id": "t", "name": "opened", "occurred_at": AS_OF - timedelta(days=3) + after}
            for name, after in (("machine", timedelta(seconds=9)), ("person", timedelta(hours=5)))
        ],
        "occurred_at",
    )
    tables = {"customers": _customers(), "touches": touches, "outcomes": opened}
    engaged = engagement(tables, SETTINGS, as_of=AS_OF, timezone="UTC")
    assert len(engaged.at) == 1
    assert "mail scanners" in engaged.notes[0]


def test_returns_are_no_engagement() -> None:
    bought = _frame(
        [
            {"customer_id": "a", "kind": kind, "occurred_at": AS_OF - timedelta(days=2, hours=hours)}
            for kind, hours in (("sale", 1), ("return", 9))
        ],
        "occurred_at",
    )
    engaged = engagement({"customers": _customers(), "purchases": bought}, SETTINGS, as_of=AS_OF, timezone="UTC")
    assert len(engaged.at) == 1


def test_what_was_received_later_was_not_known() -> None:
    late = _signals().assign(received_at=pd.Timestamp(AS_OF))
    with pytest.raises(TooLittleDataError, match="Nobody engaged"):
        _windows({"customers": _customers(), "signals": late})


def test_rows_from_as_of_on_do_not_count() -> None:
    tables = {"customers": _customers(), "signals": _signals()}
    later = _signals().assign(occurred_at=lambda one: one["occurred_at"] + timedelta(weeks=30))
    future = {**tables, "signals": pd.concat([_signals(), later], ignore_index=True)}
    pd.testing.assert_frame_equal(_windows(tables), _windows(future))


def test_a_planted_leak_is_caught() -> None:
    later = _signals().assign(occurred_at=lambda one: one["occurred_at"] + timedelta(weeks=8, hours=5))
    tables = {"customers": _customers(), "signals": pd.concat([_signals(), later], ignore_index=True)}

    def leaking(known: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
        return forecast_timing(known, SETTINGS, as_of=origin + timedelta(weeks=8), timezone="UTC", seed=1)

    with pytest.raises(LeakError, match="changes the forecast"):
        insist_on_no_leak(leaking, tables, AS_OF)


@pytest.mark.parametrize("empty", [{"customers": _customers().iloc[:0]}, {}])
def test_no_customers_is_said(empty: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(TooLittleDataError, match="no customers"):
        _windows(empty)


def test_empty_tables_of_engagement_are_said() -> None:
    with pytest.raises(TooLittleDataError, match="Nobody engaged"):
        _windows({"customers": _customers(), "signals": _signals().iloc[:0]})


def test_one_signal_gives_everybody_a_window() -> None:
    found = _windows({"customers": _customers(), "signals": _signals().iloc[:1]})
    assert len(found) == 3
    assert not found.isna().any().any()


def test_a_customer_twice_is_refused() -> None:
    twice = pd.concat([_customers(), _customers().iloc[:1]], ignore_index=True)
    with pytest.raises(ForecastingError, match="more than once"):
        _windows({"customers": twice, "signals": _signals()})


def test_signals_of_strangers_are_counted_in_the_notes() -> None:
    tables = {"customers": _customers().iloc[1:], "signals": _signals()}
    engaged = engagement(tables, SETTINGS, as_of=AS_OF, timezone="UTC")
    assert engaged.notes == ("12 signs of engagement belong to customers that the table customers does not hold.",)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ForecastingError, match="occurred_at"):
        _windows({"customers": _customers(), "signals": _signals().drop(columns="occurred_at")})


@pytest.mark.parametrize(("name", "value"), [("window_hours", 0), ("prompted_weight", 1.5), ("history_days", 1)])
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ForecastingError, match=name):
        TimingSettings(**{name: value})  # type: ignore[arg-type]


def _regular(customers: int = 40, weeks: int = 40) -> dict[str, pd.DataFrame]:
    """Everybody comes every week at an hour of their own."""
    draw = np.random.default_rng(9)
    hour = draw.integers(168, size=customers)
    owner = np.repeat(np.arange(customers), weeks)
    at = pd.Timestamp(AS_OF) - pd.to_timedelta(np.tile(np.arange(1, weeks + 1), customers) * 168 - hour[owner], "h")
    names = np.array([f"c{number:03d}" for number in range(customers)], dtype=object)
    signals = pd.DataFrame({"customer_id": names[owner], "occurred_at": at.astype("datetime64[us, UTC]")})
    return {"customers": pd.DataFrame({"customer_id": names}), "signals": signals}


def test_the_backtest_prefers_personal_hours_where_there_are_any() -> None:
    found = backtest_timing(_regular(), SETTINGS, as_of=AS_OF, timezone="UTC", seed=1)
    scores = found.scores.set_index("model")["value"]
    assert found.what == "timing"
    assert scores[OURS] > 0.95
    assert scores[RIVALS[0]] < 0.2
    assert found.against.set_index("rival").loc[RIVALS[0], "wins"]


def test_the_backtest_says_when_nobody_can_be_judged() -> None:
    with pytest.raises(TooLittleDataError, match="after an origin"):
        backtest_timing(
            {"customers": _customers(), "signals": _signals().iloc[:4]},
            SETTINGS,
            as_of=AS_OF + timedelta(days=300),
            timezone="UTC",
            seed=1,
        )
