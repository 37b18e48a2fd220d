"""What a run decides with beyond rhythm and stated priors: learnt response, send windows, lifetime value.

A part is made for the day, or taken from the model that is live behind the gate. Where it would say no more than is
stated or known anyway, it is left out, and `Forecasts.missing` says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.response.settings import ResponseSettings
from forecasting.timing.settings import TimingSettings
from forecasting.training import Arrays
from forecasting.values import Forecasts
from forecasting.values.lifetime_value import LifetimeValue
from forecasting.values.response import Factors, ResponseFactors, Target
from forecasting.values.timing import SendWindows

Tables = Mapping[str, pd.DataFrame]

RESPONSE, TIMING, VALUE = "response", "timing", "value"
EFFECTS: Final[tuple[Target, ...]] = ("margin_uplift",)
CHANCES: Final[tuple[Target, ...]] = ("p_response", "p_redeem", "p_opt_out")
NO_DRAWS: Final = "nothing was drawn by chance: the stated prior speaks"
NOT_LIVE: Final = "no model of response is live behind the gate"


@dataclass(frozen=True)
class LearntSettings:
    """What the playbook says of these parts, and the live models by the name of their forecast.

    Attributes:
        response: Windows and priors of response.
        timing: How engagement is counted.
        value: Horizon and margin of lifetime value.
        models: Arrays of the models that are live; a part without one is fitted for the day, or left out.
    """

    response: ResponseSettings = field(default_factory=ResponseSettings)
    timing: TimingSettings = field(default_factory=TimingSettings)
    value: LifetimeValueSettings = field(default_factory=LifetimeValueSettings)
    models: Mapping[str, Arrays] = field(default_factory=dict)


def with_learnt(
    forecasts: Forecasts, tables: Tables, settings: LearntSettings, *, as_of: datetime, timezone: str, seed: int
) -> Forecasts:
    """The forecasts with the parts that could be learnt, from rows before `as_of` alone.

    Args:
        forecasts: What every run has.
        tables: Canonical tables; what is absent or empty leaves its part out.
        settings: Of each part, and the live models.
        as_of: Aware datetime.
        timezone: The playbook's IANA time zone.
        seed: Draws the customers to learn habits from where there are very many.

    Raises:
        ForecastingError: A table that the live model of response needs is not in the expected form.
    """
    missing: dict[str, str] = {}
    given: dict[str, Any] = {"settings": settings, "as_of": as_of, "timezone": timezone}
    response = _response(tables, missing, **given)
    timing = _timing(tables, missing, seed=seed, **given)
    value = _lifetime_value(tables, missing, **given)
    return replace(forecasts, response=response, timing=timing, lifetime_value=value, missing=missing)


def _lifetime_value(
    tables: Tables, missing: dict[str, str], *, settings: LearntSettings, as_of: datetime, timezone: str
) -> LifetimeValue | None:
    from forecasting.lifetime_value.forecast import lifetime_values

    try:
        return lifetime_values(tables, settings.value, as_of=as_of, timezone=timezone, kept=settings.models.get(VALUE))
    except ForecastingError as error:
        missing["lifetime_value"] = _reason(error)
        return None


def _timing(
    tables: Tables, missing: dict[str, str], *, settings: LearntSettings, as_of: datetime, timezone: str, seed: int
) -> SendWindows | None:
    """Send windows; without a live model only where personal hours held no less than one hour for all."""
    from forecasting.timing.engagement import engagement
    from forecasting.timing.favourite_hour import FavouriteHourModel
    from forecasting.timing.forecast import tried, windows_of

    kept = settings.models.get(TIMING)
    try:
        engaged = engagement(tables, settings.timing, as_of=as_of, timezone=timezone)
        if kept is not None:
            return windows_of(FavouriteHourModel.from_arrays(kept), engaged, settings.timing, as_of=as_of)
        model, gain = tried(engaged, settings.timing, as_of=as_of, seed=seed)
        if gain is not None and gain < 0:
            missing["timing"] = f"personal hours held {-gain:.4f} less of later engagement than one hour for all"
            return None
        return windows_of(model, engaged, settings.timing, as_of=as_of)
    except ForecastingError as error:
        missing["timing"] = _reason(error)
        return None


def _response(
    tables: Tables, missing: dict[str, str], *, settings: LearntSettings, as_of: datetime, timezone: str
) -> ResponseFactors | None:
    """Effects by draws that say more than the stated prior, and chances by the live model."""
    from forecasting.response.factors.model import ResponseModel
    from forecasting.response.forecast import factors_of_all

    known: dict[str, Any] = {"as_of": as_of, "timezone": timezone}
    kept, found = settings.models.get(RESPONSE), []
    if not len(tables.get("assignments", ())):
        missing |= dict.fromkeys(EFFECTS, NO_DRAWS)
    else:
        try:
            drawn = ResponseModel(settings.response, targets=EFFECTS).fit(tables, **known)
            found.append(factors_of_all(drawn, tables))
        except ForecastingError as error:
            missing |= dict.fromkeys(EFFECTS, _reason(error))
    if kept is None:
        missing |= dict.fromkeys(CHANCES, NOT_LIVE)
    else:
        model = ResponseModel.from_arrays(kept, tables, settings.response, **known)
        found.append(factors_of_all(model, tables))
    targets: dict[Target, Factors] = {}
    for target, factors in ((target, factors) for part in found for target, factors in part.targets.items()):
        if factors.is_learnt.any():
            targets[target] = factors
        else:
            missing[target] = f"no more is known than is stated: {factors.source}"
    return replace(found[0], targets=targets) if targets else None


def _reason(error: ForecastingError) -> str:
    """Why a part lacks: a day that can be decided without it is not stopped by what it alone finds wrong."""
    return f"{error.where}: {error.what}" if error.where else error.what
