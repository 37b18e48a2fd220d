"""What the tests of the repository's own rules look at: its root and the files git tracks."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def rooms(root: Path) -> tuple[str, ...]:
    """The top-level packages, in the order in which they may import each other."""
    names = ("lake", "graph", "forecasting", "decisioning", "pipelines", "console")
    assert all((root / name / "__init__.py").is_file() for name in names)
    return names


@pytest.fixture(scope="session")
def tracked(root: Path) -> tuple[Path, ...]:
    """Every file that git tracks and that is still there, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    paths = tuple(Path(name) for name in listed.split("\0") if name and (root / name).is_file())
    assert Path("pyproject.toml") in paths, "git tracks nothing here, so that these rules would hold for an empty set"
    return paths


@pytest.fixture(scope="session")
def modules(root: Path, rooms: tuple[str, ...]) -> tuple[Path, ...]:
    """Every Python module of the rooms, tracked or not, relative to the root."""
    return tuple(path.relative_to(root) for room in rooms for path in sorted((root / room).rglob("*.py")))
