"""How long the stages of something take; for rivals as well, so it imports nothing."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def timed(seconds: dict[str, float], name: str, work: Callable[[], Result]) -> Result:
    """What came out; how long it took is noted."""
    began = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - began
    return result
