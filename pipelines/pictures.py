"""Pictures for Dagster's asset pages, as data addresses: what a person would rather look at than read."""

import base64
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecasting.values import Cadence

DAYS_SHOWN = 28
DATES_SHOWN = 6
SECONDS_PER_DAY = 86_400
GREEN, GREY = "#2a7f62", "#b8bfc6"


def decisions_picture(plays: Sequence[Mapping[str, Any]]) -> str:
    """Sends and held-out customers per play and channel.

    Args:
        plays: Rows of the day sheet: `play`, `channel`, `sent`, `held_out`.
    """
    figure = picture_figure(height=0.9 + 0.42 * max(len(plays), 1))
    axes = figure.add_subplot()
    names = [f"{row['play']} · {row['channel']}" for row in plays]
    sent = np.array([row["sent"] for row in plays], dtype=float)
    held_out = np.array([row["held_out"] for row in plays], dtype=float)
    places = np.arange(len(plays))
    axes.barh(places, sent, color=GREEN, label="sent")
    axes.barh(places, held_out, left=sent, color=GREY, label="held out")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("customers")
    if len(plays):
        figure.legend(frameon=False, loc="outside upper right", ncols=2)
    return picture_address(figure)


def rhythm_picture(cadence: "Cadence", as_of: datetime) -> str:
    """How many (customer, category) pairs are due on each of the coming days, and how likely purchases are."""
    figure = picture_figure(height=3.0)
    due, chance = figure.subplots(1, 2)
    moment = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    days = (cadence.due_at.astype("datetime64[us]") - moment) / np.timedelta64(1, "D")
    due.hist(days[(days >= 0) & (days < DAYS_SHOWN)], bins=np.arange(DAYS_SHOWN + 1), color=GREEN)
    due.set_xlabel("days until due")
    due.set_ylabel("customer and category")
    chance.hist(cadence.p_purchase, bins=np.linspace(0, 1, 21), color=GREY)
    chance.set_xlabel("P(purchase in the window | no touch)")
    return picture_address(figure)


def confidence_picture(confidence: Mapping[str, Sequence[int]]) -> str:
    """Which share of the open beliefs of a kind lies in each tenth of confidence, a line per kind."""
    figure = picture_figure(height=3.0)
    axes = figure.add_subplot()
    for kind, tenths in sorted(confidence.items()):
        edges = np.linspace(0, 1, len(tenths) + 1)
        number = sum(tenths)
        label = f"{kind.removeprefix('Customer ')} ({number:,})"
        axes.stairs(np.array(tenths) / max(number, 1), edges, label=label, linewidth=1.8)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of open beliefs")
    figure.legend(frameon=False, loc="outside right upper")
    return picture_address(figure)


def growth_picture(growth: Sequence[Mapping[str, Any]]) -> str:
    """Relationships and nodes of the graph at each moment that was related."""
    figure = picture_figure(height=3.0)
    axes = figure.add_subplot()
    moments = [datetime.fromisoformat(row["as_of"]) for row in growth]
    days = np.array([moment.timestamp() for moment in moments]) / SECONDS_PER_DAY
    for name, colour in (("relationships", GREEN), ("nodes", GREY)):
        axes.plot(days, np.array([row[name] for row in growth]), "o-", color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    step = max(len(moments) // DATES_SHOWN, 1)
    axes.set_xticks(days[::step], [f"{moment:%Y-%m-%d}" for moment in moments[::step]])
    figure.legend(frameon=False, loc="outside right upper")
    return picture_address(figure)


def picture_figure(*, height: float) -> "Figure":
    """A figure as wide as every picture here.

    Args:
        height: In inches.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(8, height), layout="constrained")


@contextmanager
def missing_letters_as_boxes() -> Iterator[None]:
    """A letter that the font lacks is drawn as an empty box, and nobody is warned of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def picture_address(figure: "Figure") -> str:
    """The figure as a PNG in a data address."""
    import matplotlib as mpl
    from matplotlib.text import Text

    content = io.BytesIO()
    # what people call things is drawn as it is: `$` begins no formula
    with mpl.rc_context({"text.parse_math": False}), missing_letters_as_boxes():
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        figure.savefig(content, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
