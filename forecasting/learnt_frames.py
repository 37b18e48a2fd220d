"""The parts of a run's forecasts that may lack, as tables and back: response, timing and lifetime value.

Their arrays have a table each, without rows where the part lacks. `forecast_parts` says what holds for a whole part, as
JSON, and why a part lacks.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, get_args

import numpy as np
import pandas as pd

from forecasting.frame_columns import arrays_of, frame_of
from forecasting.values import Forecasts, Keys
from forecasting.values.lifetime_value import LifetimeValue
from forecasting.values.response import Factors, ResponseFactors, Target
from forecasting.values.timing import SendWindows

PARTS = "forecast_parts"
TIMING = "forecast_timing"
VALUE = "forecast_value"
CUSTOMERS = "forecast_response_customers"
ASSETS = "forecast_response_assets"
CHANNELS = "forecast_response_channels"

SAID_OF_VALUE = ("horizon_days", "level", "grade", "source", "margin_basis")
SAID_OF_TARGET = ("link", "intercept", "grade", "source")
TIMING_COLUMNS = tuple(entry.name for entry in fields(SendWindows) if entry.name != "grade")
VALUE_COLUMNS = tuple(entry.name for entry in fields(LifetimeValue) if entry.name not in SAID_OF_VALUE)
SIDES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    CUSTOMERS: ("customer", ("effect", "variance")),
    ASSETS: ("asset", ("effect", "variance", "relative_sd", "is_learnt")),
    CHANNELS: ("channel", ("effect", "variance")),
}
LEARNT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    PARTS: ("part", "about"),
    TIMING: TIMING_COLUMNS,
    VALUE: VALUE_COLUMNS,
    **{name: ("target", f"{side}_id", *columns) for name, (side, columns) in SIDES.items()},
}
MISSING = "missing: "


def learnt_tables(forecasts: Forecasts) -> dict[str, pd.DataFrame]:
    """The tables of the parts; those of a part that lacks have no rows."""
    timing, value, response = forecasts.timing, forecasts.lifetime_value, forecasts.response
    about: dict[str, Mapping[str, Any]] = {
        f"{MISSING}{name}": {"because": why} for name, why in forecasts.missing.items()
    }
    if timing is not None:
        about["timing"] = {"grade": timing.grade}
    if value is not None:
        about["lifetime_value"] = {name: getattr(value, name) for name in SAID_OF_VALUE}
    if response is not None:
        about["response"] = {"targets": list(response.targets)}
        for target, factors in response.targets.items():
            width = factors.customer_factor.shape[1]
            about[target] = {name: getattr(factors, name) for name in SAID_OF_TARGET} | {"factors": width}
    parts = [(name, json.dumps(said, sort_keys=True)) for name, said in sorted(about.items())]
    return {
        PARTS: pd.DataFrame(parts, columns=["part", "about"], dtype=object),
        TIMING: frame_of(timing, TIMING_COLUMNS),
        VALUE: frame_of(value, VALUE_COLUMNS),
        **{name: _side_table(response, name) for name in SIDES},
    }


def learnt_parts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What `learnt_tables` made these tables of, as arguments of `Forecasts`."""
    about = {str(part): json.loads(said) for part, said in tables[PARTS][["part", "about"]].itertuples(index=False)}
    found: dict[str, Any] = {
        "missing": {
            name.removeprefix(MISSING): said["because"] for name, said in about.items() if name.startswith(MISSING)
        }
    }
    if "timing" in about:
        windows: dict[str, Any] = {**arrays_of(tables[TIMING], TIMING_COLUMNS, by=["customer_id"])}
        found["timing"] = SendWindows(**windows, **about["timing"])
    if "lifetime_value" in about:
        arrays: dict[str, Any] = {**arrays_of(tables[VALUE], VALUE_COLUMNS, by=["customer_id"])}
        found["lifetime_value"] = LifetimeValue(**arrays, **about["lifetime_value"])
    if "response" in about:
        found["response"] = _response(tables, about)
    return found


def _side_table(response: ResponseFactors | None, name: str) -> pd.DataFrame:
    """One side of all targets: a row per target and key, its factors in numbered columns."""
    side, columns = SIDES[name]
    parts = [
        _side_of_target(target, factors, side, columns, getattr(response, f"{side}_id"))
        for target, factors in (response.targets if response else {}).items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else frame_of(None, LEARNT_COLUMNS[name])


def _side_of_target(target: str, factors: Factors, side: str, columns: Iterable[str], keys: Keys) -> pd.DataFrame:
    matrix = getattr(factors, f"{side}_factor")
    numbers = {name: getattr(factors, _attribute(side, name)) for name in columns}
    about = pd.DataFrame({"target": np.full(len(keys), target, dtype=object), f"{side}_id": keys, **numbers})
    return pd.concat([about, pd.DataFrame(matrix, columns=_numbered(matrix.shape[1]))], axis=1)


def _response(tables: Mapping[str, pd.DataFrame], about: Mapping[str, Mapping[str, Any]]) -> ResponseFactors:
    keys: dict[str, Keys] = {}
    arrays: dict[str, dict[str, np.ndarray]] = {target: {} for target in about["response"]["targets"]}
    for name, (side, columns) in SIDES.items():
        frame = tables[name]
        for target, found in arrays.items():
            numbered = _numbered(about[target]["factors"])
            rows = frame.loc[frame["target"] == target]
            part = arrays_of(rows, [f"{side}_id", *columns, *numbered], by=[f"{side}_id"])
            keys[side] = part[f"{side}_id"]
            found |= {_attribute(side, column): part[column] for column in columns}
            found[f"{side}_factor"] = np.column_stack([np.zeros((len(rows), 0)), *(part[each] for each in numbered)])
    known: dict[str, Target] = {str(target): target for target in get_args(Target)}
    targets: dict[Target, Factors] = {}
    for target, found in arrays.items():
        said: dict[str, Any] = {name: about[target][name] for name in SAID_OF_TARGET}
        targets[known[target]] = Factors(**{"target": known[target], **said, **found})
    return ResponseFactors(keys["customer"], keys["asset"], keys["channel"], targets)


def _attribute(side: str, name: str) -> str:
    """What an array is called in `Factors`."""
    return name if name in ("relative_sd", "is_learnt") else f"{side}_{name}"


def _numbered(width: int) -> list[str]:
    return [f"factor_{place:03d}" for place in range(width)]
