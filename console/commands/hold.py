"""`warrant pause`, `resume`, `holds` and `autonomy`: stop at once what may not go on, and let it go on again."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import typer

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json

PANEL = "People's say"
ScopeArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCOPE",
        help="all, promotions, or agent/…, channel/…, campaign/…, play/…, account/… or customer/….",
    ),
]
WhyOption = Annotated[str, typer.Option("--why", help="Why; it stands in the journal, and people will read it.")]


class Autonomy(StrEnum):
    """Whether anything may leave without a person's word."""

    ON = "on"
    OFF = "off"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    example = 'Example: warrant pause promotions --why "the press writes about us"'
    app.command("pause", rich_help_panel=PANEL, epilog=example)(pause)
    app.command("resume", rich_help_panel=PANEL, epilog='Example: warrant resume promotions --why "it is over"')(resume)
    app.command("holds", rich_help_panel=PANEL, epilog="Example: warrant holds")(holds)
    app.command("autonomy", rich_help_panel=PANEL, epilog='Example: warrant autonomy off --why "data looks wrong"')(
        autonomy
    )


def pause(
    scope: ScopeArgument,
    *,
    why: WhyOption,
    is_asking: Annotated[
        bool, typer.Option("--ask", help="Let leave what you have been asked about, instead of nothing.")
    ] = False,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="It ends when this day begins."),
    ] = None,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Hold back everything of a scope from now on, also what is decided already and has not left."""
    from pipelines.authority.holds import pause as hold_back
    from pipelines.people import acting

    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    mode: Literal["stop", "ask"] = "ask" if is_asking else "stop"
    _show(hold_back(day, who, scope, because=why, mode=mode, until=until.date() if until else None), output)


def resume(
    scope: ScopeArgument,
    *,
    why: WhyOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Let a scope go on; what another hold covers too stays held by that."""
    from pipelines.authority.holds import resume as let_go
    from pipelines.people import acting

    day = open_command_day(playbook)
    found = let_go(day, acting(day.playbook, actor, day.environment), scope, because=why)
    if output == Format.JSON:
        show_json(found)
    else:
        _say(f"{found['scope']} goes on, by {found['by']}; event {found['position']} of the journal")


def holds(playbook: PlaybookOption = None, *, output: FormatOption = Format.TABLE) -> None:
    """Show what is held at this moment, by whom and why."""
    from pipelines.authority.holds import standing_holds

    day = open_command_day(playbook)
    found = [hold.as_json() for hold in standing_holds(day, day.clock.now)]
    if output == Format.JSON:
        show_json({"holds": found})
        return
    for hold in found:
        _say(_told(hold))
    if not found:
        _say("Nothing is held.")


def autonomy(
    turned: Annotated[Autonomy, typer.Argument(help="off: nothing leaves unless a person agrees; on: as remits say.")],
    *,
    why: WhyOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take every agent's say away with one command, or give it back."""
    from pipelines.authority.holds import AUTONOMY
    from pipelines.authority.holds import pause as hold_back
    from pipelines.people import acting

    if turned is Autonomy.ON:
        resume(AUTONOMY, why=why, actor=actor, playbook=playbook, output=output)
        return
    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    _show(hold_back(day, who, AUTONOMY, because=why, mode="ask"), output)


def _show(hold: dict[str, Any], output: Format) -> None:
    if output == Format.JSON:
        show_json(hold)
        return
    _say(_told(hold))
    _say(f"Event {hold['position']} of the journal. It holds for the very next delivery; what has left has left.")


def _told(hold: dict[str, Any]) -> str:
    does = "nothing leaves" if hold["mode"] == "stop" else "a person is asked first"
    until = f", until {hold['until']}" if hold["until"] else ""
    return f"{hold['scope']}: {does}{until}. {hold['by']}, {hold['at'][:16].replace('T', ' ')} UTC: {hold['because']}"


def _say(text: str) -> None:
    people_screen().print(text, markup=False, highlight=False, soft_wrap=True)
