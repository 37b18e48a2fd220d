"""`warrant identity`: who is who, what is contested, and the decisions of people about it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json

Document = Mapping[str, Any]

BecauseOption = Annotated[str, typer.Option("--because", help="Why; it is recorded with who decided.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Show at most this many rows.")]

app = typer.Typer(
    cls=WarrantGroup,
    no_args_is_help=True,
    help="Who is who: ids that are one person, those that cannot be told apart, and what people decide about them.",
)


@app.command("list", epilog="Example: warrant identity list --customer 1609")
def list_aliases(
    customer: Annotated[str | None, typer.Option("--customer", help="Only what concerns this id.")] = None,
    limit: LimitOption = 1000,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show which ids stand for which customer, since when, by which identifier or whose decision."""
    from pipelines.identity_decisions import list_aliases as listed
    from pipelines.people import acting

    day = open_command_day(playbook)
    document = listed(day, acting(day.playbook, actor, day.environment), customer=customer, limit=limit)
    if output == Format.JSON:
        show_json(document)
        return
    columns = {"id": "alias", "is customer": "customer_id", "by": "decided_by", "evidence": "evidence"}
    rows = [
        [row[name] for name in columns.values()] + [_day(row["at"]), row["because"] or ""]
        for row in document["aliases"]
    ]
    _show([*columns, "since", "because"], rows, document, "No id stands for another one.")


@app.command("contested", epilog="Example: warrant identity contested --format json")
def list_contested(
    limit: LimitOption = 1000,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show ids that may be one person and are not joined, because something speaks against it."""
    from pipelines.identity_decisions import list_contested as listed
    from pipelines.people import acting

    day = open_command_day(playbook)
    document = listed(day, acting(day.playbook, actor, day.environment), limit=limit)
    if output == Format.JSON:
        show_json(document)
        return
    rows = [
        [_names(row["customers"], row["n_customers"]), ", ".join(row["evidence"]), row["because"]]
        for row in document["contested"]
    ]
    _show(["who", "evidence", "why it is contested"], rows, document, "Nothing is contested.")
    if rows:
        people_screen().print('Decide it: warrant identity merge A B --because "…"', style="dim", highlight=False)


@app.command("merge", epilog='Example: warrant identity merge 1609 2210 --because "same person, she told our support"')
def merge(
    one: Annotated[str, typer.Argument(metavar="A", help="An id: a customer's, or anonymous/VISITOR.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another id; the older of both survives.")],
    *,
    because: BecauseOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide that two ids are one person. It can be taken back: warrant identity split."""
    from pipelines.identity_decisions import merge_ids
    from pipelines.people import acting

    day = open_command_day(playbook)
    document = merge_ids(day, acting(day.playbook, actor, day.environment), one, other, because=because)
    _show_decision(document, f"{one} and {other} are one", output)


@app.command("split", epilog='Example: warrant identity split 2210 --because "father and son share the address"')
def split(
    name: Annotated[str, typer.Argument(metavar="A", help="The id that is somebody else.")],
    *,
    because: BecauseOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take an id out again: a merge by people is undone; what a rule joined is kept apart from now on."""
    from pipelines.identity_decisions import split_id
    from pipelines.people import acting

    day = open_command_day(playbook)
    document = split_id(day, acting(day.playbook, actor, day.environment), name, because=because)
    _show_decision(document, f"{name} stands for itself", output)


def _show(columns: Sequence[str], rows: Sequence[Sequence[Any]], document: Document, nothing: str) -> None:
    screen = people_screen()
    if not rows:
        screen.print(f"{nothing} As of run {document['run_id']}.", highlight=False)
        return
    table = Table(header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    screen.print(table)
    more = f"; stopped at --limit {len(rows)}" if document["is_cut"] else ""
    count = document["rows"]
    said = f"{count:,} row{'' if count == 1 else 's'}, as of run {document['run_id']}{more}"
    screen.print(said, style="dim", highlight=False)


def _show_decision(document: Document, said: str, output: Format) -> None:
    if output == Format.JSON:
        show_json(document)
        return
    screen = people_screen()
    screen.print(f"[bold]{document['decision']}[/] ", end="")
    screen.print(said, markup=False, highlight=False, soft_wrap=True)
    lines = (
        f"by       {document['decided_by']}",
        f"because  {document['because']}",
        f"It counts in every run as of a moment after {document['at'][:19].replace('T', ' ')} UTC.",
    )
    for line in lines:
        screen.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _names(customers: Sequence[str], count: int) -> str:
    more = f" and {count - len(customers):,} more" if count > len(customers) else ""
    return ", ".join(customers) + more


def _day(moment: str | None) -> str:
    return "" if moment is None else moment[:10]
