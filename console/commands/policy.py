"""`warrant policy`: run policies' own tests, explain one, and see what another one would have changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.commands.arguments import PlaybookArgument, PlaybookOption, open_command_day
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.simulation_sheet import GROUPS
from console.watching import watch
from console.wording import cents, day_name, money
from pipelines.errors import VerificationError

Document = Mapping[str, Any]

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="Test, explain and try out policies.")


@app.command("test", epilog="Example: warrant policy test examples/grocer")
def run_tests(
    playbook: PlaybookArgument = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Test the policies of this file instead of the playbook's."),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Run the tests that stand in the policies' own files, and tell each; exit code 6 when one fails."""
    from pipelines.policy_questions import run_policy_tests

    with watch() as progress:
        found = run_policy_tests(open_command_day(playbook, progress=progress), file)
    if output == Format.JSON:
        show_json(found)
    else:
        _show_tests(people_screen(), found)
    if found["failed"] or any(policy["problems"] for policy in found["policies"]):
        raise typer.Exit(VerificationError.exit_code)


@app.command("explain", epilog="Example: warrant policy explain margin-protection --playbook examples/grocer")
def explain(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id; built-in ones too, e.g. consent.")],
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say in words what a policy says, what it reads, and what it did in the run that was decided last."""
    from pipelines.policy_questions import explain_policy

    with watch() as progress:
        found = explain_policy(open_command_day(playbook, progress=progress), policy)
    if output == Format.JSON:
        show_json(found)
    else:
        _show_explanation(people_screen(), found)


@app.command("impact", epilog="Example: warrant policy impact examples/grocer --without margin-protection --days 7")
def impact(
    playbook: PlaybookArgument = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="FILE", help="Policies in the place of those of the same id, or beside the others."
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ID", help="A policy to leave out, as often as needed.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="So many days up to the playbook's present day.")] = 7,
    output: FormatOption = Format.TABLE,
) -> None:
    """What the decisions of the last days would have been with changed policies: value, reach, who gains and loses.

    Each day is decided in hindsight, as by `warrant backfill`; nothing is delivered, and no policy is changed.
    """
    from pipelines.policy_questions import Changed, policy_impact

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        found = policy_impact(day, Changed(file, tuple(without or ())), days)
    if output == Format.JSON:
        show_json(found)
    else:
        _show_impact(people_screen(), found)


def _show_tests(screen: Console, found: Document) -> None:
    for policy in found["policies"]:
        screen.print(f"[bold]{escape(policy['policy'])}[/]  [dim]{escape(policy['where'])}[/]", highlight=False)
        for problem in policy["problems"]:
            text = f"  {problem['where']}: {problem['what']} {problem['remedy']}"
            screen.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        for test in policy["tests"]:
            mark = "[green]✓[/]" if test["is_passed"] else "[red]✗[/]"
            screen.print(f"  {mark} {escape(test['text'])}", highlight=False)
            if test["what"]:
                text = f"    {test['what']} {test['remedy']}"
                screen.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        if not policy["tests"]:
            screen.print("  it has no tests", style="yellow", highlight=False)
    style = "bold red" if found["failed"] else "bold green"
    screen.print(f"\n{found['passed']:,} passed, {found['failed']:,} failed", style=style, highlight=False)


def _show_explanation(screen: Console, found: Document) -> None:
    screen.print(f"[bold]{escape(found['policy'])}[/]  {found['kind']}, {escape(found['where'])}", highlight=False)
    screen.print(found["says"], markup=False, highlight=False)
    screen.print(f"Because: {found['because']}", markup=False, highlight=False)
    for label, name in (("when", "when"), (found["kind"], "condition")):
        if found[name] is not None:
            screen.print(f"  {label}: {found[name]}", markup=False, highlight=False)
    if found["terms"]:
        screen.print("\n[bold]It applies where[/]")
    for number, term in enumerate(found["terms"], start=1):
        sides = [term[name] for name in ("customer", "asset", "between") if term[name]]
        text = f"  {number}. {'; and '.join(sides) or 'always'}"
        screen.print(text, markup=False, highlight=False)
    if found["attributes"]:
        screen.print("\n[bold]It reads[/]")
    for one in found["attributes"]:
        kind = f"{one['type']} of {one['of']}" if one["type"] else "not in the data: always missing"
        screen.print(f"  {one['attribute']}  {kind}", markup=False, highlight=False)
    if found["tests"]:
        screen.print("\n[bold]Its tests[/]")
    for test in found["tests"]:
        screen.print(f"  {test}", markup=False, highlight=False)
    screen.print(f"\n{_last_run(found['last_run'])}", markup=False, highlight=False)


def _last_run(run: Document | None) -> str:
    """What the policy did in the last run, in words."""
    if run is None:
        return "Nothing has been decided with it yet."
    begins = f"In the run {run['run_id']} of {day_name(run['as_of_day'])}"
    everybody = f"{run['customers_in_all']:,} customers"
    if not run.get("was_there", True):
        said = f"{begins}: it was not there yet."
    elif "candidates_refused" in run:
        refused = f"{run['candidates_refused']:,} candidates, of {run['customers_refused']:,} of {everybody}"
        said = f"{begins} it refused {refused}."
    elif "sends_held" in run:
        said = f"{begins} it held {run['sends_held']:,} sends."
    elif "customers_withheld" in run:
        said = f"{begins} it applied to {run['customers_withheld']:,} of {everybody}."
    else:
        said = f"{begins}: {run['found']['text'] if run['found'] else 'it was not there yet.'}"
    return said + (f"\nIt could not be applied as written: {run['unreadable']}" if run["unreadable"] else "")


def _show_impact(screen: Console, found: Document) -> None:
    currency, total = found["currency"], found["total"]
    screen.rule(f"[bold]{escape(found['playbook'])}[/] · {found['from']} to {found['to']} · other policies")
    for change in found["changes"]:
        screen.print(f"  {change['policy']}: {change['change']}", markup=False, highlight=False)
    screen.print(f"\n{_in_short(total['difference'], len(found['days']), currency)}", style="bold", highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading in ("day", f"value, {currency}", "would be", "messages", "would be", "gain", "lose"):
        table.add_column(heading, justify="left" if heading == "day" else "right", no_wrap=True)
    for day in [*found["days"], {"day": "all", **total}]:
        was, becomes, customers = day["before"], day["after"], day["customers"]
        table.add_row(
            day["day"],
            cents(was["value"]),
            cents(becomes["value"]),
            f"{was['sends']:,}",
            f"{becomes['sends']:,}",
            f"{customers['gain']['count']:,}",
            f"{customers['lose']['count']:,}",
        )
    screen.print(table)
    for name, meaning in GROUPS.items():
        group = total["customers"][name]
        if group["count"]:
            amount = f"{group['value']:+,.2f} {currency}"
            screen.print(f"  {group['count']:,} times a customer would {_would(meaning)}, {amount}", highlight=False)
    screen.print("\nNothing has been sent or changed. To commit to it, change policies/ and run.", style="dim")


def _in_short(difference: Document, days: int, currency: str) -> str:
    """What the change would have come to, in one sentence."""
    worth = f"{money(abs(difference['value']), currency)} {'more' if difference['value'] >= 0 else 'less'}"
    sends = abs(difference["sends"])
    messages = f"{sends:,} {'message' if sends == 1 else 'messages'} {'more' if difference['sends'] >= 0 else 'fewer'}"
    return f"The {days} days would have been worth {worth}, with {messages}."


def _would(meaning: str) -> str:
    return meaning.replace(", and did not before", " where they did not")
