"""Simulated randomised tests with their truth: units, arms, propensities, outcomes, and the effect of every arm.

Half of the shapes (`tree`, `threshold`, `wave`, `hurdle`) are not of our models' form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.worlds.world import Chance, Floats, Integers

FAMILIAR = ("log_odds", "line", "segments", "many_arms")
UNFAMILIAR = ("tree", "threshold", "wave", "hurdle")
SHAPES = FAMILIAR + UNFAMILIAR
CONTROL = "nothing"


@dataclass(frozen=True, eq=False)
class Experiment:
    """One sample of a randomised test, and the truth about it.

    Attributes:
        features: x0 … x7 (figures) and segment (a text).
        arm: Labels; `nothing` is the control.
        outcome: 0 or 1, or money.
        propensity: P(own arm).
        arms: Labels, the control first.
        expected: True expected outcome under every arm, shape (units, arms).
    """

    features: pd.DataFrame
    arm: np.ndarray
    outcome: Floats
    propensity: Floats
    arms: tuple[str, ...]
    expected: Floats

    @property
    def effect(self) -> Floats:
        """True effect of every arm but the control, shape (units, arms - 1)."""
        return self.expected[:, 1:] - self.expected[:, :1]


def experiment(shape: str, *, units: int, seed: int, strength: float = 1.0, part: str = "train") -> Experiment:
    """A sample of a world; the same seed with another `part` is another sample of the same world.

    Args:
        shape: One of `SHAPES`.
        units: Rows.
        seed: Of the world.
        strength: Factor on all effects; 0 makes a world without any.
        part: Names the sample.
    """
    world = Chance(seed).of(f"world {shape}")
    draw = Chance(seed).of(f"{shape} {part}")
    figures = draw.normal(size=(units, 8))
    figures[:, 5] = np.exp(figures[:, 5])
    figures[:, 6] = (figures[:, 6] > 0.5).astype(np.float64)
    segment = draw.integers(0, 6, units)
    level, effects = WORLDS[shape](world, figures, segment)
    is_money = shape in ("line", "wave", "hurdle")
    if is_money:
        expected = np.column_stack([level, level[:, None] + strength * effects])
    else:
        expected = _chance(np.column_stack([level, level[:, None] + strength * effects]))
    propensity = _propensities(world, figures, expected.shape[1])
    arm = (draw.random(units)[:, None] > np.cumsum(propensity, axis=1)[:, :-1]).sum(axis=1)
    mean = expected[np.arange(units), arm]
    outcome = _amounts(draw, mean, shape) if is_money else (draw.random(units) < mean).astype(np.float64)
    arms = (CONTROL, *(f"arm{place}" for place in range(1, expected.shape[1])))
    columns = {f"x{place}": figures[:, place] for place in range(8)}
    features = pd.DataFrame(columns).assign(segment=pd.Series([f"s{value}" for value in segment], dtype=object))
    return Experiment(
        features, np.array(arms, dtype=object)[arm], outcome, propensity[np.arange(units), arm], arms, expected
    )


def _chance(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _propensities(world: np.random.Generator, figures: Floats, arms: int) -> Floats:
    """Equal ones, unequal ones, or ones that follow a feature, by the world's draw; none below 0.03."""
    kind = world.integers(0, 3)
    weight = np.ones((len(figures), arms))
    if kind >= 1:
        weight *= world.uniform(0.6, 2.0, arms)
    if kind == 2:
        weight[:, 0] *= np.exp(0.6 * figures[:, 0].clip(-1.5, 1.5))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _amounts(draw: np.random.Generator, mean: Floats, shape: str) -> Floats:
    """Money around its mean: log-normal, and with many zeros where few buy."""
    if shape == "line":
        return np.asarray(mean + draw.normal(0, 4.0, len(mean)))
    buys = 0.15 if shape == "hurdle" else 0.6
    spread = 0.9
    size = np.exp(draw.normal(-(spread**2) / 2, spread, len(mean)))
    return np.where(draw.random(len(mean)) < buys, mean / buys * size, 0.0)


Made = tuple[Floats, Floats]


def _log_odds(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = world.uniform(-4.0, -1.5) + figures @ world.normal(0, 0.25, 8)
    effects = [world.normal(0.15, 0.15) + figures[:, :4] @ world.normal(0, 0.22, 4) for _ in range(2)]
    return level + world.normal(0, 0.3, 6)[segment], np.column_stack(effects)


def _line(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = 10 + figures @ world.normal(0, 0.8, 8) + world.normal(0, 1.0, 6)[segment]
    return level, (world.normal(0.2, 0.3) + figures @ world.normal(0, 0.25, 8))[:, None]


def _segments(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = world.uniform(-3.5, -1.5) + figures[:, :3] @ world.normal(0, 0.3, 3)
    effects = [world.normal(0.1, 0.1) + world.normal(0, 0.35, 6)[segment] for _ in range(3)]
    return level, np.column_stack(effects)


def _many_arms(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = world.uniform(-3.0, -1.5) + figures @ world.normal(0, 0.2, 8) + world.normal(0, 0.2, 6)[segment]
    shared = figures[:, :3] @ world.normal(0, 0.15, 3)
    effects = [world.normal(0.1, 0.2) + shared + figures[:, :3] @ world.normal(0, 0.1, 3) for _ in range(12)]
    return level, np.column_stack(effects)


def _tree(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    cuts = world.normal(0, 0.5, 4)
    first, second, third = world.permutation(5)[:3]
    level = world.uniform(-3.0, -1.2) + np.where(figures[:, 7] > cuts[3], 0.6, -0.3) + world.normal(0, 0.2, 6)[segment]
    leaf = np.where(figures[:, first] > cuts[0], 1, 0) * 2 + np.where(figures[:, second] > cuts[1], 1, 0)
    leaf = np.where(leaf == 3, 3 + (figures[:, third] > cuts[2]), leaf)
    return level, np.column_stack([world.normal(0.1, 0.45, 5)[leaf] for _ in range(2)])


def _threshold(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = world.uniform(-3.5, -1.5) + 0.4 * np.tanh(2 * figures[:, 1]) + world.normal(0, 0.2, 6)[segment]
    one = (figures[:, 0] > world.normal(0, 0.4)) ^ (figures[:, 2] > world.normal(0, 0.4))
    return level, (world.normal(0, 0.1) + world.uniform(0.5, 0.9) * np.where(one, 1.0, -0.5))[:, None]


def _wave(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = 8 + 2 * np.sin(2 * figures[:, 1]) + figures[:, 5].clip(0, 6) + world.normal(0, 0.5, 6)[segment]
    phase = world.uniform(0, 3, 2)
    effects = [0.3 + 1.6 * np.sin(1.5 * figures[:, 0] + phase[place]) * (figures[:, 6] + 0.5) for place in range(2)]
    return level, np.column_stack(effects)


def _hurdle(world: np.random.Generator, figures: Floats, segment: Integers) -> Made:
    level = 6 * np.exp(0.4 * figures[:, 0].clip(-2, 2)) + world.uniform(0, 1, 6)[segment]
    effect = np.where((figures[:, 3] > 0.3) & (figures[:, 5] > 0.8), world.uniform(2.0, 4.0), world.uniform(-0.6, 0.2))
    return level, effect[:, None]


WORLDS: dict[str, Callable[[np.random.Generator, Floats, Integers], Made]] = {
    "log_odds": _log_odds,
    "line": _line,
    "segments": _segments,
    "many_arms": _many_arms,
    "tree": _tree,
    "threshold": _threshold,
    "wave": _wave,
    "hurdle": _hurdle,
}
