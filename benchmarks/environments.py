"""Environments of rivals: each has its own packages, pinned, in the user's cache, so that none of them enters ours."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ORTOOLS = ("ortools==9.14.6206", "numpy<3", "scipy")
LIGHTGBM = ("lightgbm==4.6.0", "numpy<3", "scipy", "scikit-learn")
TABLES = (
    "polars==2.1.0",
    "duckdb==2.0.0",
    "numexpr==2.14.2",
    "networkx==3.6.1",
    "numpy==2.4.6",
    "pyarrow==26.0.1",
    "scipy==1.17.1",
)
VOWPAL_WABBIT = ("vowpalwabbit==9.11.9",)


def python_with(name: str, needs: Sequence[str]) -> Path:
    """The interpreter of an environment that has exactly these packages; made when it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "warrant" / name
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != "\n".join(needs):
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(python), *needs], check=True)
        ready.write_text("\n".join(needs), encoding="utf-8")
    return python


def said_by(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The last line that a program prints, which is JSON; it runs where `python -m benchmarks…` finds us."""
    done = subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        cwd=Path(__file__).parent.parent,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
