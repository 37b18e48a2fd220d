"""`warrant subject show|correct|erase`: what a person may ask of a company that decides about them."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.commands.assert_fact import BecauseOption
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch
from pipelines.errors import UsageError, VerificationError

SHOWN = 5
STRONGEST = 15

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="One person: what is held, put right, or erased.")
PersonArgument = Annotated[str, typer.Argument(metavar="ID", help="The customer's id, or one that was merged into it.")]


@app.command("show", epilog="Example: warrant subject show 1609")
def show(
    person: PersonArgument,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show everything held about a person, what was decided and why, and how their data was used."""
    from pipelines.people import acting
    from pipelines.subjects.showing import show as show_person

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        document = show_person(day, acting(day.playbook, actor, day.environment), person)
    if output == Format.JSON:
        show_json(document)
    else:
        _show_person(people_screen(), document)


@app.command("correct", epilog='Example: warrant subject correct 1609 --set region=North --because "they told us"')
def correct(
    person: PersonArgument,
    *,
    because: BecauseOption,
    cells: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="COLUMN=VALUE",
            help="A column of the table customers and what stands there rightly, nothing for none; or "
            "consent.CHANNEL=granted or =withdrawn. May be given several times.",
        ),
    ],
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Put right what a source says wrongly about a person; every later day's run goes by it."""
    from pipelines.people import acting
    from pipelines.subjects.correcting import correct as correct_person

    day = open_command_day(playbook)
    document = correct_person(day, acting(day.playbook, actor, day.environment), person, cells, because=because)
    if output == Format.JSON:
        show_json(document)
        return
    screen = people_screen()
    for cell in document["corrected"]:
        value = "nothing" if cell["value"] is None else cell["value"]
        _say(screen, f"{document['customer_id']}: {cell['table']} {cell['column']} is {value}")
    _say(screen, f"  by {document['by']}, because {document['because']}")
    _say(screen, f"  It counts in every run as of a moment after {document['at'][:19].replace('T', ' ')} UTC.")
    _say(screen, "  A withdrawn consent counts at once: it is read again before anything leaves.")


