"""How steps tell what they are doing. The console shows it; a Dagster run writes it to its log."""

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a day being run."""

    def started(self, step: str) -> None:
        """The step begins."""

    def doing(self, step: str, text: str) -> None:
        """The step is at `text` now."""

    def finished(self, step: str, seconds: float, text: str) -> None:
        """The step is done and committed; `text` says what came out."""

    def skipped(self, step: str, text: str) -> None:
        """The step was done before and is not repeated."""


class Silence:
    """Nobody watches."""

    def started(self, step: str) -> None:
        """Say nothing."""

    def doing(self, step: str, text: str) -> None:
        """Say nothing."""

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Say nothing."""

    def skipped(self, step: str, text: str) -> None:
        """Say nothing."""
