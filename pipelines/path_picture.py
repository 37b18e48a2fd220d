"""The picture of a decision: its literal path through the graph, with what was refused in grey beside it."""

import base64
import io
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import UsageError
from pipelines.pictures import missing_letters_as_boxes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from networkx import MultiDiGraph

FORMATS = (".svg", ".png")
COLOURS: Mapping[str, str] = {
    "Customer": "#2a7f62",
    "Motive": "#7a4fa3",
    "Asset": "#2f6db3",
    "Offer": "#b3472f",
    "Channel": "#41505e",
}
KNOWN_ABOUT = "#b07d1e"
"""Colour of what evidence and motives are about: categories, products, topics, accounts, ….."""
GREY, PALE = "#6b7480", "#f1f3f5"
PLACES: Mapping[str, float] = {"Customer": 0.0, "Motive": 2.0, "Asset": 3.3, "Offer": 4.0, "Channel": 4.7}
BESIDE = 1.0
ABOVE = 1.15
STEP_DOWN = 0.62
LETTERS = 24
SHOWN_FACTS = 2


def draw_path(card: Mapping[str, Any], path: Path) -> Path:
    """Draw the path of a decision: customer, evidence, motive, asset, channel, and the alternatives in grey.

    Args:
        card: The object of `warrant why`.
        path: Where to; its ending says the format, `.svg` or `.png`.

    Returns:
        The absolute path.

    Raises:
        UsageError: The ending is another one, or there is no such folder.
    """
    picture_path(path)
    with missing_letters_as_boxes():
        return written(lambda: _figure(card), path)


