"""`warrant why` and `warrant query`: ask the decisions and the graph."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from console.answers import AnswerFormat, AnswerFormatOption, show_rows, write_csv
from console.commands.actions import ActionsAsked, explain_actions, refuse_beside_actions
from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.customer_card import show_customer_card
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import UsageError


class Audience(StrEnum):
    """Whose words a decision is told in."""

    MARKETER = "marketer"
    CUSTOMER = "customer"
    AUDITOR = "auditor"


LISTED = ("name", "question", "asked_by", "parameters")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("why", rich_help_panel="Asking", epilog="Example: warrant why --customer 1234")(why)
    app.command(
        "query",
        rich_help_panel="Asking",
        epilog="Example: warrant query who-objects-to-discounts --param least_confidence=0.6 --format csv",
    )(query)


def why(
    customer: Annotated[str | None, typer.Option("--customer", help="The customer's id.")] = None,
    *,
    decision: Annotated[
        str | None, typer.Option("--decision", help="A decision's id, or the start of it, instead of a customer's.")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="An action beyond messages by its id, or the start of it, instead.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="What was decided about an account, instead.")
    ] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", help="The same about a campaign.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    asked: Annotated[
        str | None,
        typer.Option("--not", metavar="ASSET[@CHANNEL]", help="Why not this asset, and what would have made it so."),
    ] = None,
    audience: Annotated[
        Audience | None,
        typer.Option("--for", help="Only the words for a marketer, for the customer, or for an auditor."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the card as a page with pictures, too.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the path into this file too, an .svg or .png.")
    ] = None,
    is_projected: Annotated[
        bool, typer.Option("--project", help="Put the decision into the graph too, where the playbook did not keep it.")
    ] = False,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show what was decided for a customer, and why: input, reasoning, action and economic impact.

    With the five best alternatives, the smallest changes that would have turned it (each decided again, so that none is
    a guess), and the next day on which the customer may be written to.
    """
    from pipelines.explaining import explain_customer, explain_decision, project_decision
    from pipelines.people import acting, insist_on

    if action is not None or account is not None or campaign is not None:
        refuse_beside_actions(customer=customer, decision=decision, action=action, account=account, campaign=campaign)
        explain_actions(ActionsAsked(action, account, campaign, run_id), actor, playbook, output)
        return
    if (customer is None) == (decision is None) or (decision is not None and run_id is not None):
        raise UsageError(
            "say whose decision: a customer (of a run), or a decision, which is of one run already.",
            where="warrant why",
            remedy="Give --customer, with or without --run, or --decision. See warrant why --help.",
        )
    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        insist_on(acting(day.playbook, actor, day.environment), "see personal data", day.playbook)
        if decision:
            card = explain_decision(day, decision, asked)
        else:
            card = explain_customer(day, str(customer), run_id, asked)
        if picture is not None:
            from pipelines.path_picture import draw_path

            card["picture"] = str(draw_path(card, picture))
        if page is not None:
            from pipelines.pages.customer import write_customer_page

            card["page"] = str(write_customer_page(day, card, page))
        if is_projected:
            project_decision(day, card)
    if output == Format.JSON:
        show_json(card)
    else:
        screen = people_screen()
        show_customer_card(screen, card, day.playbook.warrant.currency, audience=audience)
        if "page" in card:
            screen.print(f"\nPage: {card['page']}", markup=False, highlight=False, soft_wrap=True)


