"""The state folder: where tables, graph, Dagster's history and exports lie, and which playbook a command means."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError


@dataclass(frozen=True)
class Home:
    """`$WARRANT_HOME`, by default `./.warrant`."""

    root: Path

    @property
    def graph(self) -> Path:
        """Files of the embedded graph server."""
        return self.root / "graph"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.root / "dagster"

    def lake(self, playbook: str) -> Path:
        """Delta tables of one playbook."""
        return self.root / "lake" / playbook

    def exports(self, playbook: str) -> Path:
        """What channels receive, a folder per run."""
        return self.root / "exports" / playbook

    def models(self, playbook: str) -> Path:
        """Forecast models of one playbook, a folder per name and hash, and the pictures of their backtests."""
        return self.root / "models" / playbook

    def remember_playbook(self, folder: Path) -> None:
        """Note `folder` as the playbook that later commands mean."""
        self.root.mkdir(parents=True, exist_ok=True)
        marker = self.root / "current"
        if not marker.is_file() or marker.read_text(encoding="utf-8").strip() != str(folder):
            marker.write_text(f"{folder}\n", encoding="utf-8")


def find_home(environment: Mapping[str, str]) -> Home:
    """The state folder of this environment."""
    return Home(Path(environment.get("WARRANT_HOME") or ".warrant").expanduser().resolve())


def find_playbook(argument: Path | None, home: Home, environment: Mapping[str, str]) -> Path:
    """The playbook's folder: the argument, else `WARRANT_PLAYBOOK`, else that of the last run.

    Raises:
        UsageError: None of them says.
    """
    if argument is not None:
        return argument.expanduser().resolve()
    if told := environment.get("WARRANT_PLAYBOOK"):
        return Path(told).expanduser().resolve()
    marker = home.root / "current"
    if marker.is_file():
        return Path(marker.read_text(encoding="utf-8").strip())
    raise UsageError(
        "no playbook is named and none has been run yet.",
        where=str(home.root),
        remedy="Name its folder, e.g. `warrant run examples/grocer`, or set WARRANT_PLAYBOOK.",
    )
