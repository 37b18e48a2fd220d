"""Fewer words: of all that a step says it is doing, at most one line a second, for logs that nobody watches live."""

import math
import time
from collections.abc import Callable

from pipelines.progress import Progress

SECONDS = 1.0


class Paced:
    """Passes everything on but the lines on what a step is at that follow too soon upon another."""

    def __init__(self, progress: Progress, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = progress
        self._clock = clock
        self._said_at: dict[str, float] = {}

    def started(self, step: str) -> None:
        """The step begins."""
        self._progress.started(step)

    def doing(self, step: str, text: str) -> None:
        """The step is at `text`; said unless it said something less than a second ago."""
        now = self._clock()
        if now - self._said_at.get(step, -math.inf) >= SECONDS:
            self._said_at[step] = now
            self._progress.doing(step, text)

    def finished(self, step: str, seconds: float, text: str) -> None:
        """The step is done."""
        self._progress.finished(step, seconds, text)

    def skipped(self, step: str, text: str) -> None:
        """The step was done before."""
        self._progress.skipped(step, text)
