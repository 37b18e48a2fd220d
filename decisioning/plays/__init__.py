"""The plays there are: every module of this folder holds one, named `PLAY`. Adding a play is adding one file."""

import importlib
import pkgutil
from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType

from decisioning.errors import DecisioningError
from decisioning.play import CAMPAIGNS, Play
from decisioning.settings import PlaySettings


@cache
def available() -> Mapping[str, Play]:
    """Every play by its name, in alphabetical order.

    Raises:
        DecisioningError: A file of this folder holds no play, or one with another name than the file's.
    """
    found: dict[str, Play] = {}
    for module_name in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{module_name}")
        play: Play | None = getattr(module, "PLAY", None)
        expected = module_name.replace("_", "-")
        if play is None or play.name != expected:
            raise DecisioningError(
                f"The file holds {'no play' if play is None else f'the play `{play.name}`'}.",
                where=f"decisioning/plays/{module_name}.py",
                remedy=f"Let `PLAY` be a play whose name is `{expected}`.",
            )
        found[expected] = play
    return MappingProxyType(found)


def play_named(name: str) -> Play:
    """The play of that name.

    Raises:
        DecisioningError: There is none.
    """
    if name not in available():
        raise DecisioningError(f"There is no play `{name}`.", where="plays", remedy=f"Known: {', '.join(available())}.")
    return available()[name]


def missing_for(name: str, tables: Collection[str], settings: PlaySettings | None = None) -> tuple[str, ...]:
    """What the play would need and does not have; empty when it can work.

    Args:
        name: The play's name.
        tables: Names of the canonical tables that have rows.
        settings: The play's settings in the playbook; without them only tables are looked at.
    """
    lacking = [need for need in play_named(name).requires if need != CAMPAIGNS and need not in tables]
    if settings is not None and CAMPAIGNS in play_named(name).requires and not settings.campaigns:
        lacking.append(CAMPAIGNS)
    return tuple(lacking)


def off_because(name: str, tables: Collection[str], settings: PlaySettings | None = None) -> str | None:
    """Why the play finds nothing, as a sentence's end (`purchases is missing`); None when it can work."""
    lacking = missing_for(name, tables, settings)
    if not lacking:
        return None
    return f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing"
