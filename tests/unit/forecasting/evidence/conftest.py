"""Simulated worlds: who was drawn or chosen, and what everybody brings window by window."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from forecasting.evidence.draws import Draws

MOMENT = np.datetime64("2026-03-01", "us")


def _draws(windows: Any, is_treated: Any, *, propensity: Any = None, cluster: Any = None, arm: str = "mail") -> Draws:
    windows = np.asarray(windows, dtype=np.float64)
    unit = np.array([f"u{number:05d}" for number in range(len(windows))], dtype=object)
    return Draws(
        unit=unit,
        cluster=unit if cluster is None else np.asarray(cluster, dtype=object),
        arm=np.where(is_treated, arm, "nothing").astype(object),
        assigned_at=np.full(len(unit), MOMENT),
        outcome=windows[:, 0],
        earlier=windows[:, 1:],
        propensity=propensity,
    )


@pytest.fixture
def draws_of() -> Callable[..., Draws]:
    """One draw of every unit from windows (latest first) and who was treated."""
    return _draws


@pytest.fixture
def spending() -> Callable[..., np.ndarray]:
    """Spend by window with a level of each unit's own: shape (units, windows), latest first."""

    def build(draw: np.random.Generator, units: int, windows: int = 6, *, noise: float = 8.0) -> np.ndarray:
        return np.asarray(100 + 20 * draw.standard_normal((units, 1)) + noise * draw.standard_normal((units, windows)))

    return build
