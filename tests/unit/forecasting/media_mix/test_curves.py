"""Draws of response curves: what leaves for whoever moves money, and that it comes back from a table as it was."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import TooLittleDataError
from forecasting.media_mix.curves import curves_from_table, curves_to_table, spend_curves
from forecasting.media_mix.settings import MediaMixSettings

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
STATED = MediaMixSettings(
    randomised_channels=("radio", "search"), draws=400, rounds=60, prior_draws=400, carryover_periods=1
)


def tables(weeks: int) -> dict[str, pd.DataFrame]:
    """Search brings four times its spend, radio as much as it costs."""
    draw = np.random.default_rng(7)
    monday = pd.Timestamp(AS_OF) - pd.to_timedelta(7 * np.arange(weeks, 0, -1), "D")
    spend = {name: 1_000 * draw.uniform(0.4, 1.6, weeks) for name in ("radio", "search")}
    parts = [
        pd.DataFrame({"campaign_id": name, "channel_id": name, "date": monday, "spend": amounts})
        for name, amounts in spend.items()
    ]
    brought = 4 * spend["search"] + spend["radio"] + 50 * draw.standard_normal(weeks)
    paid = (monday + pd.Timedelta(hours=12)).astype("datetime64[us, UTC]")
    return {
        "spend": pd.concat(parts, ignore_index=True).astype({"date": "datetime64[us, UTC]"}),
        "purchases": pd.DataFrame({"occurred_at": paid, "net_value": brought}),
        "observations": pd.DataFrame(),
    }


def test_curves_are_drawn_together_and_read_back_from_their_table() -> None:
    found = spend_curves(tables(40), STATED, as_of=AS_OF, timezone="UTC", seed=1)
    assert list(found.channel_id) == ["radio", "search"]
    assert found.response.shape[1:] == (2, 21)
    assert (found.response[:, :, 0] == 0).all(), "no spend brings nothing"
    assert found.brings(1, np.array([1_000.0])).mean() > 2 * found.brings(0, np.array([1_000.0])).mean()

    table = curves_to_table(found).sample(frac=1.0, random_state=3)
    again = curves_from_table(table)
    for name in ("channel_id", "spend", "response", "grade", "source"):
        assert np.array_equal(getattr(again, name), getattr(found, name)), name
    assert again.period_days == found.period_days == 7


def test_too_few_weeks_tell_no_curve() -> None:
    with pytest.raises(TooLittleDataError, match="whole weeks"):
        spend_curves(tables(10), STATED, as_of=AS_OF, timezone="UTC", seed=1)
