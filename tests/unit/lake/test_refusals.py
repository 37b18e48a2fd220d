"""Unsubscribing and complaining are refusals, on the channel of the touch or, where that is not known, on all."""

from typing import Any

import pandas as pd
import pytest

from lake.refusals import refusals

WHEN = pd.Timestamp("2026-03-01T09:00", tz="UTC").as_unit("us")
TOUCHES = pd.DataFrame({"touch_id": ["t1"], "customer_id": ["anna"], "channel_id": ["email"]})
CHANNELS = pd.DataFrame({"channel_id": ["app", "email"]})


def said(name: str, *, touch_id: str | None = None, customer_id: str | None = None) -> list[Any]:
    outcomes = pd.DataFrame(
        {"touch_id": [touch_id], "customer_id": [customer_id], "name": [name], "occurred_at": [WHEN]}, dtype=object
    ).astype({"occurred_at": "datetime64[us, UTC]"})
    rows = refusals(outcomes, TOUCHES, CHANNELS)
    assert not rows["granted"].any()
    assert (rows["recorded_at"] == WHEN).all()
    return list(zip(rows["customer_id"], rows["channel_id"], strict=True))


@pytest.mark.parametrize("name", ["unsubscribed", "complained"])
def test_whoever_unsubscribes_or_complains_refuses_the_channel_of_the_touch(name: str) -> None:
    assert said(name, touch_id="t1") == [("anna", "email")]


def test_where_the_touch_is_not_known_all_channels_are_refused() -> None:
    assert said("unsubscribed", customer_id="berta") == [("berta", "app"), ("berta", "email")]


@pytest.mark.parametrize("name", ["opened", "clicked", "redeemed", "bounced"])
def test_other_outcomes_refuse_nothing(name: str) -> None:
    assert said(name, touch_id="t1") == []
