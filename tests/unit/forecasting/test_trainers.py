"""Models that are kept: their arrays hold what was learnt from everybody, and later forecasts are made of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.demand.settings import DemandSettings
from forecasting.demand.trainer import DemandTrainer
from forecasting.errors import TooLittleDataError
from forecasting.language.backtest import backtest_language, held_hands
from forecasting.language.settings import LanguageSettings, Task
from forecasting.language.trainer import LanguageTrainer
from forecasting.timing.settings import TimingSettings
from forecasting.timing.trainer import TimingTrainer

UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
KNOWN: dict[str, Any] = {"as_of": UNTIL, "timezone": "UTC", "seed": 1}


TRAINER = DemandTrainer(DemandSettings(horizon=2, origins=2, series=None))
ORIGIN = UNTIL - timedelta(days=TRAINER.holdout_days)


@pytest.fixture(scope="module")
def choice(sold: dict[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    return dict(TRAINER.fit(sold, as_of=ORIGIN, timezone="UTC", seed=1))


@pytest.fixture(scope="module")
def sold() -> dict[str, pd.DataFrame]:
    """Eight categories over forty weeks."""
    draw = np.random.default_rng(3)
    days = pd.date_range(end=UNTIL, periods=280, freq="D", tz="UTC", inclusive="left")
    rows = [
        (f"o{category}-{place}", f"c{place % 9}", f"p{category}", float(units), day)
        for category in range(8)
        for place, (day, units) in enumerate(zip(days, draw.poisson(2 + category, len(days)), strict=True))
        if units
    ]
    purchases = pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "quantity", "occurred_at"])
    purchases["occurred_at"] = purchases["occurred_at"].astype("datetime64[us, UTC]")
    purchases = purchases.assign(kind="sale", net_value=purchases["quantity"])
    products = pd.DataFrame({"product_id": [f"p{n}" for n in range(8)], "category_id": [f"k{n}" for n in range(8)]})
    return {"purchases": purchases, "products": products}


def test_demand_keeps_which_models_speak_for_which_series(
    sold: dict[str, pd.DataFrame], choice: dict[str, np.ndarray]
) -> None:
    assert not any(array.dtype == object for array in choice.values())
    np.testing.assert_allclose(choice["weights"].sum(axis=1), 1.0, atol=1e-6)
    losses = TRAINER.losses(choice, sold, origin=ORIGIN, until=UNTIL, timezone="UTC")
    assert sorted(losses["unit"]) == [f"category/k{number}" for number in range(8)]
    assert (losses["loss"] >= 0).all()


def test_series_that_are_new_take_what_all_have_in_common(
    sold: dict[str, pd.DataFrame], choice: dict[str, np.ndarray]
) -> None:
    known = choice["series"] != "category/k7"
    arrays = {**choice, "series": choice["series"][known], "weights": choice["weights"][known]}
    table = TRAINER.forecast(arrays, sold, **KNOWN)
    assert np.isfinite(table.loc[table["series"] == "category/k7", "mean"]).all()
    parts, total = table[table["level"] == 0], table[table["series"] == "total"]
    np.testing.assert_allclose(parts.groupby("starts_at")["mean"].sum(), total.set_index("starts_at")["mean"])


def test_habits_are_kept_without_anybodys_hours() -> None:
    draw = np.random.default_rng(2)
    people = [f"c-{number}" for number in range(60)]
    favourite = dict(zip(people, draw.integers(0, 168, len(people)), strict=True))
    start = pd.Timestamp(UNTIL).tz_convert("UTC") - pd.Timedelta(weeks=26)
    rows = [
        (name, start + pd.Timedelta(weeks=week, hours=int(favourite[name]))) for name in people for week in range(26)
    ]
    signals = pd.DataFrame(rows, columns=["customer_id", "occurred_at"])
    signals["occurred_at"] = signals["occurred_at"].astype("datetime64[us, UTC]")
    tables = {"customers": pd.DataFrame({"customer_id": people}), "signals": signals}
    trainer = TimingTrainer(TimingSettings())
    origin = UNTIL - timedelta(days=trainer.holdout_days)
    arrays = trainer.fit(tables, as_of=origin, timezone="UTC", seed=1)
    assert len(arrays["background"]) == 2, "a profile of the one segment, and one of all"
    losses = trainer.losses(arrays, tables, origin=origin, until=UNTIL, timezone="UTC")
    assert len(losses) == len(people)
    assert losses["loss"].mean() < 0.2, "windows hold what comes"
    table = trainer.forecast(arrays, tables, **KNOWN)
    assert table["customer_id"].tolist() == sorted(people)
    assert trainer.inputs(tables, as_of=UNTIL, timezone="UTC")["engaged_hours"].gt(0).all()


WORDS = {"praise": ("love", "great", "thanks"), "complain": ("broken", "late", "refund")}
TASK = Task("mood", {label: words[:1] for label, words in WORDS.items()})


def examples(hands: int) -> pd.DataFrame:
    rows = [
        (f"{word} {thing} {hand} {number}", f"hand {hand}", label)
        for hand in range(hands)
        for label, words in WORDS.items()
        for word in words
        for number, thing in enumerate(("parcel", "shoes", "kettle"))
    ]
    return pd.DataFrame(rows, columns=["text", "hand", "mood"])


def test_language_is_judged_by_hands_that_no_kept_model_learns_from() -> None:
    settings = LanguageSettings((TASK,), examples(9))
    trainer = LanguageTrainer(settings)
    arrays = trainer.fit({}, **KNOWN)
    losses = trainer.losses(arrays, {}, origin=UNTIL, until=UNTIL, timezone="UTC")
    held = held_hands([f"hand {number}" for number in range(9)])
    assert len(losses) == len(held) * 18
    assert losses["loss"].isin([0.0, 0.5, 1.0]).all()
    assert set(held) <= set(held_hands([*held, "another"])), "hands stay held when others join"
    found = backtest_language({}, settings, **KNOWN)
    assert {"language model", "keyword list"} == set(found.scores["model"])


def test_language_reads_messages_by_the_kept_model() -> None:
    trainer = LanguageTrainer(LanguageSettings((TASK,), examples(9)))
    messages = pd.DataFrame(
        {
            "message_id": ["m1", "m2"],
            "customer_id": ["c1", "c2"],
            "direction": "inbound",
            "occurred_at": pd.to_datetime(["2026-03-01", "2026-03-03"], utc=True).astype("datetime64[us, UTC]"),
            "text": ["great shoes", "broken kettle"],
        }
    )
    table = trainer.forecast(trainer.fit({}, **KNOWN), {"messages": messages}, **KNOWN)
    assert table["message_id"].tolist() == ["m1"], "later messages are not read"
    assert "text" not in table


@pytest.mark.parametrize("hands", [0, 2])
def test_too_few_hands_are_too_little(hands: int) -> None:
    with pytest.raises(TooLittleDataError, match="hands"):
        LanguageTrainer(LanguageSettings((TASK,), examples(hands))).fit({}, **KNOWN)