@app.command("erase", epilog='Example: warrant subject erase 1609 --because "asked by letter of 3 March" --yes')
def erase(
    person: PersonArgument,
    *,
    because: BecauseOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Erase a person from tables, graph, views, records, exports and history; a receipt says what was done."""
    from pipelines.people import acting
    from pipelines.subjects.erasing import erase as erase_person
    from pipelines.subjects.erasing import who_would_be_erased

    screen = people_screen()
    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    if not yes:
        if output == Format.JSON:
            raise UsageError("erasing cannot be undone.", where="--yes", remedy="Say --yes when it is really meant.")
        planned = who_would_be_erased(day, who, person)
        _say(screen, f"{planned['customer_id']} goes by {', '.join(planned['identifiers'])}")
        _say(
            screen,
            f"  {planned['decisions']:,} decisions; {len(planned['shared'])} identifiers shared with others stay.",
        )
        if not typer.confirm("Erase this person for good?"):
            raise typer.Exit(UsageError.exit_code)
    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        receipt = erase_person(day, who, person, because=because)
    if output == Format.JSON:
        show_json(receipt)
    else:
        _show_receipt(screen, receipt)
    if receipt["still_found"]:
        raise typer.Exit(VerificationError.exit_code)


def _show_person(screen: Console, document: dict[str, Any]) -> None:
    screen.rule(Text(f"Everything held about {document['customer_id']}"))
    others = [name for name in document["identifiers"] if name != document["customer_id"]]
    if others:
        _say(screen, f"also known as {', '.join(others)}")
    _tables(screen, document)
    _beliefs(screen, document["beliefs"])
    _heading(screen, "Consent that holds")
    for row in document["consents"]:
        word = "granted" if row["granted"] else "withdrawn"
        said = f"{word} {str(row['recorded_at'])[:10]}, {row['basis']}, as {row['source']} says"
        _say(screen, f"  {row['channel_id']} for {row['purpose']}: {said}")
    _decisions(screen, document["decisions"])
    _heading(screen, "What left for channels, and what people did")
    for export in document["exports"]:
        _say(screen, f"  {export['channel']}: {export['file']}")
    for event in document["journal"]:
        _say(screen, f"  {event['at'][:10]} {event['kind']} by {event['by']}: {event['because']}")
    if not document["exports"] and not document["journal"]:
        _say(screen, "  nothing")


def _tables(screen: Console, document: dict[str, Any]) -> None:
    _heading(screen, "Tables, and what they are used for")
    for name, rows in document["tables"].items():
        count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
        _say(screen, f"  {name}: {count}, used for {'; '.join(document['used_for'][name])}")
        for row in rows[-SHOWN:]:
            _say(screen, f"    {_line(row, without=('customer_id',))}", style="dim")
        if len(rows) > SHOWN:
            _say(screen, f"    the last {SHOWN}; all of them with --format json", style="dim")


def _beliefs(screen: Console, beliefs: list[dict[str, Any]]) -> None:
    _heading(screen, "What is believed, and since when")
    if not beliefs:
        _say(screen, "  nothing")
    strongest = sorted(beliefs, key=lambda belief: -float(belief.get("weight") or 0.0))
    for belief in strongest[:STRONGEST]:
        until = f" until {str(belief['valid_to'])[:10]}" if belief.get("valid_to") else ""
        source = f"rule {belief.get('rule')}, from {belief.get('source')}"
        said = f"since {str(belief.get('valid_from'))[:10]}{until}; {source}"
        _say(screen, f"  {belief['belief'].lower().replace('_', ' ')} {belief['about']}: {said}")
    if len(beliefs) > STRONGEST:
        _say(screen, f"  the {STRONGEST} strongest of {len(beliefs)}; all of them with --format json", style="dim")


def _decisions(screen: Console, decisions: list[dict[str, Any]]) -> None:
    _heading(screen, "Decisions, and why")
    table = Table(header_style="bold", pad_edge=False, box=None)
    for column in ("as of", "run", "decision", "why"):
        table.add_column(column, overflow="fold")
    for one in decisions:
        action = f"{one['asset_id']} on {one['channel_id']}" if one["verb"] == "send" else "nothing"
        held_out = " (held out: recorded, never sent)" if one["is_ghost"] else ""
        why = one.get("motive_sentence") or one.get("none_reason") or ""
        table.add_row(Text(str(one["as_of"])[:10]), Text(one["run_id"]), Text(action + held_out), Text(str(why)))
    if decisions:
        screen.print(table)
        _say(screen, f"  one in full: warrant why --customer {decisions[-1]['customer_id']}", style="dim")
    else:
        _say(screen, "  none")


def _show_receipt(screen: Console, receipt: dict[str, Any]) -> None:
    screen.print(f"[bold]erased[/] as {receipt['erasure_id']}, {receipt['identifiers']} identifiers", highlight=False)
    tables = sorted(table["table"] for table in receipt["tables"])
    _say(screen, f"  rewritten     {', '.join(tables) or 'no table'}")
    _say(screen, f"  records       {len(receipt['records']):,} kept as digests; roots still hold")
    _say(
        screen, f"  graph         {receipt['graph']['kind']}, {receipt['graph']['rows']:,} nodes and relationships gone"
    )
    _say(screen, f"  receipt       {receipt['path']}")
    _heading(screen, "Out of reach")
    for place in receipt["out_of_reach"]:
        _say(screen, f"  {place['what']}. {place['why']}")
    if receipt["still_found"]:
        screen.print("\n[bold red]still found[/] in these files:")
        for path in receipt["still_found"]:
            _say(screen, f"  {path}")
        _say(screen, "  If that is a name of something else, nothing is wrong; otherwise erase again.")


def _heading(screen: Console, text: str) -> None:
    screen.print(f"\n[bold]{text}[/]")


def _say(screen: Console, text: str, style: str | None = None) -> None:
    screen.print(text, markup=False, highlight=False, soft_wrap=True, style=style)


def _line(row: dict[str, Any], *, without: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if name not in without)
