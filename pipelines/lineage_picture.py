"""The picture of a lineage: what something was made from on its left, what came of it on its right, stage by stage."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graph.lineage import STAGES
from pipelines.path_picture import picture_path, written
from pipelines.pictures import missing_letters_as_boxes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from networkx import DiGraph

SHOWN = 8
"""Nodes of one stage that are drawn each; the others are one box that says how many they are."""
LETTERS = 22
COLOURS: Mapping[str, str] = {
    "customer": "#2a7f62",
    "fact": "#b07d1e",
    "row": "#b07d1e",
    "decision": "#7a4fa3",
    "asset": "#2f6db3",
    "batch": "#2f6db3",
    "outcome": "#b3472f",
}
OTHER, ASKED = "#41505e", "#b3472f"


def draw_lineage(found: "DiGraph", asked: Sequence[str], path: Path) -> Path:
    """Draw a lineage from left to right.

    Args:
        found: The lineage, as `graph.lineage` makes it.
        asked: The nodes it is the lineage of; they get a thick frame.
        path: Where to; its ending says the format, `.svg` or `.png`.

    Returns:
        The absolute path.

    Raises:
        UsageError: The ending is another one, or there is no such folder.
    """
    picture_path(path)
    with missing_letters_as_boxes():
        return written(lambda: _figure(found, asked), path)


def shown_lineage(found: "DiGraph", asked: Sequence[str]) -> "DiGraph":
    """The lineage as it is drawn: nodes with `text`, `kind` and `place` (column, row); of many alike, one for the rest.

    Nothing that was asked for is ever among the rest, and every edge leads to what stands for its end.
    """
    import networkx as nx

    drawn = nx.DiGraph()
    stands_for: dict[str, str] = {}
    stages = [stage for stage in STAGES if any(kind == stage for _, kind in found.nodes(data="kind"))]
    for column, stage in enumerate(stages):
        alike = sorted(node for node, kind in found.nodes(data="kind") if kind == stage)
        alike.sort(key=lambda node: node not in asked)
        wanted = max(SHOWN, sum(node in asked for node in alike))
        each = alike if len(alike) <= wanted + 1 else alike[:wanted]
        for row, node in enumerate(each):
            stands_for[node] = node
            drawn.add_node(node, text=found.nodes[node]["text"], kind=stage, place=(column, row))
        if rest := alike[len(each) :]:
            name = f"{stage}/…"
            stands_for |= dict.fromkeys(rest, name)
            drawn.add_node(name, text=f"… and {len(rest):,} more", kind=stage, place=(column, len(each)))
    drawn.add_edges_from({(stands_for[one], stands_for[other]) for one, other in found.edges()})
    return drawn


def _figure(found: "DiGraph", asked: Sequence[str]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = shown_lineage(found, asked)
    columns = 1 + max(column for _, (column, _) in drawn.nodes(data="place"))
    rows = 1 + max(row for _, (_, row) in drawn.nodes(data="place"))
    figure = Figure(figsize=(max(2.3 * columns, 6.0), max(0.95 * rows + 1.2, 3.0)), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(rows - 0.4, -1.0)
    axes.set_axis_off()
    axes.set_title(_plain(f"Lineage of {', '.join(asked)}"), loc="left", fontsize=13, fontweight="bold")
    boxes = {}
    for node, data in drawn.nodes(data=True):
        colour = COLOURS.get(data["kind"], OTHER)
        is_asked = node in asked
        look = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": ASKED if is_asked else colour}
        column, row = data["place"]
        boxes[node] = axes.text(
            column,
            row,
            f"{data['kind'].upper()}\n{_wrapped(data['text'])}",
            ha="center",
            va="center",
            fontsize=8.5,
            color=colour,
            bbox={**look, "linewidth": 2.6 if is_asked else 1.2},
            zorder=3,
        )
    # boxes know their size only when drawn, and arrows end at them
    canvas.draw()  # type: ignore[no-untyped-call]
    for one, other in sorted(drawn.edges()):
        arrow = {"arrowstyle": "-|>", "color": "#9aa5b1", "linewidth": 0.9, "connectionstyle": "arc3,rad=0.06"}
        ends = {"patchA": boxes[one].get_bbox_patch(), "patchB": boxes[other].get_bbox_patch()}
        start, end = drawn.nodes[one]["place"], drawn.nodes[other]["place"]
        axes.annotate("", xy=end, xytext=start, arrowprops={**arrow, **ends, "shrinkA": 2, "shrinkB": 2}, zorder=2)
    return figure


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(_plain(text), LETTERS, break_long_words=True)[:3])


def _plain(text: str) -> str:
    """A dollar would begin a formula."""
    return text.replace("$", r"\$")
