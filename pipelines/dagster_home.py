"""Dagster's own folder, and the settings of a working copy under which its pages find playbook and state.

`python -m pipelines.dagster_home` prepares both, which is what `make dagster` does before it opens the pages.
"""

import os
from pathlib import Path

from pipelines.home import Home, find_home

SETTINGS = "telemetry:\n  enabled: false\nconcurrency:\n  runs:\n    max_concurrent_runs: 1\n"
EXAMPLE = Path("examples") / "grocer"
ENVIRONMENT_FILE = ".env"


def prepare_storage(home: Home) -> Path:
    """Dagster's folder inside the state folder, with settings that send nothing anywhere and run one day at a time."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        settings.write_text(SETTINGS, encoding="utf-8")
    return home.dagster


def write_environment(folder: Path, home: Home, playbook: Path) -> Path:
    """The file that `dg` reads in `folder`; one that is there already is somebody's own and stays as it is."""
    path = folder / ENVIRONMENT_FILE
    if not path.exists():
        values = {"DAGSTER_HOME": home.dagster, "WARRANT_HOME": home.root, "WARRANT_PLAYBOOK": playbook.resolve()}
        path.write_text("".join(f'{name}="{value}"\n' for name, value in values.items()), encoding="utf-8")
    return path


if __name__ == "__main__":
    the_home = find_home(os.environ)
    prepare_storage(the_home)
    write_environment(Path.cwd(), the_home, Path(os.environ.get("WARRANT_PLAYBOOK", EXAMPLE)))
