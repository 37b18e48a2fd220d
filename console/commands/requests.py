"""`warrant requests`: what waits for people, with all that it takes to decide, and their answers."""

from typing import Annotated, Any

import typer
from rich.console import Console

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="See and answer what waits for people.")

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id, or the start of it.")]
WhyOption = Annotated[str, typer.Option("--why", help="Why; it stands in the journal beside the answer.")]


@app.command("list", epilog="Example: warrant requests list")
def list_requests(
    *,
    is_all: Annotated[bool, typer.Option("--all", help="Answered and expired ones too.")] = False,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List what waits for people, overdue ones first: what, how many, worth what, whose word it takes, until when."""
    from pipelines.authority.answering import find_requests

    found = [one.as_json() for one in find_requests(open_command_day(playbook), is_all=is_all)]
    if output == Format.JSON:
        show_json({"requests": found, "overdue": sum(one["is_overdue"] for one in found)})
        return
    screen = people_screen()
    for one in found:
        _show_in_short(screen, one)
    waits = sum(one["state"] == "open" for one in found)
    overdue = sum(one["is_overdue"] for one in found)
    said = f"{waits} request{'' if waits == 1 else 's'} waiting" if waits else "Nothing waits for anybody."
    screen.print(said + (f", {overdue} overdue" if overdue else ""), style="bold red" if overdue else "dim")


@app.command("show", epilog="Example: warrant requests show 3fa2")
def show(request: RequestArgument, playbook: PlaybookOption = None, *, output: FormatOption = Format.TABLE) -> None:
    """Show one request with all that it takes to decide."""
    from pipelines.authority.answering import find_request

    found = find_request(open_command_day(playbook), request).as_json()
    if output == Format.JSON:
        show_json(found)
    else:
        _show_whole(people_screen(), found)


@app.command("approve", epilog='Example: warrant requests approve 3fa2 --why "seen the text, it is fine"')
def approve(
    request: RequestArgument,
    *,
    why: WhyOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Agree to all decisions of a request; they leave with the next delivery of their run."""
    from pipelines.authority.answering import answer
    from pipelines.people import acting

    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    _show_answer(answer(day, who, request, "approve", because=why), output)


@app.command("refuse", epilog='Example: warrant requests refuse 3fa2 --why "not in this tone"')
def refuse(
    request: RequestArgument,
    *,
    why: WhyOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Refuse all decisions of a request; they never leave."""
    from pipelines.authority.answering import answer
    from pipelines.people import acting

    day = open_command_day(playbook)
    who = acting(day.playbook, actor, day.environment)
    _show_answer(answer(day, who, request, "refuse", because=why), output)


@app.command("assign", epilog='Example: warrant requests assign 3fa2 --to person:ann --why "she knows the account"')
def assign(
    request: RequestArgument,
    *,
    to: Annotated[str, typer.Option("--to", metavar="person:NAME", help="Who is to look at it.")],
    why: WhyOption,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Pass a request on to somebody to look at; whose word it takes stays the same."""
    from pipelines.authority.answering import assign as pass_on
    from pipelines.people import acting

    day = open_command_day(playbook)
    found = pass_on(day, acting(day.playbook, actor, day.environment), request, to, because=why)
    if output == Format.JSON:
        show_json(found)
    else:
        people_screen().print(f"{found['request_id']} is with {', '.join(found['assigned_to'])}", highlight=False)


def _show_in_short(screen: Console, one: dict[str, Any]) -> None:
    mark = (
        "[bold red]overdue[/] " if one["is_overdue"] else "" if one["state"] == "open" else f"[dim]{one['state']}[/] "
    )
    screen.print(f"[bold]{one['request_id']}[/]  {mark}", end="", highlight=False)
    count = f"{one['count']:,} message{'' if one['count'] == 1 else 's'}"
    told = f"{count} “{one['title'] or one['asset_id']}” by {one['channel_id']}, worth {one['value']:,.2f}"
    screen.print(told, markup=False, highlight=False, soft_wrap=True)
    needs = f"takes the word of {', '.join(one['needs'])} until {_when(one['due_at'])}"
    for line in (*one["because"], needs):
        screen.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _show_whole(screen: Console, one: dict[str, Any]) -> None:
    _show_in_short(screen, one)
    rows = {
        "run": f"{one['run_id']} of {one['day']}",
        "agent": one["agent"] or "none: people answer for the run",
        "play": one["play"],
        "asset": one["asset_id"],
        "held by": ", ".join(one["held_by"]) or "a hold",
        "with": ", ".join(one["assigned_to"]),
        "opened": _when(one["opened_at"]),
        "due": _when(one["due_at"]),
        "expires": _when(one["expires_at"]),
    }
    screen.print()
    for name, value in rows.items():
        screen.print(f"  {name:<8} {value}", markup=False, highlight=False, soft_wrap=True)
    for decision in one["samples"]:
        screen.print(f"  look at  warrant why --decision {decision}", markup=False, highlight=False, soft_wrap=True)
    for who, said in one["answers"].items():
        told = f"{who}: {said['verdict']} by {said['by']}, {_when(said['at'])}: {said['because']}"
        screen.print(f"  answer   {told}", markup=False, highlight=False, soft_wrap=True)


def _show_answer(found: dict[str, Any], output: Format) -> None:
    if output == Format.JSON:
        show_json(found)
        return
    screen = people_screen()
    waits = [name for name in found["needs"] if name not in found["answers"]]
    said = f"{found['request_id']} is {found['state']}" + ("" if found["is_new"] else ", as it was before")
    screen.print(said, highlight=False)
    if found["state"] == "open":
        screen.print(f"It takes the word of {', '.join(waits)} too.", markup=False, highlight=False)
    elif found["state"] == "approved":
        screen.print(f"What may leave leaves with: warrant deliver {found['run_id']}", markup=False, highlight=False)


def _when(text: str) -> str:
    return f"{text[:16].replace('T', ' ')} UTC"
