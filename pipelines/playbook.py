"""The playbook: everything a company configures, as one frozen value. `playbook_reading` reads it from a folder."""

import hashlib
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from decisioning.remits.values import Remit
from forecasting.language.settings import LanguageSettings
from pipelines.errors import PlaybookError
from pipelines.people import PeopleFile
from pipelines.playbook_actions import ActionsFile
from pipelines.playbook_files import ChannelsFile, ContentFront, Policy, WarrantFile
from pipelines.playbook_plays import PlaysFile
from pipelines.playbook_remits import MetricsFile
from pipelines.playbook_scores import ScoresFile
from pipelines.yaml_lines import YamlFile

PACKAGE_PREFIX = "package:"
KNOWN_ENTRIES = (
    "warrant.yaml",
    "channels.yaml",
    "plays.yaml",
    "audiences.yaml",
    "scores.yaml",
    "actions.yaml",
    "language.yaml",
    "language.csv",
    "people.yaml",
    "metrics.yaml",
    "sources",
    "policies",
    "remits",
    "content",
    "data",
    "README.md",
)
SETTINGS_FILES = (
    "warrant.yaml",
    "channels.yaml",
    "plays.yaml",
    "audiences.yaml",
    "scores.yaml",
    "actions.yaml",
    "language.yaml",
    "language.csv",
    "metrics.yaml",
)
READ_FILES = {"sources": "*.sql", "policies": "*.yaml", "remits": "*.yaml", "content": "**/*.md"}
"""What is read in each folder of a playbook."""


def files_in(folder: Path, entry: str) -> list[Path]:
    """The files of one of a playbook's folders that are read; what editors hide beside them is not."""
    found = sorted((folder / entry).glob(READ_FILES[entry]))
    return [path for path in found if path.is_file() and not is_hidden(path.relative_to(folder))]


def is_hidden(path: Path) -> bool:
    """Whether a path, from the playbook's folder on, is one that people do not see."""
    return any(part.startswith((".", "__")) for part in path.parts)


@dataclass(frozen=True)
class ContentAsset:
    """One file of `content/`: its front matter and the body's text."""

    front: ContentFront
    body: str
    path: Path


@dataclass(frozen=True)
class PlacedPolicy:
    """A policy, the place it was written at, and where its texts `when` and `expression` begin if that is known."""

    policy: Policy
    where: str
    starts: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Playbook:
    """A company's playbook, validated file by file.

    Attributes:
        folder: Where it lies.
        warrant: `warrant.yaml`.
        channels: `channels.yaml`.
        plays: `plays.yaml`.
        audiences: Named conditions over `customer.*`.
        policies: All policies of `policies/*.yaml`, by file and order.
        content: All assets of `content/`.
        source_files: One SQL file per canonical table of `sources/`.
        files: Every YAML file by name, for errors that name a line.
        people: `people.yaml`, if there is one; who people are changes no decision, so it is no part of the digest.
        scores: `scores.yaml`, if there is one.
        language: `language.yaml` with the examples of `language.csv`, if there are any.
        actions: `actions.yaml`, if there is one.
        remits: All agents of `remits/*.yaml`, by file; without any, people answer for the whole run.
        metrics: `metrics.yaml`, if there is one.
    """

    folder: Path
    warrant: WarrantFile
    channels: ChannelsFile
    plays: PlaysFile
    audiences: Mapping[str, str]
    policies: tuple[PlacedPolicy, ...]
    content: tuple[ContentAsset, ...]
    source_files: Mapping[str, Path]
    files: Mapping[str, YamlFile]
    people: PeopleFile | None = None
    scores: ScoresFile | None = None
    language: LanguageSettings | None = None
    actions: ActionsFile | None = None
    remits: tuple[Remit, ...] = ()
    metrics: MetricsFile | None = None

    @property
    def name(self) -> str:
        """The playbook's name; its tables, graph and exports are kept under it."""
        return self.warrant.name

    @property
    def timezone(self) -> str:
        """IANA time zone whose midnight starts a day."""
        return self.warrant.timezone

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and bytes of all files that configure; data files are no part of it."""
        stated = [self.folder / name for name in SETTINGS_FILES]
        listed = [path for entry in READ_FILES for path in files_in(self.folder, entry)]
        running = hashlib.sha256()
        for path in sorted(path for path in (*stated, *listed) if path.is_file()):
            content = path.read_bytes()
            running.update(f"{path.relative_to(self.folder).as_posix()}\0{len(content)}\0".encode())
            running.update(content)
        return running.hexdigest()

    def search_path(self, environment: Mapping[str, str]) -> tuple[Path, ...]:
        """Folders in which source queries find relative file names: `WARRANT_DATA`, else `data:`, else `data/`."""
        if told := environment.get("WARRANT_DATA"):
            return (Path(told).expanduser().resolve(),)
        stated = self.warrant.data
        if stated is None:
            return ((self.folder / "data").resolve(),)
        entries = (stated,) if isinstance(stated, str) else stated
        return tuple(self._data_folder(entry) for entry in entries)

    def channel_frame(self) -> pd.DataFrame:
        """The canonical table `channels`."""
        rows = [
            {
                "channel_id": key,
                "title": channel.title or key,
                "kind": channel.kind,
                "cost_per_touch": channel.cost_per_touch,
            }
            for key, channel in sorted(self.channels.channels.items())
        ]
        return pd.DataFrame(rows)

    def audience_frame(self) -> pd.DataFrame:
        """The canonical table `audiences`."""
        return pd.DataFrame(sorted(self.audiences.items()), columns=["audience_id", "expression"])

    def content_frame(self) -> pd.DataFrame:
        """The assets of `content/` as rows of the canonical table `assets`."""
        rows = [asset.front.model_dump() for asset in self.content]
        return pd.DataFrame(rows, columns=list(ContentFront.model_fields))

    def _data_folder(self, entry: str) -> Path:
        if not entry.startswith(PACKAGE_PREFIX):
            return (self.folder / entry).resolve()
        package, _, inside = entry.removeprefix(PACKAGE_PREFIX).partition("/")
        try:
            root = importlib.resources.files(package)
        except ModuleNotFoundError as error:
            raise PlaybookError(
                f"the data comes with the package `{package}`, which is not installed.",
                where=self.files["warrant.yaml"].where(("data",)),
                remedy="Install it; for the examples: make setup.",
            ) from error
        return Path(str(root)) / inside
