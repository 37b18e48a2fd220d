"""`warrant lift`: what sending has changed, and how far anybody can know."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from console.commands.arguments import AsOfOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lift", rich_help_panel="Proving", epilog="Example: warrant lift examples/grocer --campaign 8")(lift)


def lift(
    playbook: PlaybookArgument = None,
    *,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="ID", help="Only this campaign or experiment.")
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            metavar="NAME",
            help="What is counted: spend, orders, a signal's name or a metric of results; without it spend, or what "
            "there is.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="CATEGORY", help="Purchases of this category do not count; may be said several times."
        ),
    ] = None,
    effect: Annotated[
        float,
        typer.Option("--effect", metavar="PERCENT", help="The effect that the proposed test should be able to find."),
    ] = 5.0,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write it as a page with pictures, too.")
    ] = None,
    as_of: AsOfOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Compare who was sent something with who was not, judge the comparison, and size the test that would settle it.

    A difference that was there before anything was sent is never called lift.
    """
    from pipelines.lifting import Asked, measure_lift
    from pipelines.pages.lift import write_lift_page

    asked = Asked(campaign, outcome, tuple(without or ()), effect)
    with watch() as progress:
        document = measure_lift(open_command_day(playbook, as_of, progress), asked)
    written = write_lift_page(document, page) if page else None
    if output == Format.JSON:
        show_json({**document, "page": str(written) if written else None})
        return
    screen = people_screen()
    _show(screen, document)
    if written:
        screen.print(f"\nPage: {written}", markup=False, highlight=False, soft_wrap=True)


def _show(screen: Console, document: Mapping[str, Any]) -> None:
    from pipelines.lifting import told_in_full

    screen.print()
    screen.rule(f"[bold]{document['playbook']}[/] as of {document['as_of']}")
    screen.print(f"\n{document['verdict']}", style="bold", markup=False, highlight=False)
    if document["without"]:
        screen.print(f"Without {', '.join(document['without'])}.", style="dim", markup=False, highlight=False)
    if len(document["comparisons"]) > 1:
        _show_all(screen, document["comparisons"])
    for one in told_in_full(document):
        _show_one(screen, one)
    screen.print("\n[bold]The test that would settle it[/]")
    for said in document["test_in_words"]:
        screen.print(f"  {said}", markup=False, highlight=False)


def _show_all(screen: Console, comparisons: list[Mapping[str, Any]]) -> None:
    from pipelines.pages.lift import VERDICTS
    from pipelines.pages.lift_words import short

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("what", "from"):
        table.add_column(name, no_wrap=name == "from")
    for name in ("days", "got it", "difference", "before", "change", "placebo"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for one in comparisons:
        numbers = [one["naive"], one["pre_period"], one["difference_in_differences"]]
        numbers.append(one["placebos"][0] if one["placebos"] else None)
        days = f"{one['days']:g}{'…' if one['is_open'] else ''}"
        began = (one["starts_at"] or "")[:10]
        cells = (short(estimate) for estimate in numbers)
        table.add_row(one["name"], began, days, f"{one['treated']:,}", *cells, VERDICTS[one["verdict"]])
    screen.print()
    screen.print(table)


def _show_one(screen: Console, one: Mapping[str, Any]) -> None:
    from pipelines.pages.lift import GRADES

    about = f" ({one['about']})" if one["about"] else ""
    screen.print()
    screen.print(f"{one['name']}{about}", style="bold", markup=False, highlight=False)
    groups = f"{one['treated']:,} got it, {one['untreated']:,} did not, {one['days']:g} days"
    began = f" from {one['starts_at'][:10]}" if one["starts_at"] else ""
    screen.print(f"  {groups}{began}; counted: {one['outcome']}", style="dim", markup=False, highlight=False)
    for said in one["sentences"]:
        screen.print(f"  {said}", markup=False, highlight=False)
    screen.print(f"  How it is known: {GRADES[one['grade']]}.", markup=False, highlight=False)
    for said in (*one["reasons"], *one["notes"]):
        screen.print(f"    · {said}", style="dim", markup=False, highlight=False)
