"""The verbs there are: every module of this folder declares one, named `VERB`. Adding a verb is adding one file.

What is not declared here cannot be done, whoever asks for it.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from decisioning.errors import DecisioningError
from decisioning.verb import Verb


class UndeclaredVerbError(DecisioningError):
    """Somebody wants something done that no verb declares."""

    exit_code = 3


@cache
def available() -> Mapping[str, Verb]:
    """Every verb by its name, in alphabetical order.

    Raises:
        DecisioningError: A file of this folder declares no verb, one of another name than the file's, or one whose
            inverse is not declared.
    """
    found: dict[str, Verb] = {}
    for name in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        verb: Verb | None = getattr(importlib.import_module(f"{__name__}.{name}"), "VERB", None)
        if verb is None or verb.name != name:
            raise DecisioningError(
                f"The file declares {'no verb' if verb is None else f'the verb `{verb.name}`'}.",
                where=f"decisioning/actions/{name}.py",
                remedy=f"Let `VERB` be a verb whose name is `{name}`.",
            )
        found[name] = verb
    for verb in found.values():
        _insist_on_inverse(verb, found)
    return MappingProxyType(found)


def verb_named(name: str, *, where: str = "actions") -> Verb:
    """The verb of that name.

    Raises:
        UndeclaredVerbError: There is none; it says which there are.
    """
    if name not in available():
        nearest = get_close_matches(name, available(), n=1)
        meant = f"Did you mean `{nearest[0]}`? " if nearest else ""
        raise UndeclaredVerbError(
            f"no verb `{name}` is declared, so it cannot be done.",
            where=where,
            remedy=f"{meant}Declared: {', '.join(available())}.",
        )
    return available()[name]


def _insist_on_inverse(verb: Verb, found: Mapping[str, Verb]) -> None:
    """Whoever takes something back must be able to say it."""
    if verb.inverse is None:
        is_told = bool(verb.cannot_be_undone_because)
    else:
        other = found.get(verb.inverse.verb)
        own = {"subject", *(one.name for one in verb.parameters)}
        is_told = (
            other is not None
            and all(other.parameter(name) for name in verb.inverse.parameters)
            and set(verb.inverse.parameters.values()) <= own
        )
    if not is_told:
        raise DecisioningError(
            f"The verb `{verb.name}` does not say how it is taken back.",
            where=f"decisioning/actions/{verb.name}.py",
            remedy="Name a declared inverse with parameters that both have, or say why there is none.",
        )
