"""`warrant run` and `warrant deliver`: decide a day and hand it to the channels."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.arguments import AsOfOption, PlaybookArgument, PlaybookOption, open_command_day
from console.day_sheet import show_day_sheet
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch

if TYPE_CHECKING:
    from pipelines.day import Day


class Until(StrEnum):
    """The steps of the loop that a run can stop after; screen, value, allocate and authorise are one pass."""

    PERCEIVE = "perceive"
    RELATE = "relate"
    FORECAST = "forecast"
    PROPOSE = "propose"
    AUTHORISE = "authorise"
    DELIVER = "deliver"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run", rich_help_panel="The day", epilog="Example: warrant run examples/grocer --as-of 2017-11-13")(run)
    app.command("deliver", rich_help_panel="The day", epilog="Example: warrant deliver 1f0c9a")(deliver)


def run(
    playbook: PlaybookArgument = None,
    as_of: AsOfOption = None,
    until: Annotated[
        Until, typer.Option("--until", help="Stop after this step; `authorise` is all but delivery.")
    ] = Until.DELIVER,
    output: FormatOption = Format.TABLE,
) -> None:
    """Run the day: from sources to files for the channels. Doing it again repeats nothing."""
    from pipelines.running import run_day

    with watch() as progress:
        day = open_command_day(playbook, as_of, progress)
        document = run_day(day, until.value)
    _show(document, day, output)


def deliver(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the start of it.")],
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Hand a decided run to its channels, after checking consent and caps once more."""
    from pipelines.running import deliver_run

    with watch() as progress:
        day = open_command_day(playbook, None, progress)
        document = deliver_run(day, run_id)
    _show(document, day, output)


def _show(document: dict[str, Any], day: "Day", output: Format) -> None:
    if output == Format.JSON:
        show_json(document)
        return
    from pipelines.explaining import sample_cards
    from pipelines.people import acting, who_may

    is_named = acting(day.playbook, None, day.environment).person
    able = [] if is_named else who_may("see personal data", day.playbook)
    cards = sample_cards(document, day.playbook.folder)
    unserved, page = _page(document, day)
    show_day_sheet(people_screen(), document, cards, able=able, unserved=unserved, page=page)


def _page(document: dict[str, Any], day: "Day") -> tuple[dict[str, Any] | None, Path | None]:
    """What was not said, and the day as a page beside the files for the channels; nothing before it was decided."""
    if "decide" not in document["seconds"]:
        return None, None
    from pipelines.pages.day import write_day_page
    from pipelines.unserving import MOST_FOR_A_SHEET, unserved_value

    unserved = unserved_value(day, document["run_id"]) if document["none"] <= MOST_FOR_A_SHEET else None
    folder = day.home.exports(day.playbook.name) / document["run_id"]
    return unserved, write_day_page(document, unserved, folder)