def query(
    question: Annotated[
        str | None,
        typer.Argument(
            metavar="[QUESTION]", help="The name of a saved question, or a statement in Cypher that only reads."
        ),
    ] = None,
    *,
    is_list: Annotated[bool, typer.Option("--list", help="List the saved questions instead of asking one.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUE",
            help="A parameter's value, as often as needed; NAME:=JSON for a number, true, false or a list in your own "
            "Cypher, where NAME=VALUE is always a text.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="What held then ($as_of): a date, a time, or days such as -7d; without it the last run's as-of.",
        ),
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at",
            metavar="TIME",
            help="What we knew then ($known_at), written the same way; without it the last run's as-of.",
        ),
    ] = None,
    past: Annotated[
        datetime | None,
        typer.Option(
            "--past",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="Ask the graph of this past day, which `warrant graph rebuild --as-of` has built.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many rows.")] = 1000,
    seconds: Annotated[float, typer.Option("--timeout", min=0.1, help="Give up after so many seconds.")] = 60.0,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: AnswerFormatOption = AnswerFormat.TABLE,
) -> None:
    """Ask the reasoning graph: a saved question by its name, or Cypher. Statements that write are refused unseen."""
    from pipelines.asking import Asked, ask

    if is_list:
        _refuse_beside_list(question, given)
        _show_list(output)
        return
    if question is None:
        raise UsageError(
            "there is no question.",
            where="warrant query",
            remedy="Name a saved one (warrant query --list), or write Cypher: MATCH … RETURN ….",
        )
    day_asked = past.date() if past else None
    asked = Asked(question, tuple(given or ()), as_of, known_at, limit, seconds, actor, day_asked)
    with watch() as progress:
        answer = ask(open_command_day(playbook, progress=progress), asked)
    _show_answer(answer, limit, output)


def _refuse_beside_list(question: str | None, given: list[str] | None) -> None:
    if question is not None or given:
        raise UsageError("--list stands alone.", where="warrant query", remedy="Leave out the question or --list.")


def _show_list(output: AnswerFormat) -> None:
    from pipelines.asking import list_questions

    questions = list_questions()
    if output == AnswerFormat.JSON:
        show_json({"questions": questions})
        return
    rows = [one | {"asked_by": ", ".join(one["asked_by"]), "parameters": _parameters(one)} for one in questions]
    if output == AnswerFormat.CSV:
        write_csv(LISTED, rows)
        return
    screen = people_screen()
    for row in rows:
        screen.print(Text(row["name"], style="bold"), soft_wrap=True)
        screen.print(f"  {row['question']}", markup=False, highlight=False, soft_wrap=True)
        if row["parameters"]:
            screen.print(f"  {row['parameters']}", style="dim", markup=False, highlight=False, soft_wrap=True)
    screen.print(f"\n{len(rows)} questions. Ask one: {rows[0]['example']}", markup=False, highlight=False)


def _parameters(question: dict[str, Any]) -> str:
    return ", ".join(
        f"{one['name']}={'…' if one['default'] is None else one['default']}" for one in question["parameters"]
    )


def _show_answer(answer: dict[str, Any], limit: int, output: AnswerFormat) -> None:
    if output == AnswerFormat.JSON:
        show_json(answer)
        return
    if output == AnswerFormat.TABLE:
        show_rows(people_screen(), answer["columns"], answer["rows"])
        _show_count(people_screen(), answer, limit)
        return
    write_csv(answer["columns"], answer["rows"])
    if answer["is_cut"] or answer["is_masked"]:
        _show_count(people_screen(stderr=True), answer, limit)


def _show_count(screen: Console, answer: dict[str, Any], limit: int) -> None:
    count = len(answer["rows"])
    more = f"; there are more, stopped at --limit {limit}" if answer["is_cut"] else ""
    screen.print(f"{count:,} row{'' if count == 1 else 's'}{more}", style="dim", highlight=False)
    if not count and answer["question"] and answer["parameters"]:
        asked = ", ".join(f"{name}={value}" for name, value in answer["parameters"].items())
        screen.print(f"Asked with {asked}; --param NAME=VALUE asks otherwise.", style="dim", markup=False)
    if answer["is_masked"]:
        told = f"; {answer['withheld']:,} rows about too few people are withheld" if answer["withheld"] else ""
        screen.print(f"Personal data is masked for this role{told}.", style="yellow", highlight=False)