def path_address(card: Mapping[str, Any]) -> str:
    """The same picture as a PNG in a data address, for a page."""
    content = io.BytesIO()
    with missing_letters_as_boxes():
        _figure(card).savefig(content, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def picture_path(path: Path) -> None:
    """Make sure that a picture can be written there.

    Raises:
        UsageError: The ending is none of `FORMATS`, or there is no such folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"a picture ends in {' or '.join(FORMATS)}.", where=f"--picture {path}", remedy="Name it like why.svg."
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            "there is no such folder.", where=str(path.absolute().parent), remedy="Create it, or choose another."
        )


def written(draw: "Callable[[], Figure]", path: Path) -> Path:
    """Draw a figure into a file: letters stay letters, to be searched, and the same figure is the same file."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "warrant"}):
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        draw().savefig(str(path), format=path.suffix.lower()[1:], dpi=160, metadata=metadata)
    return path.absolute()


def decision_graph(card: Mapping[str, Any]) -> "MultiDiGraph":
    """The path as a graph: nodes `Label/key` with `text`, `colour`, `place` and `is_refused`, edges with `text`."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    above: list[str] = []
    start = f"Customer/{card['customer_id']}"
    for node in dict.fromkeys([start, *_nodes(card["path"])]):
        label = node.split("/", 1)[0]
        if label not in PLACES or label == "Offer":
            above.append(node)
        graph.add_node(node, text=_text(node, card), colour=COLOURS.get(label, KNOWN_ABOUT), is_refused=False)
        graph.nodes[node]["place"] = (PLACES.get(label, BESIDE), 0.0)
    beside = [node for node in above if not node.startswith("Offer/")]
    for number, node in enumerate(beside):
        graph.nodes[node]["place"] = (BESIDE + 1.35 * number, ABOVE + 0.55 * (number % 2))
    for node in above:
        if node not in beside:
            graph.nodes[node]["place"] = (PLACES["Offer"], ABOVE)
    for step in card["path"]:
        graph.add_edge(step["from"], step["to"], text=_edge_text(step))
    for number, other in enumerate(card["alternatives"]):
        node = f"Alternative/{number}"
        text = _wrapped(f"{other['title']} by {other['channel']}")
        graph.add_node(node, text=text, colour=GREY, is_refused=True, why_not=other["why_not"])
        graph.nodes[node]["place"] = (PLACES["Asset"], -(number + 1) * STEP_DOWN - 0.15)
        source = next((one for one in graph if one.startswith("Motive/")), start)
        graph.add_edge(source, node, text="")
    return graph


def _figure(card: Mapping[str, Any]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    graph = decision_graph(card)
    lowest = min(data["place"][1] for _, data in graph.nodes(data=True))
    highest = max(data["place"][1] for _, data in graph.nodes(data=True))
    widest = max(PLACES["Channel"], *(data["place"][0] for _, data in graph.nodes(data=True)))
    figure = Figure(figsize=(13.3, max(1.5 * (highest - lowest) + 2.2, 4.2)), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(-0.5, widest + 0.6)
    axes.set_ylim(lowest - 0.5, highest + 0.6)
    axes.set_axis_off()
    axes.set_title(_title(card), loc="left", fontsize=15, fontweight="bold")
    figure.text(0.012, 0.015, _footer(card), fontsize=10, color="#41505e")
    boxes = {node: _box(axes, data) for node, data in graph.nodes(data=True)}
    # boxes know their size only when drawn, and arrows end at them
    canvas.draw()  # type: ignore[no-untyped-call]
    for source, target, data in graph.edges(data=True):
        _arrow(axes, graph, boxes, (source, target, data["text"]))
    return figure


def _box(axes: "Axes", data: Mapping[str, Any]) -> "Text":
    x, y = data["place"]
    look = {"boxstyle": "round,pad=0.55", "edgecolor": data["colour"], "linewidth": 1.6}
    fill = PALE if data["is_refused"] else data["colour"]
    box = axes.text(
        x,
        y,
        data["text"],
        ha="center",
        va="center",
        fontsize=11,
        color=GREY if data["is_refused"] else "white",
        bbox={**look, "facecolor": fill, "linestyle": "--" if data["is_refused"] else "-"},
        zorder=3,
    )
    if data["is_refused"]:
        axes.text(x + 0.62, y, _wrapped(data["why_not"], 44), ha="left", va="center", fontsize=10.5, color=GREY)
    return box


def _arrow(axes: "Axes", graph: "MultiDiGraph", boxes: Mapping[str, "Text"], edge: tuple[str, str, str]) -> None:
    source, target, text = edge
    start, end = graph.nodes[source]["place"], graph.nodes[target]["place"]
    is_refused = graph.nodes[target]["is_refused"]
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": GREY if is_refused else "#41505e",
            "linestyle": "--" if is_refused else "-",
            "linewidth": 1.0 if is_refused else 1.6,
            # down and then across, so that none passes behind the one above it
            "connectionstyle": "angle,angleA=-90,angleB=180,rad=8" if is_refused else "arc3",
            "patchA": boxes[source].get_bbox_patch(),
            "patchB": boxes[target].get_bbox_patch(),
            "shrinkA": 2,
            "shrinkB": 2,
        },
        zorder=2,
    )
    if text:
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        axes.text(
            *middle,
            text,
            ha="center",
            va="center",
            fontsize=9.5,
            color="#41505e",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
            zorder=4,
        )


def _nodes(path: list[Mapping[str, Any]]) -> Iterator[str]:
    for step in path:
        yield from (step["from"], step["to"])


def _text(node: str, card: Mapping[str, Any]) -> str:
    label, _, key = node.partition("/")
    if label == "Motive":
        key = key.split(":", 1)[0]
    if label == "Asset":
        key = card["action"].get("title") or key
    return f"{label.upper()}\n{_wrapped(key)}"


def _edge_text(step: Mapping[str, Any]) -> str:
    """The type, with its confidence and a fact or two: the numbers first, and no times."""
    known = step.get("properties", {})
    facts = [f"{name} {value:g}" for name, value in known.items() if isinstance(value, int | float)]
    if "rule" in known:
        facts = [str(known["rule"]), *[fact for fact in facts if fact.startswith("confidence")]]
    return "\n".join([step["type"], *facts[:SHOWN_FACTS]])


def _title(card: Mapping[str, Any]) -> str:
    if card["action"]["verb"] == "none":
        return _wrapped(f"Customer {card['customer_id']}: say nothing ({card['action']['none_reason']})", 100)
    return _wrapped(card["motive"]["sentence"], 100)


def _footer(card: Mapping[str, Any]) -> str:
    said = [f"decided for {card['as_of_day']}", f"run {card['run_id']}"]
    if card["confidence"] is not None:
        worth = card["value"]["total"]
        grade = card["evidence_grade"]
        said = [f"worth {worth:,.4f} {card['currency']}", f"confidence {card['confidence']:.2f} ({grade})", *said]
    if card["action"]["is_ghost"]:
        said = ["held out: recorded, never sent", *said]
    return "  ·  ".join(said)


def _wrapped(text: str, letters: int = LETTERS) -> str:
    lines = textwrap.wrap(text.replace("$", r"\$"), letters, break_long_words=True)
    return "\n".join(lines)
