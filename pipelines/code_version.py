"""Which code decided: a digest over the source of every room, the same wherever it is installed."""

import functools
import hashlib
import importlib
from pathlib import Path

ROOMS = ("lake", "graph", "forecasting", "decisioning", "pipelines")


@functools.cache
def code_version() -> str:
    """SHA-256 over names and bytes of the modules and questions of all rooms below the console."""
    running = hashlib.sha256()
    for room in ROOMS:
        folder = Path(str(importlib.import_module(room).__file__)).parent
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".cypher", ".lark"):
                content = path.read_bytes()
                running.update(f"{room}/{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
                running.update(content)
    return running.hexdigest()
