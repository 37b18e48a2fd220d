"""Changed settings of a playbook, for asking what would happen if: `channels.email.capacity=500`, `budget=+10%`.

What may be changed is what the decision core decides by. A setting is named by its place: a field of the settings, or
the entry of a list by its name and then a field of that; a play's thresholds stand directly under its name.
"""

import math
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import time
from difflib import get_close_matches
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from decisioning.plays import available, play_named
from decisioning.settings import DecisionSettings, PlaySettings
from pipelines.errors import UsageError

FIXED: Final = frozenset({"timezone", "holdout_salt", "value_window_days", "seed", "trust"})
"""What a run's stored forecasts and assignments rest on; another value would need another run."""
NAMES: Final = ("channel_id", "identifier", "name")
"""Fields that name an entry of a list."""
NOTHING: Final = ("none", "unlimited")
PLAYS, POLICIES, ENABLED = "plays", "policies", "enabled"
NEAREST = 5


@dataclass(frozen=True)
class Change:
    """One changed setting: its name, what it was and what it is."""

    setting: str
    before: Any
    after: Any

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {"setting": self.setting, "from": _plain(self.before), "to": _plain(self.after)}


def changed(settings: DecisionSettings, assignments: Sequence[str]) -> tuple[DecisionSettings, list[Change]]:
    """The settings with every assignment made, in their order.

    Args:
        settings: Those of the playbook.
        assignments: Each `NAME=VALUE`; `none` or `unlimited` takes a limit away, `+10%` and `-10%` change what is
        there.

    Raises:
        UsageError: No such setting, or a value that it cannot have; the message says what exists.
    """
    changes = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise UsageError(
                f"`{assignment}` is no setting and value.",
                where=f"--set {assignment}",
                remedy="Write NAME=VALUE, such as channels.email.capacity=500.",
            )
        settings, change = _assigned(settings, name.strip(), text.strip())
        changes.append(change)
    return settings, changes


def settable(settings: DecisionSettings) -> dict[str, Any]:
    """Every setting that may be changed, by name, with its present value."""
    return {name: value for name, value, _ in _places(settings)}


def _assigned(settings: DecisionSettings, name: str, text: str) -> tuple[DecisionSettings, Change]:
    places = {place: (value, kind) for place, value, kind in _places(settings)}
    if name not in places:
        raise _unknown(name, list(places))
    before, kind = places[name]
    after = _read(text, before, kind, where=f"--set {name}={text}")
    parts = _split(name, settings)
    return _with(settings, parts, after), Change(name, before, after)


def _places(settings: DecisionSettings) -> Iterator[tuple[str, Any, Any]]:
    """Name, value and type of everything that may be changed."""
    hints = get_type_hints(DecisionSettings)
    for field in fields(DecisionSettings):
        value = getattr(settings, field.name)
        if field.name in FIXED:
            continue
        if _is_scalar(hints[field.name]):
            yield field.name, value, hints[field.name]
        elif isinstance(value, Mapping) and value and all(isinstance(one, float | int) for one in value.values()):
            for key, one in sorted(value.items()):
                yield f"{field.name}.{key}", one, float
        elif field.name == PLAYS:
            yield from _play_places(settings)
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            yield from _entry_places(field.name, value)


def _play_places(settings: DecisionSettings) -> Iterator[tuple[str, Any, Any]]:
    stated = {play.name: play for play in settings.plays}
    for name in available():
        yield f"{PLAYS}.{name}.{ENABLED}", name in stated, bool
    for name, play in stated.items():
        for threshold, default in play_named(name).defaults.items():
            yield f"{PLAYS}.{name}.{threshold}", float(play.thresholds.get(threshold, default.default)), float


def _entry_places(field: str, entries: tuple[Any, ...]) -> Iterator[tuple[str, Any, Any]]:
    hints = get_type_hints(type(entries[0]))
    naming = _naming(entries[0])
    if naming is None:
        return
    for entry in entries:
        name = getattr(entry, naming)
        if field == POLICIES:
            yield f"{field}.{name}.{ENABLED}", True, bool
        for each in fields(entry):
            value = getattr(entry, each.name)
            is_number = _is_scalar(hints[each.name]) and str not in _alternatives(hints[each.name])
            if each.name != naming and is_number and not (field == POLICIES and value is None):
                yield f"{field}.{name}.{each.name}", value, hints[each.name]


def _naming(entry: Any) -> str | None:
    return next((name for name in NAMES if any(field.name == name for field in fields(entry))), None)


