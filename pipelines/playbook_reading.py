"""Reading a playbook folder: every file validated before anything runs, every complaint with file and line."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from decisioning.remits.values import Remit
from forecasting.language.settings import LanguageSettings
from pipelines.errors import PlaybookError
from pipelines.people import FILE as PEOPLE_FILE
from pipelines.people import PeopleFile
from pipelines.playbook import (
    KNOWN_ENTRIES,
    READ_FILES,
    ContentAsset,
    PlacedPolicy,
    Playbook,
    files_in,
    is_hidden,
)
from pipelines.playbook_actions import FILE as ACTIONS_FILE
from pipelines.playbook_actions import ActionsFile
from pipelines.playbook_actions import insist_on_sense as insist_on_actions
from pipelines.playbook_files import ChannelsFile, ContentFront, Policy, WarrantFile
from pipelines.playbook_language import EXAMPLES, LanguageFile, read_language
from pipelines.playbook_language import FILE as LANGUAGE_FILE
from pipelines.playbook_plays import PlaysFile
from pipelines.playbook_remits import FOLDER as REMITS
from pipelines.playbook_remits import METRICS, MetricsFile, RemitFile, remit_of
from pipelines.playbook_scores import FILE as SCORES_FILE
from pipelines.playbook_scores import ScoresFile, insist_on_sense
from pipelines.yaml_lines import Location, YamlFile

Model = TypeVar("Model", bound=BaseModel)

EXPRESSIONS = (("deny",), ("require",), ("escalate",), ("cap", "of"), ("parity", "of"))
"""Where the one expression of a policy may stand in it."""
FRONT_MATTER = re.compile(r"\A---\n(?P<front>.*?\n)---\n(?P<body>.*)\Z", re.DOTALL)


def load_playbook(folder: Path) -> Playbook:
    """Read and validate the playbook in `folder`.

    Raises:
        PlaybookError: With file, line, what is wrong and what would be right.
    """
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise PlaybookError("there is no such folder.", where=str(folder), remedy="Name the folder of a playbook.")
    _refuse_unknown_entries(folder)
    _refuse_unread_files(folder)
    files = {name: YamlFile(folder / name) for name in _yaml_names(folder)}
    warrant = _validated(WarrantFile, files["warrant.yaml"])
    channels = _validated(ChannelsFile, files["channels.yaml"])
    return Playbook(
        folder=folder,
        warrant=warrant,
        channels=channels,
        plays=_validated(PlaysFile, files["plays.yaml"]) if "plays.yaml" in files else PlaysFile(),
        audiences=_audiences(files.get("audiences.yaml")),
        policies=tuple(_policies([file for name, file in files.items() if name.startswith("policies/")])),
        content=tuple(_content(folder)),
        source_files=_sources(folder),
        files=files,
        people=_validated(PeopleFile, files[PEOPLE_FILE]) if PEOPLE_FILE in files else None,
        scores=_scores(files.get(SCORES_FILE), warrant),
        language=_language(folder, files.get(LANGUAGE_FILE)),
        actions=_actions(files.get(ACTIONS_FILE), channels),
        remits=tuple(read_remit(file) for name, file in files.items() if name.startswith(f"{REMITS}/")),
        metrics=_validated(MetricsFile, files[METRICS]) if METRICS in files else None,
    )


def _refuse_unknown_entries(folder: Path) -> None:
    for entry in sorted(folder.iterdir()):
        if entry.name not in KNOWN_ENTRIES and not entry.name.startswith((".", "__")):
            raise PlaybookError(
                f"`{entry.name}` is no part of a playbook, so nothing would read it."
                f"{_nearest(entry.name, KNOWN_ENTRIES)}",
                where=str(entry),
                remedy=f"Known entries: {', '.join(KNOWN_ENTRIES)}.",
            )


def _refuse_unread_files(folder: Path) -> None:
    """A policy in a file that nothing reads would not be applied, and nobody would know."""
    for entry, pattern in READ_FILES.items():
        read = set(files_in(folder, entry))
        for path in sorted((folder / entry).rglob("*")):
            if path.is_file() and path not in read and not is_hidden(path.relative_to(folder)):
                raise PlaybookError(
                    "nothing would read this file.",
                    where=str(path),
                    remedy=f"Only {entry}/{pattern} is read: rename it, move it there, or take it out.",
                )


def _yaml_names(folder: Path) -> list[str]:
    for name in ("warrant.yaml", "channels.yaml"):
        if not (folder / name).is_file():
            raise PlaybookError(
                f"`{name}` is missing.",
                where=str(folder),
                remedy="A playbook needs warrant.yaml, channels.yaml, one source in sources/ and one asset.",
            )
    known = ("plays.yaml", "audiences.yaml", SCORES_FILE, ACTIONS_FILE, LANGUAGE_FILE, PEOPLE_FILE, METRICS)
    optional = [name for name in known if (folder / name).is_file()]
    listed = [path for entry in ("policies", REMITS) for path in files_in(folder, entry)]
    return ["warrant.yaml", "channels.yaml", *optional, *(path.relative_to(folder).as_posix() for path in listed)]


def _sources(folder: Path) -> dict[str, Path]:
    sources = {path.stem: path for path in files_in(folder, "sources")}
    if not sources:
        raise PlaybookError(
            "no source query.", where=str(folder / "sources"), remedy="Write one SELECT per table, e.g. customers.sql."
        )
    return sources


def _scores(file: YamlFile | None, warrant: WarrantFile) -> ScoresFile | None:
    if file is None:
        return None
    scores = _validated(ScoresFile, file)
    insist_on_sense(scores, file, warrant.beliefs.fidelity)
    return scores


def _actions(file: YamlFile | None, channels: ChannelsFile) -> ActionsFile | None:
    if file is None:
        return None
    actions = _validated(ActionsFile, file)
    insist_on_actions(actions, file, channels.channels)
    return actions


def _language(folder: Path, file: YamlFile | None) -> LanguageSettings | None:
    if file is not None:
        return read_language(folder, _validated(LanguageFile, file))
    if (folder / EXAMPLES).is_file():
        raise PlaybookError(
            f"nothing says what `{EXAMPLES}` is an example of.",
            where=str(folder / EXAMPLES),
            remedy=f"Write {LANGUAGE_FILE} with tasks and their labels.",
        )
    return None


def _audiences(file: YamlFile | None) -> dict[str, str]:
    if file is None:
        return {}
    audiences: dict[str, str] = {}
    for name, condition in _mapping(file).items():
        if not isinstance(condition, str):
            raise PlaybookError(
                f"the audience `{name}` must be a condition in quotes.",
                where=file.where((name,)),
                remedy='For example: regulars: "customer.shopping_days_91d >= 6"',
            )
        audiences[name] = condition
    return audiences


def _mapping(file: YamlFile) -> dict[str, Any]:
    if not isinstance(file.data, dict):
        raise PlaybookError("must hold `name: value` pairs.", where=file.where(()), remedy="See the grocer's example.")
    return file.data


def read_policies(path: Path) -> list[PlacedPolicy]:
    """The policies of one file, wherever it lies.

    Raises:
        PlaybookError: It is not there or not a list of policies; with file, line, what is wrong and would be right.
    """
    if not path.is_file():
        raise PlaybookError("there is no such file.", where=str(path), remedy="Name a file with policies.")
    return list(_policies([YamlFile(path)]))


def read_remit(file: YamlFile) -> Remit:
    """The remit of one file, wherever it lies.

    Raises:
        PlaybookError: With file, line, what is wrong and what would be right.
    """
    return remit_of(_validated(RemitFile, file), file)


def _policies(files: list[YamlFile]) -> Iterator[PlacedPolicy]:
    for file in files:
        if not isinstance(file.data, list):
            raise PlaybookError(
                "a policy file is a list; each entry starts with `- id:`.",
                where=file.where(()),
                remedy="Add the dashes.",
            )
        for position, data in enumerate(file.data):
            policy = _validated(Policy, file, data, (position,))
            yield PlacedPolicy(policy, file.where((position,)), dict(_starts(file, position)))


def _starts(file: YamlFile, position: int) -> Iterator[tuple[str, tuple[str, int]]]:
    """Where the texts of a policy begin in its file, so that what is wrong inside them can be pointed at."""
    for name, path in (("when", ("when",)), *(("expression", path) for path in EXPRESSIONS)):
        if start := file.text_start((position, *path)):
            yield name, start


def _content(folder: Path) -> Iterator[ContentAsset]:
    for path in files_in(folder, "content"):
        try:
            parts = FRONT_MATTER.match(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise PlaybookError("not a UTF-8 text file.", where=str(path), remedy="Save it as UTF-8.") from error
        if parts is None:
            raise PlaybookError(
                "an asset starts with front matter between two lines `---`.",
                where=f"{path}:1",
                remedy="Begin the file with ---, asset_id, title, kind, then --- and the text.",
            )
        front = YamlFile(path, parts["front"], first_line=2)
        yield ContentAsset(_validated(ContentFront, front), parts["body"], path)


def _validated(model: type[Model], file: YamlFile, data: Any = None, base: Location = ()) -> Model:
    try:
        return model.model_validate(file.data if data is None else data)
    except ValidationError as error:
        first = error.errors()[0]
        more = error.error_count() - 1
        location = (*base, *first["loc"])
        name = str(first["loc"][-1]) if first["loc"] else model.__name__
        raise PlaybookError(
            f"`{name}`: {_sentence(first['type'], first['msg'])}{f' ({more} more after this one.)' if more else ''}",
            where=file.where(location),
            remedy=_remedy(model, first["type"], first["loc"]),
        ) from error


def _sentence(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "nothing of this name is known here."
    if kind == "missing":
        return "is missing."
    return f"{message.removeprefix('Value error, ')}."


def _remedy(model: type[BaseModel], kind: str, location: Location) -> str:
    if kind != "extra_forbidden":
        return ""
    known = _fields_at(model, location[:-1])
    return f"Known: {', '.join(known)}.{_nearest(str(location[-1]), known)}" if known else ""


def _fields_at(model: type[BaseModel], location: Location) -> list[str]:
    """The field names of the model that stands at `location` inside `model`, as written in YAML."""
    current: type[BaseModel] | None = model
    for step in location:
        if current is None:
            return []
        by_name = {field.alias or name: field for name, field in current.model_fields.items()}
        if step in by_name:
            nested = _models_in(by_name[str(step)].annotation)
            current = nested[0] if nested else None
    return [field.alias or name for name, field in current.model_fields.items()] if current else []


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models_in(argument)]


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    matches = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean `{matches[0]}`?" if matches else ""
