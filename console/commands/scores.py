"""`warrant scores`: who wants something, who fits, who is qualified, where accounts surge, how long people wait."""

from typing import Annotated, Any

import typer
from rich.console import Console

from console.answers import show_rows
from console.commands.arguments import ActorOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scores", rich_help_panel="Asking", epilog="Example: warrant scores examples/saas --stage AQL")(scores)


def scores(
    playbook: PlaybookArgument = None,
    *,
    customer: Annotated[str | None, typer.Option("--customer", help="Only this customer.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this account and its people.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Only who is in this stage.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many customers, and accounts.")] = 20,
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last related one.")] = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show the scores that the playbook declares: points, stages, surges, and the intent latency."""
    from pipelines.scores_shown import Wanted, show_scores

    with watch() as progress:
        day = open_command_day(playbook, None, progress)
        document = show_scores(day, Wanted(run_id, customer, account, stage, limit, actor))
    if output == Format.JSON:
        show_json(document)
    else:
        _show(people_screen(), document)


def _show(screen: Console, document: dict[str, Any]) -> None:
    screen.print(f"Scores as of {document['as_of_day']}", style="bold", highlight=False)
    for name in ("scores", "stages"):
        if document[name]:
            show_rows(screen, list(document[name][0]), document[name])
    for name, heading in (("surges", "Surges"), ("accounts", "Accounts"), ("customers", "Customers")):
        if document[name]:
            screen.print(f"\n{heading}", style="bold")
            rows = [_flat(row) for row in document[name]]
            show_rows(screen, list(rows[0]), rows)
    latency = document["intent_latency"]
    if latency["events"]:
        screen.print(f"\nIntent latency: {_latency(latency)}", markup=False, highlight=False, soft_wrap=True)
    if document["is_masked"]:
        told = f"; {document['withheld']} numbers about too few people are withheld" if document["withheld"] else ""
        screen.print(f"Single people are not shown to this role{told}.", style="yellow", highlight=False)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A subject on one line: its scores as columns, of its parts the largest."""
    if "scores" not in row:
        return row
    largest = sorted(row["parts"], key=lambda part: -abs(part["points"]))[:2]
    because = ", ".join(f"{part['dimension']} {part['points']:+.1f}" for part in largest)
    who = next(name for name in row if name.endswith("_id"))
    return {who: row[who], "stage": row["stage"], **row["scores"], "mostly": because, "last_at": row["last_at"]}


def _latency(latency: dict[str, Any]) -> str:
    about = ", ".join(latency["events"])
    if latency["waits"] is None:
        return f"{about}: withheld, too few people."
    median = "none was answered" if latency["median_hours"] is None else f"half within {latency['median_hours']:.1f} h"
    share = "" if latency["share_within"] is None else f"; {latency['share_within']:.0%} within the aim"
    return (
        f"{latency['waits']} waited after {about}; {latency['answered']} were answered, {median}{share} "
        f"of {latency['within_hours']:g} h."
    )
