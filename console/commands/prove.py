"""`warrant replay`: decide again from what was recorded, and compare to the byte."""

from typing import Annotated

import typer

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import VerificationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay", rich_help_panel="Proving", epilog="Example: warrant replay 1f0c9a")(replay)


def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the start of it.")],
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide a run again from its stored view and tables; the records must be the same to the byte.

    It names customers whose records differ, and so takes the role analyst where people.yaml gives roles.
    """
    from pipelines.people import acting, insist_on
    from pipelines.replaying import replay_run

    with watch() as progress:
        day = open_command_day(playbook, None, progress)
        insist_on(acting(day.playbook, actor, day.environment), "see personal data", day.playbook)
        result = replay_run(day, run_id)
    if output == Format.JSON:
        show_json(result)
    else:
        screen = people_screen()
        verdict = "[bold green]the same to the byte[/]" if result["is_equal"] else "[bold red]different[/]"
        screen.print(f"run {result['run_id']}: {result['records']:,} records, {verdict}", highlight=False)
        screen.print(
            f"  recorded root  {result['recorded_root']}\n  replayed root  {result['replayed_root']}", highlight=False
        )
        if result["erased"]:
            count = len(result["erased"])
            erased = f"{count:,} record{'' if count == 1 else 's'} of people who were erased since, by digest"
            screen.print(f"  with {erased}; forecasts as they were stored", highlight=False)
        for customer in result["differing_customers"]:
            screen.print(f"  differs: customer {customer}", markup=False)
    if not result["is_equal"]:
        raise typer.Exit(VerificationError.exit_code)
