"""Small words for limits and options in tests of allocation; an option without an asset is of asset 0."""

from collections.abc import Sequence

import numpy as np

from decisioning.limits import Family, Limits, Unit
from decisioning.options import Options

CHANNELS = 2


def on_channel(
    name: str, unit: Unit, channel: int, most: float, *, channels: int = CHANNELS, assets: int = 1
) -> Family:
    """A limit of one channel."""
    group = np.full((assets, channels), -1, dtype=np.int32)
    group[:, channel] = 0
    return Family(name, unit, np.array([float(most)]), np.zeros(1), group)


def total(name: str, unit: Unit, most: float) -> Family:
    """A limit over everything."""
    return Family(name, unit, np.array([float(most)]), np.zeros(1))


def options(rows: Sequence[tuple[int, int, float, float]]) -> Options:
    """Customer, channel, touch cost and value of each."""
    customer, channel, cost, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Options(
        np.array(customer, dtype=np.int32),
        np.zeros(len(rows), dtype=np.int32),
        np.array(channel, dtype=np.int32),
        np.array(value, dtype=np.float64),
        np.array(cost, dtype=np.float64),
        np.zeros(len(rows)),
        np.zeros(len(rows)),
    )


def exceeded(given: Options, limits: Limits, chosen: np.ndarray) -> list[str]:
    """The limits that choices exceed, in whole amounts."""
    rows = chosen[chosen >= 0]
    totals = given.take(rows).uses(limits).totals(limits)
    return [
        family.name_of(at)
        for family, used in zip(limits, totals, strict=True)
        for at in np.flatnonzero(used > family.whole_most).tolist()
    ]