def _is_scalar(hint: Any) -> bool:
    return all(kind in (int, float, bool, str, time, type(None)) for kind in _alternatives(hint))


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _split(name: str, settings: DecisionSettings) -> tuple[str, ...]:
    """A setting's name in its parts; what names an entry may hold dots itself."""
    field, _, rest = name.partition(".")
    if not rest or isinstance(getattr(settings, field), Mapping):
        return (field, rest) if rest else (field,)
    entry, _, last = rest.rpartition(".")
    return (field, entry, last)


def _with(settings: DecisionSettings, parts: tuple[str, ...], value: Any) -> DecisionSettings:
    field = parts[0]
    changes: dict[str, Any]
    if len(parts) == 1:
        changes = {field: value}
    elif isinstance(getattr(settings, field), Mapping):
        changes = {field: {**getattr(settings, field), parts[1]: value}}
    elif field == PLAYS:
        changes = {field: _plays_with(settings, parts[1], parts[2], value)}
    else:
        changes = {field: _entries_with(getattr(settings, field), parts[1], parts[2], value)}
    return replace(settings, **changes)


def _plays_with(settings: DecisionSettings, name: str, threshold: str, value: Any) -> tuple[PlaySettings, ...]:
    if threshold != ENABLED:
        return tuple(
            replace(play, thresholds={**play.thresholds, threshold: value}) if play.name == name else play
            for play in settings.plays
        )
    rest = tuple(play for play in settings.plays if play.name != name)
    if not value:
        return rest
    if len(rest) < len(settings.plays):
        return settings.plays
    excluded = rest[0].excluded_categories if rest else frozenset()
    return (*rest, PlaySettings(name, excluded_categories=excluded))


def _entries_with(entries: tuple[Any, ...], name: str, field: str, value: Any) -> tuple[Any, ...]:
    if field == ENABLED:
        return entries if value else tuple(entry for entry in entries if getattr(entry, _naming(entry) or "") != name)
    return tuple(
        replace(entry, **{field: value}) if getattr(entry, _naming(entry) or "") == name else entry for entry in entries
    )


def _read(text: str, before: Any, hint: Any, *, where: str) -> Any:
    """The value that a text says, of the setting's type."""
    kinds = _alternatives(hint)
    if type(None) in kinds and text.lower() in NOTHING:
        return None
    if bool in kinds:
        if text.lower() not in ("true", "false"):
            raise UsageError(f"`{text}` is neither true nor false.", where=where, remedy="Write true or false.")
        return text.lower() == "true"
    if time in kinds:
        try:
            return time.fromisoformat(text)
        except ValueError:
            raise UsageError(f"`{text}` is no time.", where=where, remedy="Write it like 21:00.") from None
    if str in kinds:
        return text
    return _number(text, before, is_whole=float not in kinds, may_be_none=type(None) in kinds, where=where)


def _number(text: str, before: Any, *, is_whole: bool, may_be_none: bool, where: str) -> float | int:
    remedy = "Write a number from 0 on, or a change such as +10%"
    remedy += "; `none` takes the limit away." if may_be_none else "."
    if text.endswith("%") and text[0] in "+-":
        if before is None:
            raise UsageError(
                "there is nothing yet to change by a share.", where=where, remedy="Write the number itself."
            )
        share = _parsed(text[:-1], where, remedy)
        value = before * (1 + share / 100)
        value = math.floor(value + 1e-9) if is_whole else value
    else:
        value = _parsed(text, where, remedy)
    if value < 0 or (is_whole and value != int(value)):
        what = "negative" if value < 0 else "no whole number"
        raise UsageError(f"`{text}` is {what}.", where=where, remedy=remedy)
    return int(value) if is_whole else float(value)


def _parsed(text: str, where: str, remedy: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"`{text}` is no number.", where=where, remedy=remedy) from None
    if not math.isfinite(value):
        raise UsageError(f"`{text}` is no finite number.", where=where, remedy=remedy)
    return value


def _unknown(name: str, known: list[str]) -> UsageError:
    if name.partition(".")[0] in FIXED:
        return UsageError(
            f"`{name}` cannot be simulated: the run's forecasts and assignments rest on it.",
            where=f"--set {name}",
            remedy="Change it in the playbook, and run that on a copy of the state folder.",
        )
    near = get_close_matches(name, known, n=NEAREST, cutoff=0.5) or [one for one in known if "." not in one]
    return UsageError(
        f"there is no setting `{name}`.",
        where=f"--set {name}",
        remedy=f"Perhaps: {', '.join(near)}. All of them: warrant simulate --list.",
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, time) else value
