"""Progress on stderr: a live line per step on a terminal, plain lines elsewhere."""

import sys
from typing import Self

from rich.console import Console
from rich.status import Status


class PlainProgress:
    """One line per event, for logs and for programs that follow along."""

    def started(self, step: str) -> None:
        """Say that the step begins."""
        self._say(f"step {step} started")

    def doing(self, step: str, text: str) -> None:
        """Say what the step is at."""
        self._say(f"step {step}: {text}")

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Say that the step is committed."""
        self._say(f"step {step} finished in {seconds:.1f} s: {text}")

    def skipped(self, step: str, text: str) -> None:
        """Say that the step was done before."""
        self._say(f"step {step} skipped: {text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class LiveProgress:
    """Finished steps as a list, the running one with a spinner below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("starting", console=console)

    def started(self, step: str) -> None:
        """Show the step with a spinner."""
        self._status.update(f"[bold]{step}[/]")

    def doing(self, step: str, text: str) -> None:
        """Show what the step is at."""
        self._status.update(f"[bold]{step}[/] [dim]{text}[/]")

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Tick the step off."""
        self._console.print(f"[green]✓[/] [bold]{step:<9}[/] [dim]{seconds:6.1f} s[/]  {text}", highlight=False)

    def skipped(self, step: str, text: str) -> None:
        """Show that the step was done before."""
        self._console.print(f"[dim]· {step:<9}   before  {text}[/]", highlight=False)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()


def watch() -> PlainProgress | LiveProgress:
    """The right kind of progress for this stderr."""
    console = Console(stderr=True)
    return LiveProgress(console) if console.is_terminal else PlainProgress()
