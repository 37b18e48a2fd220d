"""The page of what agents can and cannot do: one file that opens anywhere, for everybody to read."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pipelines.pages import write_page

HEADINGS: Final[Mapping[str, str]] = {
    "goal": "What it is for",
    "may": "What it can do by itself",
    "asks": "When it asks first",
    "never": "What it cannot do",
    "limits": "What it never exceeds",
    "reviews": "Who looks at it, and when",
}
"""The parts of a page in their order, with what stands above them."""


def remits_page(document: Mapping[str, Any]) -> str:
    """The page as HTML; `document` as `pipelines.remit_answers.remit_pages` gives it."""
    from jinja2 import Environment, StrictUndefined

    template = files("pipelines.pages").joinpath("remits.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template).render(page=document, headings=HEADINGS)


def write_remits_page(document: Mapping[str, Any], path: Path) -> Path:
    """Write the page.

    Raises:
        UsageError: It cannot be written there.
    """
    return write_page(remits_page(document), path)
