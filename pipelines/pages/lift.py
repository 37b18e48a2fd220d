"""The page of what sending has changed: one file that opens anywhere, pictures included."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipelines.lifting import told_in_full
from pipelines.pages import write_page
from pipelines.pages.lift_pictures import differences_picture, overview_picture, windows_picture
from pipelines.pages.lift_words import half_width, number, short

VERDICTS = {
    "lift": "lift",
    "loss": "loss",
    "none_found": "no effect found",
    "cannot_tell": "cannot be told",
    "nothing_to_compare": "nothing to compare",
}
GRADES = {
    "randomised": "measured: drawn by lot",
    "adjusted": "estimated, adjusted for who was chosen",
    "assumed": "assumed: no comparison holds",
}


def lift_page(document: Mapping[str, Any]) -> str:
    """The page as HTML.

    Args:
        document: As `pipelines.lifting.measure_lift` gives it.
    """
    from jinja2 import Environment, StrictUndefined

    template = files("pipelines.pages").joinpath("lift.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"amount": number, "half_width": half_width, "short": short}
    full = [
        {"facts": one, "windows": windows_picture(one), "differences": differences_picture(one)}
        for one in told_in_full(document)
    ]
    return environment.from_string(template).render(
        lift=document,
        full=full,
        overview=overview_picture(document["comparisons"]) if len(document["comparisons"]) > 1 else None,
        verdicts=VERDICTS,
        grades=GRADES,
    )


def write_lift_page(document: Mapping[str, Any], path: Path) -> Path:
    """Write the page.

    Raises:
        UsageError: It cannot be written there.
    """
    return write_page(lift_page(document), path)
