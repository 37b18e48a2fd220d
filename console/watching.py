"""Progress on stderr: a live line per step on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from pipelines.pacing import Paced
from pipelines.progress import Progress


class PlainProgress:
    """One line per event, for logs and for programs that follow along."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

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

    def _say(self, text: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(f"{text}\n")
        stream.flush()


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
        self._status.update(f"[bold]{step}[/] [dim]{escape(text)}[/]")

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Tick the step off."""
        line = f"[green]✓[/] [bold]{step:<9}[/] [dim]{seconds:6.1f} s[/]  {escape(text)}"
        self._console.print(line, highlight=False)

    def skipped(self, step: str, text: str) -> None:
        """Show that the step was done before."""
        self._console.print(f"[dim]· {step:<9}   before  {escape(text)}[/]", highlight=False)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()


@contextmanager
def watch() -> Iterator[Progress]:
    """The right kind of progress for this stderr; what nobody watches live says what it is at once a second at most."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Paced(PlainProgress())
        return
    with LiveProgress(console) as progress:
        yield progress
