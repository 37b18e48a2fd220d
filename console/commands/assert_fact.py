"""`warrant assert`: say what the data does not know about a customer, or take it back."""

from datetime import datetime
from typing import Annotated, Any

import typer

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from pipelines.errors import UsageError

BecauseOption = Annotated[str, typer.Option("--because", help="Why; people will read it beside the fact.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "assert",
        rich_help_panel="About a person",
        epilog='Example: warrant assert customer/1609 "objects_to topic/discounts" --because "told our support"',
    )(assert_fact)


def assert_fact(
    subject: Annotated[str | None, typer.Argument(metavar="[SUBJECT]", help="Whom it is about: customer/ID.")] = None,
    statement: Annotated[
        str | None,
        typer.Argument(
            metavar="[STATEMENT]",
            help="What holds: interested_in, prefers, objects_to or triggered_by, then topic/… or category/…; "
            "any other text is kept as a note.",
        ),
    ] = None,
    *,
    because: BecauseOption,
    retract: Annotated[
        str | None, typer.Option("--retract", metavar="ID", help="Take back the assertion of this id instead.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="It holds until this day."),
    ] = None,
    confidence: Annotated[
        float | None, typer.Option("--confidence", min=0.0, max=1.0, help="How sure you are, from 0 to 1.")
    ] = None,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Record what you know about a customer and the data does not; the next day's run takes it in."""
    from pipelines.people import acting
    from pipelines.subjects.asserting import assert_fact as record
    from pipelines.subjects.asserting import retract as take_back

    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    if retract is not None:
        if subject or statement or until or confidence is not None:
            raise UsageError("to retract takes the id alone.", where="--retract", remedy="Leave the rest out.")
        _show(take_back(day, who, retract, because=because), output)
        return
    if subject is None or statement is None:
        raise UsageError(
            "a fact is a subject and a statement.",
            where="assert",
            remedy='Write for example: warrant assert customer/1609 "objects_to topic/discounts" --because "…".',
        )
    document = record(
        day,
        who,
        subject,
        statement,
        because=because,
        until=until.date() if until else None,
        confidence=confidence,
    )
    _show(document, output)


def _show(document: dict[str, Any], output: Format) -> None:
    if output == Format.JSON:
        show_json(document)
        return
    screen = people_screen()
    is_retracted = "is_note" not in document
    kind = "retracted" if is_retracted else ("noted" if document["is_note"] else "asserted")
    screen.print(f"[bold]{kind}[/] ", end="")
    screen.print(f"{document['subject']} {document['statement']}", markup=False, highlight=False, soft_wrap=True)
    lines = [
        f"id       {document['assertion_id']}",
        f"by       {document['author']}",
        f"because  {document['because']}",
    ]
    if not is_retracted and document["is_note"]:
        lines.append("It is kept as a note: it is shown with the person and nothing is decided from it.")
    else:
        lines.append(f"It counts in every run as of a moment after {document['at'][:19].replace('T', ' ')} UTC.")
    for line in lines:
        screen.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
