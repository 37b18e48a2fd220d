"""`warrant actions`: what a run does beside messages, and what may be done at all."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import UsageError


class Status(StrEnum):
    """What became of a proposal."""

    GO = "go"
    HELD = "held"
    REFUSED = "refused"
    LIMITED = "limited"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("actions", rich_help_panel="Asking", epilog="Example: warrant actions --verb set_bid")(actions)


def actions(
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    *,
    verb: Annotated[str | None, typer.Option("--verb", help="Only this verb, such as task or move_budget.")] = None,
    status: Annotated[
        Status | None,
        typer.Option("--status", help="Only proposals that this became of: to be done, held, refused, left out."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many.")] = 20,
    verbs: Annotated[bool, typer.Option("--verbs", help="Show every declared verb instead.")] = False,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List tasks, enrolments, bids and moves of money of a run, refused ones included, each with its reason."""
    from pipelines.action_explaining import Wanted, describe_verbs, list_actions
    from pipelines.people import acting

    if verbs:
        from console.action_sheet import show_verbs

        told = describe_verbs()
        if output == Format.JSON:
            show_json({"verbs": told})
        else:
            show_verbs(people_screen(), told)
        return
    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        wanted = Wanted(run_id=run_id, verb=verb, status=status.value if status else None, limit=limit)
        document = list_actions(day, wanted, acting(day.playbook, actor, day.environment))
    if output == Format.JSON:
        show_json(document)
        return
    from console.action_sheet import show_action_list

    show_action_list(people_screen(), document)


@dataclass(frozen=True)
class ActionsAsked:
    """Which actions `warrant why` is asked about: one by its id, or those about an account or a campaign."""

    action: str | None
    account: str | None
    campaign: str | None
    run_id: str | None


def refuse_beside_actions(**asked: str | None) -> None:
    """Refuse a question about several things at once.

    Raises:
        UsageError: More than one is named.
    """
    named = [f"--{name}" for name, value in asked.items() if value is not None]
    if len(named) > 1:
        raise UsageError(
            f"{' and '.join(named)} ask for different things.", where="warrant why", remedy="Give one of them."
        )


def explain_actions(asked: ActionsAsked, actor: str | None, playbook: Path | None, output: Format) -> None:
    """Why actions beyond messages were decided on: one of them in full, or all about an account or a campaign."""
    from console.action_sheet import show_action, show_action_list
    from pipelines.action_explaining import actions_about, explain_action
    from pipelines.people import acting, insist_on

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        who = acting(day.playbook, actor, day.environment)
        if asked.action is not None:
            document = explain_action(day, asked.action)
            if "customer" in document["about"]:
                insist_on(who, "see personal data", day.playbook)
        else:
            kind = "account" if asked.account is not None else "campaign"
            document = actions_about(day, kind, str(asked.account or asked.campaign), asked.run_id, who)
    if output == Format.JSON:
        show_json(document)
    elif asked.action is not None:
        show_action(people_screen(), document)
    else:
        show_action_list(people_screen(), document)
