"""`warrant simulate`: what a change would bring, before anybody commits to it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from console.commands.arguments import ActorOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.simulation_sheet import show_settings, show_simulation
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "simulate",
        rich_help_panel="The day",
        epilog="Example: warrant simulate examples/grocer --set channels.mail.capacity=+20% --set budget=40",
    )(simulate)


def simulate(
    playbook: PlaybookArgument = None,
    *,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A changed setting, as often as needed: budget, channels.ID.capacity, plays.NAME.THRESHOLD, …; VALUE "
            "is a number, a change such as +10%, or `none` for no limit.",
        ),
    ] = None,
    other: Annotated[
        Path | None,
        typer.Option("--with", metavar="FOLDER", help="Take the settings of this changed copy of the playbook."),
    ] = None,
    is_list: Annotated[
        bool, typer.Option("--list", help="List what can be changed, with its present value, instead.")
    ] = False,
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide the last decided run again under changed settings and compare; nothing is written.

    Shows value, reach and money, who gains and who loses, what one more unit of each limit is worth, upside and
    downside.
    """
    from pipelines.people import acting, may
    from pipelines.simulating import Asked, settings_that_may_change
    from pipelines.simulating import simulate as decide_again

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        if is_list:
            settings = settings_that_may_change(day, run_id)
        else:
            document = decide_again(day, Asked(tuple(assignments or ()), other, run_id))
            if not may(acting(day.playbook, actor, day.environment), "see personal data"):
                groups = document["customers"]
                document["customers"] = {name: _unnamed(group) for name, group in groups.items()}
    if is_list:
        if output == Format.JSON:
            show_json({"settings": settings})
        else:
            show_settings(people_screen(), settings)
    elif output == Format.JSON:
        show_json(document)
    else:
        show_simulation(people_screen(), document)


def _unnamed(group: Any) -> Any:
    """A group of customers without its samples; a mere count as it is."""
    return group | {"samples": []} if isinstance(group, dict) else group
