"""`warrant remit`: whether agents' authority holds, what each can and cannot do, and what a change gives away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from console.commands.arguments import PlaybookArgument, PlaybookOption, open_command_day
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch
from pipelines.errors import PlaybookError

Document = Mapping[str, Any]
STYLES: Mapping[str, str] = {"widens": "bold yellow", "changes": "bold", "narrows": "green"}

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="Check, read and compare what agents may do.")

PageOption = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page of its own, too.")]


@app.command("check", epilog="Example: warrant remit check examples/grocer")
def check(playbook: PlaybookArgument = None, *, output: FormatOption = Format.TABLE) -> None:
    """Say of every remit whether it holds, or all reasons why it is rejected; exit code 3 when one is.

    A remit is rejected where it gives authority away without saying what for, within what limits, when a person is
    asked, who looks at it, or who answers for it.
    """
    from pipelines.remit_answers import PEOPLE_ANSWER, check_remits

    with watch() as progress:
        found = check_remits(open_command_day(playbook, progress=progress))
    if output == Format.JSON:
        show_json(found)
    else:
        screen = people_screen()
        if not found["remits"]:
            screen.print(PEOPLE_ANSWER, markup=False, highlight=False)
        for remit in found["remits"]:
            _show_verdict(screen, remit)
    if not all(remit["holds"] for remit in found["remits"]):
        raise typer.Exit(PlaybookError.exit_code)


@app.command("show", epilog="Example: warrant remit show coupon-booklet --playbook examples/grocer")
def show(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's name.")],
    playbook: PlaybookOption = None,
    *,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show one agent's remit in plain words, or why it is rejected."""
    from pipelines.remit_answers import show_remit

    with watch() as progress:
        found = show_remit(open_command_day(playbook, progress=progress), agent)
    if output == Format.JSON:
        show_json(found)
        return
    screen = people_screen()
    if found["page"] is None:
        _show_verdict(screen, {**found, "holds": False})
    else:
        _show_page(screen, found["page"])
        screen.print(f"\nWritten in {found['where']}", style="dim", markup=False, highlight=False, soft_wrap=True)


@app.command("page", epilog="Example: warrant remit page examples/grocer --html agents.html")
def page(
    playbook: PlaybookArgument = None,
    *,
    agent: Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Only this agent.")] = None,
    html: PageOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Publish what every agent can and cannot do, for everybody to read."""
    from pipelines.pages.remits import write_remits_page
    from pipelines.remit_answers import remit_pages

    with watch() as progress:
        found = remit_pages(open_command_day(playbook, progress=progress), agent)
    written = write_remits_page(found, html) if html else None
    if output == Format.JSON:
        show_json({**found, "page": str(written) if written else None})
        return
    screen = people_screen()
    if found["said"]:
        screen.print(found["said"], markup=False, highlight=False)
    for place, one in enumerate(found["agents"]):
        if place:
            screen.print()
        _show_page(screen, one)
    if written:
        screen.print(f"\nPage: {written}", markup=False, highlight=False, soft_wrap=True)


@app.command("diff", epilog="Example: warrant remit diff remits/booklet.yaml booklet-proposed.yaml")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A remit's file, or a playbook's folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="What it would become: another file or folder.")],
    *,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say what a change widens or narrows, one line each; what widens comes first."""
    from pipelines.remit_answers import remit_changes

    found = remit_changes(old, new)
    if output == Format.JSON:
        show_json(found)
        return
    screen = people_screen()
    for change in found["changes"]:
        screen.print(f"{change['effect']:<8}", style=STYLES[change["effect"]], end=" ", highlight=False)
        screen.print(f"{change['agent']}: {change['text']}", markup=False, highlight=False, soft_wrap=True)
    if not found["changes"]:
        screen.print("Nothing changes.", highlight=False)


def _show_verdict(screen: Console, remit: Document) -> None:
    holds = remit["holds"]
    screen.print("holds   " if holds else "rejected", style="green" if holds else "bold red", end=" ", highlight=False)
    screen.print(f"{remit['agent']}  {remit['where']}", markup=False, highlight=False, soft_wrap=True)
    for finding in remit["findings"]:
        screen.print(f"  {finding['what']}", markup=False, highlight=False, soft_wrap=True)
        screen.print(f"    where  {finding['where']}", style="dim", markup=False, highlight=False, soft_wrap=True)
        screen.print(f"    to do  {finding['remedy']}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _show_page(screen: Console, one: Document) -> None:
    from pipelines.pages.remits import HEADINGS

    screen.print(f"[bold]{one['agent']}[/]  {one['owner']} answers for it", highlight=False)
    for name, heading in HEADINGS.items():
        if one[name]:
            screen.print(f"\n  {heading}", style="bold", highlight=False)
        for sentence in one[name]:
            screen.print(f"    - {sentence}", markup=False, highlight=False, soft_wrap=True)
