"""Dagster finds one code location, loads it quickly, and its definitions keep their annotations."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

HEAVY = ("sklearn", "numba", "neo4j", "matplotlib", "pandera")


def test_workspace_and_project_settings_name_one_code_location(root: Path) -> None:
    (entry,) = yaml.safe_load((root / "workspace.yaml").read_text())["load_from"]
    workspace = entry["python_module"]
    project = _settings(root)["dg"]["project"]
    named = (project["code_location_target_module"], project["code_location_name"])
    assert (workspace["module_name"], workspace["location_name"]) == named


def test_no_older_dagster_settings_compete_with_them(root: Path) -> None:
    assert "dagster" not in _settings(root)


def test_the_tables_of_dg_stand_together(root: Path) -> None:
    # dg refuses a pyproject.toml in which other tables stand between its own.
    lines = (root / "pyproject.toml").read_text().splitlines()
    tables = [line.strip("[]") for line in lines if line.startswith("[")]
    places = [place for place, table in enumerate(tables) if table.split(".")[:2] == ["tool", "dg"]]
    assert places == list(range(places[0], places[0] + len(places)))


def test_annotations_near_dagster_are_never_postponed(root: Path, modules: tuple[Path, ...]) -> None:
    near = [path for path in modules if path.as_posix().startswith(("pipelines/defs/", "pipelines/definitions"))]
    assert near, "there are no definitions to look at"
    postponed = [str(path) for path in near if _postpones_annotations(ast.parse((root / path).read_text()))]
    assert postponed == []


def test_loading_the_definitions_imports_nothing_heavy(root: Path) -> None:
    # Every Dagster process pays for these imports again, before it does anything.
    program = f"import json, sys, pipelines.definitions; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    finished = subprocess.run([sys.executable, "-c", program], cwd=root, check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout.splitlines()[-1]) == []


def _settings(root: Path) -> dict[str, Any]:
    tools: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    return tools


def _postpones_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(name.name == "annotations" for name in node.names)
        for node in tree.body
    )
