"""`warrant check`: everything about a playbook that can be known before it runs."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from console.commands.arguments import AsOfOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import PlaybookError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", rich_help_panel="The day", epilog="Example: warrant check examples/grocer")(check)


def check(
    playbook: PlaybookArgument = None,
    as_of: AsOfOption = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Show the canonical tables and their closed lists instead.")
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Validate the playbook, run its policies' own tests, read every source, and say which plays can work."""
    from pipelines.checking import check_playbook, describe_tables

    screen = people_screen()
    if tables:
        described = describe_tables()
        if output == Format.JSON:
            show_json(described)
        else:
            _show_tables(screen, described)
        return
    with watch() as progress:
        report = check_playbook(open_command_day(playbook, as_of, progress))
    if output == Format.JSON:
        show_json(report)
    else:
        _show_report(screen, report)
    if report["errors"]:
        raise typer.Exit(PlaybookError.exit_code)


def _show_report(screen: Console, report: dict[str, Any]) -> None:
    screen.rule(f"[bold]{report['playbook']}[/] as of {report['as_of_day']}")
    coverage = Table(header_style="bold", pad_edge=False)
    for heading in ("table", "rows read", "mapped", "quarantined", "later"):
        coverage.add_column(heading, justify="left" if heading == "table" else "right")
    for row in report["tables"]:
        coverage.add_row(row["table"], *(f"{row[key]:,}" for key in ("read", "mapped", "quarantined", "later")))
    screen.print(coverage)
    for reason in report["quarantine_reasons"]:
        screen.print(f"  {reason['rows']:>7,}  {reason['table']}: {reason['reason']}", style="yellow", markup=False)
    screen.print("\n[bold]Plays[/]")
    for play in report["plays"]:
        mark = "[green]on [/]" if play["on"] else "[yellow]off[/]"
        screen.print(f"  {mark} {play['play']}{'' if play['on'] else ': ' + play['because']}", highlight=False)
    counts = f"{report['policies']} policies with {report['policy_tests']} tests of their own"
    screen.print(f"\n[bold]Policies[/]  {counts}, bundle {(report['bundle'] or 'none')[:12]}", highlight=False)
    _show_agents(screen, report["remits"])
    if report["actions"]:
        screen.print("\n[bold]Actions beyond messages[/]")
    for rule in report["actions"]:
        mark = "[green]on [/]" if rule["on"] else "[yellow]off[/]"
        because = "" if rule["on"] else f": {rule['because']}"
        screen.print(f"  {mark} {rule['rule']}: {rule['verb']} {rule['subject']}{because}", highlight=False)
    for consent in report["consents_assumed"]:
        screen.print(
            f"  consent for {consent['channel']} is assumed: {consent['because']} ({consent['by']})", markup=False
        )
    if report["assumed"]:
        screen.print(f"\n[bold]Assumed[/]  {', '.join(report['assumed'])}", highlight=False)
    for finding in [*report["errors"], *report["warnings"]]:
        screen.print(
            f"{finding['where']}: {finding['what']} {finding['remedy']}", style="yellow", markup=False, soft_wrap=True
        )
    verdict = "[bold red]not ready[/]" if report["errors"] else "[bold green]ready to run[/]"
    screen.print(f"\n{verdict}")


def _show_agents(screen: Console, remits: list[dict[str, Any]]) -> None:
    if remits:
        screen.print("\n[bold]Agents[/]")
    for remit in remits:
        may = ", ".join(remit["verbs"])
        screen.print(f"  {remit['agent']}: may {may}; {remit['owner']} answers for it", markup=False, highlight=False)


def _show_tables(screen: Console, described: list[dict[str, Any]]) -> None:
    for table in described:
        screen.print(f"\n[bold]{table['table']}[/]  key: {', '.join(table['key'])}", highlight=False)
        for column in table["columns"]:
            needed = "" if column["required"] else " (optional)"
            choices = f" one of {', '.join(column['closed_list'])}." if column["closed_list"] else ""
            text = f"  {column['name']}: {column['type']}{needed}. {column['doc']}{choices}"
            screen.print(text, markup=False, highlight=False, soft_wrap=True)
