"""Pictures of comparisons: what both groups brought window by window, and the differences with their intervals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.pictures import GREEN, GREY, picture_address, picture_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ORANGE = "#c8702a"
MOST_ROWS = 30
OVERVIEW = {"difference afterwards": ORANGE, "the same before": GREY, "change, or measured effect": GREEN}

Facts = Mapping[str, Any]


def overview_picture(comparisons: Sequence[Facts]) -> str | None:
    """The differences of all comparisons, a row each; None where there is not one.

    Args:
        comparisons: As `pipelines.lifting.describe_comparison` gives them.
    """
    shown = [one for one in comparisons if one["naive"] is not None][:MOST_ROWS]
    if not shown:
        return None
    figure = picture_figure(height=1.2 + 0.36 * len(shown))
    axes = figure.add_subplot()
    for place, one in enumerate(shown):
        change = one["effect"] or one["difference_in_differences"]
        for move, estimate, colour in zip(
            (-0.2, 0.0, 0.2), (one["naive"], one["pre_period"], change), OVERVIEW.values(), strict=True
        ):
            _interval(axes, estimate, place + move, colour)
    for label, colour in OVERVIEW.items():
        axes.plot([], [], "o-", color=colour, label=label)
    axes.axvline(0, color="#22282d", linewidth=0.8)
    axes.set_yticks(np.arange(len(shown)), [_name(one) for one in shown])
    axes.invert_yaxis()
    axes.set_xlabel(_label(shown[0]))
    figure.legend(frameon=False, loc="outside upper right", ncols=3)
    return picture_address(figure)


def windows_picture(one: Facts) -> str | None:
    """What both groups brought in each window of the same length, oldest first; None where that is not known."""
    means = list(reversed(one["means"]))
    if len(means) < 2:  # noqa: PLR2004 - one window shows no course
        return None
    figure = picture_figure(height=2.8)
    axes = figure.add_subplot()
    places = np.arange(len(means)) - (len(means) - 1)
    axes.axvspan(-0.5, 0.5, color="#eef3f0", zorder=0)
    for group, colour, label in (("treated", GREEN, "got it"), ("untreated", GREY, "did not")):
        axes.plot(places, np.array([row[group] for row in means]), "o-", color=colour, label=label, linewidth=1.8)
    axes.set_xticks(places, [_window(int(place), one["days"]) for place in places])
    axes.margins(y=0.15)
    axes.set_ylim(bottom=min(0.0, float(axes.get_ylim()[0])))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(_label(one))
    figure.legend(frameon=False, loc="outside right upper")
    return picture_address(figure)


def differences_picture(one: Facts) -> str | None:
    """The difference afterwards, before, their change, and the placebo, with 95 % intervals."""
    rows = [
        ("Difference afterwards", one["naive"], ORANGE),
        ("The same difference before", one["pre_period"], ORANGE),
        ("Change of the difference", one["difference_in_differences"], GREEN),
        ("Placebo: that change, one period earlier", one["placebos"][0] if one["placebos"] else None, GREY),
        (f"Effect ({one['grade']})", one["effect"], GREEN),
    ]
    shown = [row for row in rows if row[1] is not None]
    if not shown:
        return None
    figure = picture_figure(height=0.9 + 0.4 * len(shown))
    axes = figure.add_subplot()
    for place, (_, estimate, colour) in enumerate(shown):
        _interval(axes, estimate, place, colour)
    axes.axvline(0, color="#22282d", linewidth=0.8)
    axes.set_yticks(np.arange(len(shown)), [name for name, _, _ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel(_label(one))
    return picture_address(figure)


def _interval(axes: "Axes", estimate: Facts | None, place: float, colour: str) -> None:
    if estimate is None:
        return
    axes.plot([estimate["low"], estimate["high"]], [place, place], color=colour, linewidth=2.2)
    axes.plot([estimate["value"]], [place], "o", color=colour)


def _label(one: Facts) -> str:
    return f"{one['outcome']} each" + (f", {one['unit']}" if one["unit"] else "")


def _name(one: Facts) -> str:
    return f"{one['name']} ({one['about']})" if one["about"] else str(one["name"])


def _window(place: int, days: float) -> str:
    if place == 0:
        return f"these\n{days:g} days"
    return "before" if place == -1 else f"{-place} before"
