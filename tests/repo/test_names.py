"""Flat top-level packages have plain names; these rules keep them ours and keep vague names out."""

import importlib.metadata
import sys
from pathlib import Path

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def test_no_other_installed_distribution_claims_the_name_of_a_room(rooms: tuple[str, ...]) -> None:
    claims = importlib.metadata.packages_distributions()
    claimed = {room: set(claims.get(room, [])) - {"warrant"} for room in rooms}
    assert claimed == {room: set() for room in rooms}


def test_no_folder_on_the_search_path_hides_a_room(root: Path, rooms: tuple[str, ...]) -> None:
    # In an in-place installation site-packages is searched first: whatever lies there under our name wins.
    elsewhere = [Path(entry) for entry in sys.path if Path(entry).resolve() != root]
    hiding = [str(found) for folder in elsewhere for room in rooms for found in (folder / room, folder / f"{room}.py")]
    assert [path for path in hiding if Path(path).exists()] == []


def test_no_room_and_no_module_is_named_like_an_installed_library(modules: tuple[Path, ...]) -> None:
    # `graph/neo4j.py` reads like the driver and shadows it for whoever runs the file by its path.
    libraries = {"arcadedb", "dagster", "deltalake", "duckdb", "lark", "matplotlib", "neo4j", "networkx", "numpy"}
    libraries |= {"pandas", "pandera", "pyarrow", "pydantic", "rich", "scipy", "sklearn", "typer", "yaml"}
    assert [str(path) for path in modules if path.stem in libraries] == []


def test_no_folder_or_file_has_a_name_that_says_nothing(tracked: tuple[Path, ...]) -> None:
    vague = [str(path) for path in tracked if VAGUE & {part.split(".")[0].lower() for part in path.parts}]
    assert vague == []
