"""What a backtest looks like: its curves side by side, with the diagonal where a forecast should lie on it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecasting.backtest import Backtest, Curve
from pipelines.path_picture import written
from pipelines.pictures import GREEN, GREY, missing_letters_as_boxes, picture_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (GREEN, "#b5673b", "#4a6fa5", "#8a6d9e", "#b89b2e", "#5f8f8b", "#a3566f", "#7a7a52")
INCHES_PER_CURVE = 3.4


def backtest_figure(backtest: Backtest) -> "Figure":
    """The curves of a backtest, one below the other."""
    figure = picture_figure(height=INCHES_PER_CURVE * max(len(backtest.curves), 1))
    places = figure.subplots(max(len(backtest.curves), 1), 1, squeeze=False)[:, 0]
    for curve, axes in zip(backtest.curves, places, strict=False):
        _draw(curve, axes)
    return figure


def save_backtest_picture(backtest: Backtest, path: Path) -> Path:
    """Draw a backtest into an SVG file; the same backtest gives the same file."""
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"text.parse_math": False}), missing_letters_as_boxes():  # `$` begins no formula
        return written(lambda: backtest_figure(backtest), path)


def _draw(curve: Curve, axes: "Axes") -> None:
    for number, (name, (x, y)) in enumerate(curve.series.items()):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            x,
            y,
            "o" if curve.kind == "points" else "o-",
            color=colour,
            label=name.replace("_", " "),
            markersize=3,
            linewidth=1.6,
        )
        if name in curve.bands:
            low, high = curve.bands[name]
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    if curve.kind == "reliability" and curve.series:
        ends = np.array([0.0, max(float(np.nanmax(np.concatenate(pair))) for pair in curve.series.values())])
        axes.plot(ends, ends, "--", color=GREY, label="as it should be")
    axes.set_title(curve.title, fontsize=10, loc="left")
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
