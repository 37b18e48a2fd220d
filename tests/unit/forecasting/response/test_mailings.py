"""Mailings: who was exposed to which asset, whose window is over, and whom a redemption belongs to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.response.mailings import Mailings, mailings

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)


def _ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def _timed(rows: Sequence[dict[str, Any]], column: str, columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns)).astype(dict.fromkeys(columns, object))
    frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame


def _touches(*rows: dict[str, Any]) -> pd.DataFrame:
    return _timed(rows, "sent_at", ["touch_id", "customer_id", "channel_id", "sent_at", "asset_id", "campaign_id"])


def _outcomes(*rows: dict[str, Any]) -> pd.DataFrame:
    columns = ["outcome_id", "touch_id", "customer_id", "asset_id", "name", "occurred_at", "value"]
    return _timed([{"name": "redeemed", **row} for row in rows], "occurred_at", columns)


def _assets(**campaign_of: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "asset_id": list(campaign_of),
            "version": "1",
            "kind": "coupon",
            "categories": [["milk"]] * len(campaign_of),
            "offer_id": [f"offer-{key}" for key in campaign_of],
            "campaign_id": list(campaign_of.values()),
        }
    ).astype(object)


def _campaigns(**ends: tuple[datetime | None, float | None]) -> pd.DataFrame:
    rows = [{"campaign_id": key, "ends_at": end, "assets_per_touch": carried} for key, (end, carried) in ends.items()]
    frame = _timed(rows, "ends_at", ["campaign_id", "ends_at", "assets_per_touch"])
    return frame.astype({"assets_per_touch": float})


def _sent(
    touches: pd.DataFrame, outcomes: pd.DataFrame, assets: pd.DataFrame, campaigns: pd.DataFrame, **changed: Any
) -> Mailings:
    arguments = {"as_of": AS_OF, "timezone": "UTC", "wait_days": 56, **changed}
    return mailings(touches, outcomes, assets, campaigns, **arguments)


def _exposures(sent: Mailings) -> list[tuple[str, str, bool]]:
    return [
        (sent.customers[customer], sent.assets[asset], bool(redeemed))
        for customer, asset, redeemed in zip(sent.customer, sent.asset, sent.is_redeemed, strict=True)
    ]


def test_a_touch_of_a_campaign_exposes_to_all_its_assets() -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"}),
        _outcomes({"touch_id": "t1", "asset_id": "y", "occurred_at": _ago(50)}),
        _assets(x="c", y="c", z="other"),
        _campaigns(c=(_ago(20), None), other=(_ago(20), None)),
    )
    assert _exposures(sent) == [("a", "x", False), ("a", "y", True)]
    assert sent.share.tolist() == [1.0, 1.0]
    assert sent.is_closed.tolist() == [True, True]


def test_where_a_touch_carries_only_some_assets_each_counts_as_the_share_carried() -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"}),
        _outcomes(),
        _assets(w="c", x="c", y="c", z="c"),
        _campaigns(c=(_ago(20), 1.0)),
    )
    assert sent.share.tolist() == [0.25] * 4


def test_a_touch_that_carries_more_than_there_is_counts_each_asset_once() -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"}),
        _outcomes(),
        _assets(x="c", y="c"),
        _campaigns(c=(_ago(20), 16.0)),
    )
    assert sent.share.tolist() == [1.0, 1.0]


def test_a_touch_that_names_its_asset_exposes_to_that_one_alone() -> None:
    sent = _sent(
        _touches(
            {"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c", "asset_id": "y"},
            {"touch_id": "t2", "customer_id": "b", "sent_at": _ago(60), "asset_id": "x"},
        ),
        _outcomes({"touch_id": "t2", "occurred_at": _ago(50)}),
        _assets(x="c", y="c"),
        _campaigns(c=(_ago(20), 1.0)),
    )
    assert _exposures(sent) == [("a", "y", False), ("b", "x", True)]
    assert sent.share.tolist() == [1.0, 1.0]


def test_assets_without_an_offer_cannot_be_redeemed_and_are_left_out() -> None:
    assets = _assets(x="c", y="c")
    assets.loc[0, "offer_id"] = None
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"}),
        _outcomes(),
        assets,
        _campaigns(c=(_ago(20), None)),
    )
    assert _exposures(sent) == [("a", "y", False)]


@pytest.mark.parametrize(("ends", "is_closed"), [(0.0, True), (-1e-6, False), (5.0, True), (-30.0, False)])
def test_a_campaign_is_closed_from_its_end_on(ends: float, *, is_closed: bool) -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"}),
        _outcomes(),
        _assets(x="c"),
        _campaigns(c=(_ago(ends), None)),
    )
    assert sent.is_closed.tolist() == [is_closed]


@pytest.mark.parametrize(("days", "is_closed"), [(56, True), (55.9, False)])
def test_a_touch_without_an_end_is_closed_after_waiting(days: float, *, is_closed: bool) -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(days), "asset_id": "x"}),
        _outcomes(),
        _assets(x=None),
        _campaigns(),
    )
    assert sent.is_closed.tolist() == [is_closed]


def test_a_redemption_without_touch_belongs_to_the_latest_touch_with_the_asset_before_it() -> None:
    touches = [
        {"touch_id": f"t{number}", "customer_id": "a", "sent_at": _ago(days), "asset_id": "x"}
        for number, days in enumerate([90, 70, 60])
    ]
    sent = _sent(
        _touches(*touches),
        _outcomes({"customer_id": "a", "asset_id": "x", "occurred_at": _ago(65)}),
        _assets(x=None),
        _campaigns(),
    )
    assert sent.is_redeemed.tolist() == [False, True, False]


def test_a_touch_whose_redemption_names_no_asset_says_nothing_about_its_assets() -> None:
    sent = _sent(
        _touches(
            {"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "campaign_id": "c"},
            {"touch_id": "t2", "customer_id": "b", "sent_at": _ago(60), "campaign_id": "c"},
        ),
        _outcomes({"touch_id": "t1", "occurred_at": _ago(50)}),
        _assets(x="c", y="c"),
        _campaigns(c=(_ago(20), None)),
    )
    assert _exposures(sent) == [("b", "x", False), ("b", "y", False)]


def test_other_outcomes_are_no_redemptions() -> None:
    sent = _sent(
        _touches({"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "asset_id": "x"}),
        _outcomes({"touch_id": "t1", "asset_id": "x", "occurred_at": _ago(50), "name": "clicked"}),
        _assets(x=None),
        _campaigns(),
    )
    assert sent.is_redeemed.tolist() == [False]


def test_what_happened_at_or_after_as_of_is_not_known() -> None:
    sent = _sent(
        _touches(
            {"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "asset_id": "x"},
            {"touch_id": "t2", "customer_id": "a", "sent_at": _ago(0), "asset_id": "x"},
        ),
        _outcomes({"touch_id": "t1", "asset_id": "x", "occurred_at": _ago(0)}),
        _assets(x=None),
        _campaigns(),
    )
    assert _exposures(sent) == [("a", "x", False)]


def test_the_past_of_a_customer_is_counted_up_to_the_day_before() -> None:
    sent = _sent(
        _touches(
            {"touch_id": "t1", "customer_id": "a", "sent_at": _ago(60), "asset_id": "x"},
            {"touch_id": "t2", "customer_id": "a", "sent_at": _ago(30), "asset_id": "x"},
        ),
        _outcomes({"touch_id": "t1", "asset_id": "x", "occurred_at": _ago(50)}),
        _assets(x=None),
        _campaigns(),
    )
    today = int(np.datetime64(AS_OF.date()).astype(int))
    nobody_and_a = np.array([-1, 0, 0, 0])
    assert sent.touches_before(nobody_and_a, today - np.array([0, 60, 59, 29])).tolist() == [0, 0, 1, 2]
    assert sent.redemptions_before(nobody_and_a, today - np.array([0, 60, 50, 49])).tolist() == [0, 0, 0, 1]


def test_a_table_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(ForecastingError, match="campaigns: The table has no column assets_per_touch"):
        _sent(_touches(), _outcomes(), _assets(x="c"), _campaigns(c=(_ago(1), None)).drop(columns="assets_per_touch"))
