"""How the rooms are built: who may import whom, how long a module is, that each says what it is for."""

import ast
import subprocess
import sys
from pathlib import Path

LONGEST_MODULE = 400
COMPILED = {"decisioning/kernel.py", "decisioning/allocate_kernels.py"}
"""Loops that numba compiles and caches; the cache does not notice what changes in another file than theirs."""


def test_the_rooms_import_only_what_the_contracts_allow(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    finished = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_module_says_what_it_is_for(root: Path, modules: tuple[Path, ...]) -> None:
    silent = [str(path) for path in modules if not ast.get_docstring(ast.parse((root / path).read_text()))]
    assert silent == []


def test_no_module_is_too_long_to_read_in_one_sitting(root: Path, modules: tuple[Path, ...]) -> None:
    lengths = {str(path): len((root / path).read_text().splitlines()) for path in modules}
    assert {
        path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE and str(path) not in COMPILED
    } == {}
