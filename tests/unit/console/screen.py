"""A page as it comes out of a terminal of some width."""

import io
from collections.abc import Callable

from rich.console import Console

NARROW, WIDE = 80, 140


def printed(show: Callable[[Console], None], *, width: int = NARROW) -> str:
    """What is shown on a terminal of this width, as plain text."""
    page = io.StringIO()
    show(Console(file=page, width=width, color_system=None))
    return page.getvalue()


def words(text: str) -> str:
    """The text without line breaks, frames and runs of spaces, to look for sentences that were wrapped."""
    return " ".join(text.replace("│", " ").split())
