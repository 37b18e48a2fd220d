"""`warrant graph lineage`: what something was made from, and what came of it."""

import os
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import people_screen, remember_format, show_json
from console.watching import watch
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from networkx import DiGraph

SHOWN = 12
HEADINGS = {
    "source": "source files",
    "table": "tables",
    "row": "rows of evidence",
    "fact": "kinds of facts",
    "view": "view",
    "model": "forecasts",
    "code": "code",
    "playbook": "playbook",
    "policy": "policies",
    "run": "runs",
    "customer": "customers",
    "asset": "assets",
    "decision": "decisions",
    "batch": "export batches",
    "outcome": "outcomes",
}


class LineageFormat(StrEnum):
    """How a lineage is printed."""

    TEXT = "text"
    JSON = "json"
    PROV = "prov"
    DOT = "dot"


def _remember_format(context: typer.Context, value: LineageFormat) -> LineageFormat:
    # whoever asks for a document of any kind gets an error as one, too
    remember_format(context, LineageFormat.JSON if value == LineageFormat.PROV else value)
    return value


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lineage", epilog="Example: warrant graph lineage decision/20a2363f --up")(show_lineage)


def show_lineage(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="customer/…, decision/…, run/…, table/…, asset/… or policy/….")
    ],
    *,
    is_up: Annotated[bool, typer.Option("--up", help="Only what it was made from.")] = False,
    is_down: Annotated[bool, typer.Option("--down", help="Only what came of it.")] = False,
    run_id: Annotated[
        str | None, typer.Option("--run", help="Follow this run only; without it the last decided one, or all.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw it into this file too, an .svg or .png.")
    ] = None,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: Annotated[
        LineageFormat,
        typer.Option(
            "--format",
            help="`text` for people, `json` for programs, `prov` as PROV-JSON of the W3C, `dot` for Graphviz.",
            callback=_remember_format,
        ),
    ] = LineageFormat.TEXT,
) -> None:
    """Follow something to its sources, and to what came of it: files, tables, facts, runs, decisions, exports."""
    from graph.lineage import Direction
    from pipelines.people import acting, insist_on
    from pipelines.tracing import trace

    if is_up and is_down:
        raise UsageError("choose one of --up and --down.", where="warrant graph lineage", remedy="Neither gives both.")
    direction: Direction = "up" if is_up else "down" if is_down else "both"
    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        insist_on(acting(day.playbook, actor, os.environ), "see personal data", day.playbook)
        found = trace(day, subject, run_id=run_id, direction=direction)
    drawn = None
    if picture is not None:
        from graph.lineage import find
        from pipelines.lineage_picture import draw_lineage

        drawn = str(draw_lineage(found, find(found, subject), picture))
    if output == LineageFormat.TEXT:
        screen = people_screen()
        _show(screen, found, subject)
        if drawn is not None:
            screen.print(f"\nPicture: {drawn}", markup=False, highlight=False, soft_wrap=True)
    elif output == LineageFormat.DOT:
        typer.echo(_dot(found))
    elif output == LineageFormat.PROV:
        from graph.provenance import prov_document

        show_json(prov_document(found, day.playbook.name))
    else:
        show_json(_document(found, subject) | ({"picture": drawn} if drawn else {}))


def _document(found: "DiGraph", subject: str) -> dict[str, Any]:
    from graph.lineage import ancestors, descendants, find, in_order

    nodes = find(found, subject)
    return {
        "subject": nodes,
        "ancestors": in_order(found, ancestors(found, nodes)),
        "descendants": in_order(found, descendants(found, nodes)),
        "nodes": [{"id": node, **found.nodes[node]} for node in in_order(found, found)],
        "edges": [list(edge) for edge in sorted(found.edges())],
    }


def _show(screen: Console, found: "DiGraph", subject: str) -> None:
    from graph.lineage import ancestors, descendants, find, in_order

    nodes = find(found, subject)
    screen.print()
    for node in nodes:
        screen.print(Text.assemble((node, "bold"), f"  {found.nodes[node]['text']}"), soft_wrap=True)
    for heading, others in (("Made from", ancestors(found, nodes)), ("What came of it", descendants(found, nodes))):
        if not others:
            continue
        screen.print(f"\n[bold]{heading}[/]")
        ordered = in_order(found, others)
        counts = Counter(found.nodes[node]["kind"] for node in ordered)
        for kind, count in counts.items():
            screen.print(f"  {HEADINGS[kind]}  [dim]{count:,}[/]", highlight=False)
            of_kind = [node for node in ordered if found.nodes[node]["kind"] == kind]
            for node in of_kind[:SHOWN]:
                line = Text.assemble("    ", node, (_beside(found.nodes[node]["text"], node), "dim"))
                screen.print(line, soft_wrap=True)
            if count > SHOWN:
                screen.print(f"    … and {count - SHOWN:,} more; --format json names them all", style="dim")


def _beside(text: str, node: str) -> str:
    """What is to say about a node beyond its name."""
    return "" if node.endswith(f"/{text}") else f"  {text}"


def _dot(found: "DiGraph") -> str:
    """The lineage in the language of Graphviz, from left to right."""
    from graph.lineage import in_order

    lines = ["digraph lineage {", "  rankdir=LR; node [shape=box, style=rounded, fontname=Helvetica];"]
    lines += [f"  {_quoted(node)} [label={_quoted(found.nodes[node]['text'])}];" for node in in_order(found, found)]
    lines += [f"  {_quoted(source)} -> {_quoted(target)};" for source, target in sorted(found.edges())]
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
