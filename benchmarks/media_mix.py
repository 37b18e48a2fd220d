"""Whether returns of spend are found: worlds with randomised spend, and worlds in which demand drives both.

Half of the worlds have the model's form (geometric carry-over, Hill saturation). In the other half the effect of spend
peaks weeks later, saturates like a logarithm or an exponential, sales multiply with a season, errors have heavy tails
and last. The truth is what one per cent more spend in every week would have brought, per money spent.

    python -m benchmarks.media_mix [--worlds 100] [--first-seed 201]
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.media_mix.baseline import columns
from forecasting.media_mix.forecast import believed, fitted
from forecasting.media_mix.panel import Panel, panel
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.values.media_mix import MediaMix

RESULTS = Path(__file__).parent / "results" / "media_mix.json"
CHANNELS = ("display", "radio", "search")
WEEKS = 130
CARRY = 8
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
STEP = 0.01
NORMAL_90 = 1.645

Kind = Literal["randomised", "lasting demand", "demand of the week"]
KINDS: tuple[Kind, ...] = ("randomised", "lasting demand", "demand of the week")
CONFOUNDED_SHARE: dict[str, float] = {"lasting demand": 0.4, "demand of the week": 0.2}
"""Of the worlds, since every one takes seconds."""
CONTROLLED_SHARE = 0.2

Floats = npt.NDArray[np.float64]


def main() -> int:
    """Simulate, fit, compare, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=201)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.worlds)
    results: dict[str, Any] = {"seeds": [seeds[0], seeds[-1]], "weeks": WEEKS, "channels": len(CHANNELS)}
    for kind in KINDS:
        for has_control in (False, True)[: 1 if kind == "randomised" else 2]:
            share = 1.0 if kind == "randomised" else CONTROLLED_SHARE if has_control else CONFOUNDED_SHARE[kind]
            count = max(2, round(options.worlds * share))
            parts = [rows(kind, seed, is_alike=bool(seed % 2), has_control=has_control) for seed in seeds[:count]]
            for declared, found in pd.concat(parts, ignore_index=True).groupby("declared", sort=False):
                name = f"{kind}, {declared}" + (", demand is a control" if has_control else "")
                results[name] = summary(found)
                print(f"\n{name}\n{json.dumps(results[name], indent=1)}", flush=True)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def rows(kind: Kind, seed: int, *, is_alike: bool, has_control: bool) -> pd.DataFrame:
    """One row per channel and per what the playbook states about spend; fitted once."""
    tables, truth = simulate(kind, seed, is_alike=is_alike)
    controls = ("trend",) if has_control else ()
    stated = MediaMixSettings(randomised_channels=CHANNELS, control_kinds=controls, demand_kinds=controls)
    data = panel(tables, stated, as_of=AS_OF, timezone="UTC")
    model = fitted(data, stated, seed=seed)
    slope, error = linear(data)
    if has_control:
        declarations = {"nothing stated": replace(stated, randomised_channels=())}
    elif kind == "randomised":
        declarations = {"stated so": stated}
    else:
        declarations = {
            "nothing stated": replace(stated, randomised_channels=()),
            "wrongly stated to be randomised": stated,
        }
    return pd.concat(
        [
            judged(believed(data, model, settings), truth, slope, error).assign(
                declared=name, seed=seed, is_alike=is_alike
            )
            for name, settings in declarations.items()
        ],
        ignore_index=True,
    )


def judged(found: MediaMix, truth: Floats, slope: Floats, error: Floats) -> pd.DataFrame:
    """One row per channel: truth, what was believed, and what a linear regression says."""
    return pd.DataFrame(
        {
            "truth": truth,
            "value": found.marginal_roi,
            "low": found.marginal_low,
            "high": found.marginal_high,
            "prior_width": found.prior_high - found.prior_low,
            "association": found.association,
            "association_low": found.association_low,
            "association_high": found.association_high,
            "is_known": found.grade != "assumed",
            "linear": slope,
            "linear_low": slope - NORMAL_90 * error,
            "linear_high": slope + NORMAL_90 * error,
        }
    )


