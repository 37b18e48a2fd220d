"""Waiting for somebody else's work no longer than promised, even when it cannot be ended."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class StillAtItError(Exception):
    """The work went on past the deadline; nobody waits for it any more."""


class _Work(threading.Thread, Generic[Result]):
    """Does the work in a thread of its own, which no exit of the program waits for."""

    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(name="warrant-question", daemon=True)
        self._work = work
        self.results: list[Result] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do it, and keep what came out for whoever waits."""
        try:
            self.results.append(self._work())
        except BaseException as error:  # noqa: BLE001  (raised again where somebody waits for it)
            self.error = error


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What the work returns or raises, if it is done in time.

    Raises:
        StillAtItError: It is not; it goes on by itself until it ends, and its result is thrown away.
    """
    thread = _Work(work)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise StillAtItError
    if thread.error is not None:
        raise thread.error
    return thread.results[0]
