"""A fresh world per test, on the session's graph server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph import local
from tests.scenarios.world import World, fresh_world


@pytest.fixture
def world(tmp_path: Path, embedded_server: local.Server) -> Iterator[World]:
    with fresh_world(tmp_path, embedded_server) as made:
        yield made
