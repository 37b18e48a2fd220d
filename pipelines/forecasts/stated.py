"""What `forecasts:` in warrant.yaml says of a forecast, as the settings that its room declares, with file and line."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from forecasting.errors import ForecastingError
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.response.settings import ResponseSettings
from forecasting.timing.settings import TimingSettings
from pipelines.errors import PlaybookError
from pipelines.playbook import Playbook
from pipelines.playbook_files import ForecastName
from pipelines.playbook_settings import forecast_settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE = "warrant.yaml"
SECTION = "forecasts"

Settings = TypeVar("Settings", bound="DataclassInstance")


def stated(playbook: Playbook, what: ForecastName, kind: type[Settings], **otherwise: Any) -> Settings:
    """The settings of one forecast.

    Args:
        playbook: Whose warrant.yaml counts.
        what: Name of the forecast, below `forecasts:`.
        kind: The frozen dataclass of its settings; its fields are what can be stated.
        otherwise: What holds where nothing is stated, instead of the field's default.

    Raises:
        PlaybookError: A name is unknown, a value is of another type or outside its range; with file and line.
    """
    said = playbook.warrant.forecasts.get(what, {})
    known = [field.name for field in fields(kind)]
    for name in said:
        if name not in known:
            raise _wrong(playbook, (what, name), "there is no such setting.", f"Known: {', '.join(known)}.")
    try:
        return TypeAdapter(kind).validate_python({**otherwise, **said})
    except ForecastingError as error:
        raise _wrong(playbook, (what,), error.what, error.remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        path = tuple(part for part in first["loc"] if isinstance(part, str | int))
        raise _wrong(playbook, (what, *path), f"{first['msg'].lower()}.", "Write a value of that kind.") from error


def response_settings(playbook: Playbook) -> ResponseSettings:
    """What the playbook says of response: windows and priors of its objective, unless `forecasts.response` says so."""
    said = forecast_settings(playbook)
    return stated(
        playbook,
        "response",
        ResponseSettings,
        value_window_days=said.value_window_days,
        margin_pct=said.margin_pct,
        uplift=said.uplift,
        uplift_source=said.uplift_source,
        redemption_prior=said.redemption_prior,
    )


def timing_settings(playbook: Playbook) -> TimingSettings:
    """What the playbook says of send windows."""
    return stated(playbook, "timing", TimingSettings)


def value_settings(playbook: Playbook) -> LifetimeValueSettings:
    """What the playbook says of lifetime value."""
    return stated(playbook, "value", LifetimeValueSettings, margin_pct=playbook.warrant.objective.margin_pct)


def _wrong(playbook: Playbook, path: tuple[str | int, ...], what: str, remedy: str) -> PlaybookError:
    named = ".".join(map(str, (SECTION, *path)))
    return PlaybookError(f"{named}: {what}", where=playbook.files[FILE].where((SECTION, *path)), remedy=remedy)
