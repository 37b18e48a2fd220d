"""The page of the graph's health: one file that opens anywhere, pictures included."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipelines.health import LEVELS
from pipelines.pages import write_page
from pipelines.pictures import confidence_picture, growth_picture

WORDS = {"ok": "well", "warning": "worth a look", "alarm": "ill"}


def health_page(playbook: str, measured: Mapping[str, Any]) -> str:
    """The page as HTML.

    Args:
        playbook: Name of the playbook.
        measured: As `pipelines.health.health_now` gives it.
    """
    from jinja2 import Environment, StrictUndefined

    template = files("pipelines.pages").joinpath("health.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True, undefined=StrictUndefined)
        .from_string(template)
        .render(
            playbook=playbook,
            health=measured,
            words=WORDS,
            findings=sorted(measured["findings"], key=lambda one: -LEVELS.index(one["level"])),
            confidence_picture=confidence_picture(measured["confidence"]) if measured["confidence"] else None,
            growth_picture=growth_picture(measured["growth"]),
        )
    )


def write_health_page(playbook: str, measured: Mapping[str, Any], path: Path) -> Path:
    """Write the page.

    Raises:
        UsageError: It cannot be written there.
    """
    return write_page(health_page(playbook, measured), path)
