"""`warrant why` and `warrant query`: ask the decisions and the graph."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.commands.arguments import PlaybookOption, open_command_day
from console.customer_card import show_customer_card
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("why", rich_help_panel="Asking", epilog="Example: warrant why --customer 1234")(why)
    app.command(
        "query",
        rich_help_panel="Asking",
        epilog='Example: warrant query "MATCH (:Customer)-[:HAS_MOTIVE]->(m:Motive) RETURN m.play, count(*)"',
    )(query)


def why(
    customer: Annotated[str, typer.Option("--customer", help="The customer's id.")],
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show what was decided for a customer, and why: evidence, path, value, alternatives, refusals."""
    from pipelines.explaining import explain_customer

    day = open_command_day(playbook)
    card = explain_customer(day, customer, run_id)
    if output == Format.JSON:
        show_json(card)
    else:
        show_customer_card(people_screen(), card, day.playbook.warrant.currency)


def query(
    statement: Annotated[str, typer.Argument(metavar="CYPHER", help="A statement that only reads.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many rows.")] = 1000,
    seconds: Annotated[float, typer.Option("--timeout", min=0.1, help="Give up after so many seconds.")] = 60.0,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Ask the reasoning graph in Cypher. Statements that write are refused before they run."""
    from pipelines.graph_access import ask_graph

    with watch() as progress:
        answer = ask_graph(open_command_day(playbook, progress=progress), statement, limit=limit, seconds=seconds)
    if output == Format.JSON:
        show_json(answer)
    else:
        _show_answer(people_screen(), answer, limit)


def _show_answer(screen: Console, answer: dict[str, Any], limit: int) -> None:
    rows = answer["rows"]
    table = Table(header_style="bold", pad_edge=False)
    for column in answer["columns"]:
        is_number = all(isinstance(row[column], int | float | None) for row in rows)
        table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[column] is None else str(row[column])) for column in answer["columns"]))
    screen.print(table)
    more = f"; there are more, stopped at --limit {limit}" if answer["is_cut"] else ""
    screen.print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}{more}", style="dim", highlight=False)