def linear(data: Panel) -> tuple[Floats, Floats]:
    """The rival: outcome on this week's spend beside level, trend, season and controls; slopes and standard errors."""
    matrix = np.column_stack([data.spend, columns(data)])
    inverse = np.linalg.pinv(matrix.T @ matrix)
    slope = inverse @ matrix.T @ data.outcome
    rest = data.outcome - matrix @ slope
    error = np.sqrt(np.diag(inverse) * (rest @ rest) / (len(rest) - matrix.shape[1]))
    count = data.spend.shape[1]
    return slope[:count], error[:count]


def summary(rows: pd.DataFrame) -> dict[str, Any]:
    """Coverage, width and bias over all channels of all worlds, and by whether they are of the model's form."""
    known = rows[rows["is_known"]]

    def held(low: str, high: str, of: pd.DataFrame) -> float | None:
        return round(float(((of[low] <= of["truth"]) & (of["truth"] <= of[high])).mean()), 3) if len(of) else None

    width = rows["high"] - rows["low"]
    answer: dict[str, Any] = {
        "returns": len(rows),
        "intervals_hold_the_truth": held("low", "high", rows),
        "of_the_models_form": held("low", "high", rows[rows["is_alike"]]),
        "of_another_form": held("low", "high", rows[~rows["is_alike"]]),
        "worst_channel_of_worlds": min(
            held("low", "high", rows.iloc[place :: len(CHANNELS)]) or 0.0 for place in range(len(CHANNELS))
        ),
        "narrower_than_prior": round(float((width < rows["prior_width"] - 1e-9).mean()), 3),
        "width_to_priors": round(float((width / rows["prior_width"]).median()), 3),
        "known": round(float(rows["is_known"].mean()), 3),
        "held_where_known": held("low", "high", known),
        "linear_regression_holds_the_truth": held("linear_low", "linear_high", rows),
        "mean_absolute_error": round(float((rows["association"] - rows["truth"]).abs().mean()), 3),
        "mean_absolute_error_of_linear": round(float((rows["linear"] - rows["truth"]).abs().mean()), 3),
        "true_to_estimated": round(float(rows["truth"].sum() / rows["association"].sum()), 3),
        "true_to_linear": round(float(rows["truth"].sum() / rows["linear"].sum()), 3),
    }
    ratio = (known["truth"] / known["value"])[known["value"] > 0]
    if len(ratio):
        answer["median_true_to_estimated_where_known"] = round(float(ratio.median()), 3)
    return answer


def simulate(kind: Kind, seed: int, *, is_alike: bool) -> tuple[dict[str, pd.DataFrame], Floats]:
    """Tables `spend`, `purchases` and `observations` (kind trend: demand), and every channel's true marginal return."""
    draw = np.random.default_rng([seed, 23])
    weeks = WEEKS + CARRY
    demand = _lasting(draw, weeks, 0.85) if kind == "lasting demand" else draw.standard_normal(weeks)
    if kind == "randomised":
        demand = _lasting(draw, weeks, 0.85)
    mean = draw.uniform(3_000, 12_000, len(CHANNELS))
    own = draw.standard_normal((weeks, len(CHANNELS)))
    follows = draw.uniform(0.3, 0.5, len(CHANNELS)) * demand[:, None]
    chance = 0.6 * own if kind == "randomised" else follows + 0.25 * own
    spend: Floats = np.asarray(np.round(mean * np.exp(chance - chance.var(axis=0) / 2), 2))
    works = _Works(spend, draw, is_alike=is_alike)
    brought, more = works(spend), works(spend * (1 + STEP))
    kept = slice(CARRY, None)
    truth = (more - brought)[kept].sum(axis=0) / (STEP * spend[kept].sum(axis=0))
    level = spend.sum(axis=1).mean() * draw.uniform(3, 5)
    time = np.arange(weeks)
    season = draw.uniform(0.03, 0.12) * np.sin(2 * np.pi * (time / 52.18 + draw.random()))
    trend = draw.uniform(-0.1, 0.2) * time / weeks
    noise = draw.uniform(0.02, 0.04)
    if is_alike:
        base = level * (1 + season + trend + noise * draw.standard_normal(weeks))
    else:
        errors = 0.6 * _lasting(draw, weeks, 0.6) + 0.6 * draw.standard_t(4, weeks) / np.sqrt(2)
        base = level * np.exp(season + 0.3 * season**2 + trend + noise * errors)
    pull = 0.02 if kind == "randomised" else draw.uniform(0.06, 0.12)
    sales = np.maximum(base + level * pull * demand + brought.sum(axis=1), 1.0)
    return _tables(spend[kept], np.round(sales[kept], 2), demand[kept]), truth


