"""Worlds to decide in."""

import pytest

from tests.unit.decisioning.world import World


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World()


@pytest.fixture
def shop(world: World) -> World:
    """One customer due for milk, one channel, and a reminder about milk."""
    world.customer("1").category("MILK", "BEER").channel("email").asset("milk-reminder", "MILK")
    return world.rhythm("1", "MILK")