class _Works:
    """What spend brings per week and channel, of the model's form or of another."""

    def __init__(self, spend: Floats, draw: np.random.Generator, *, is_alike: bool) -> None:
        self.mean: Floats = np.asarray(spend.mean(axis=0))
        channels = spend.shape[1]
        lags = np.arange(CARRY + 1)
        if is_alike:
            weights = np.asarray(draw.uniform(0.05, 0.75, channels))[None, :] ** lags[:, None]
        else:
            peak, width = np.asarray(draw.uniform(0, 2, channels)), np.asarray(draw.uniform(0.6, 1.5, channels))
            weights = np.exp(-0.5 * ((lags[:, None] - peak[None, :]) / width[None, :]) ** 2)
        self.weights: Floats = np.asarray(weights / weights.sum(axis=0, keepdims=True))
        self.half: Floats = np.asarray(draw.uniform(0.7, 3.0, channels))
        self.slope: Floats = np.asarray(draw.uniform(0.9, 1.6, channels))
        self.form = draw.integers(2, size=channels)
        self.is_alike = is_alike
        self.height: Floats = np.ones(channels)
        brought = self(spend).sum(axis=0)
        self.height = np.asarray(draw.lognormal(0.1, 0.7, channels) * spend.sum(axis=0) / brought)

    def __call__(self, spend: Floats) -> Floats:
        stock: Floats = np.zeros_like(spend)
        for lag, weight in enumerate(self.weights):
            stock[lag:] += weight * spend[: len(spend) - lag]
        stock = np.asarray(stock / self.mean)
        if self.is_alike:
            reached = stock**self.slope / (stock**self.slope + self.half**self.slope)
        else:
            reached = np.where(self.form == 0, np.log1p(stock / self.half), 1 - np.exp(-stock / self.half))
        return np.asarray(reached * self.height)


def _lasting(draw: np.random.Generator, weeks: int, stays: float) -> Floats:
    """A series of variance one that stays by so much from week to week."""
    values = draw.standard_normal(weeks)
    for week in range(1, weeks):
        values[week] = stays * values[week - 1] + np.sqrt(1 - stays**2) * values[week]
    return values


def _tables(spend: Floats, sales: Floats, demand: Floats) -> dict[str, pd.DataFrame]:
    weeks, channels = spend.shape
    first = pd.Timestamp(AS_OF) - pd.to_timedelta(7 * np.arange(weeks, 0, -1), "D")
    monday = pd.DatetimeIndex(first.astype("datetime64[us, UTC]"))
    # the outcome begins in the middle of a week before, which is not whole and left out
    paid = monday.insert(0, monday[0] - pd.Timedelta(days=3)) + pd.Timedelta(hours=12)
    return {
        "spend": pd.DataFrame(
            {
                "campaign_id": np.tile(np.array(CHANNELS, dtype=object), weeks),
                "channel_id": np.tile(np.array(CHANNELS, dtype=object), weeks),
                "date": np.repeat(monday, channels),
                "spend": spend.ravel(),
            }
        ),
        "purchases": pd.DataFrame({"occurred_at": paid, "net_value": np.insert(sales, 0, sales.mean())}),
        "observations": pd.DataFrame(
            {"kind": "trend", "about_id": "market", "observed_at": monday, "value": np.round(demand, 6)}
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
