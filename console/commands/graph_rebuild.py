"""`warrant graph rebuild`: the graph from the lake, as it should stand now or as it was on a past day."""

from datetime import datetime
from typing import Annotated, Any

import typer

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rebuild", epilog="Example: warrant graph rebuild --as-of 2017-10-01")(rebuild)


def rebuild(
    *,
    playbook: PlaybookOption = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="Build it as it was at 00:00 of this day, in a database of its own; the present graph stays as it is.",
        ),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--known-at",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            metavar="YYYY-MM-DD",
            help="With --as-of: count only what had been learnt by then, in UTC; without it all that is known by now.",
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="BOLT", help="With --as-of: a second, empty Neo4j to build it in."),
    ] = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Build the reasoning graph anew from the lake.

    Without --as-of the playbook's graph is emptied first; whatever others wrote into it is gone afterwards.
    """
    from pipelines.clock import as_utc
    from pipelines.people import Right, acting, insist_on
    from pipelines.rebuilding import rebuild_graph, rebuild_past

    if as_of is None and (known_at or into):
        raise UsageError(
            "--known-at and --into are about a past graph.", where="warrant graph rebuild", remedy="Add --as-of."
        )
    with watch() as progress:
        day = open_command_day(playbook, None, progress)
        # the present graph is emptied for a while; a past one stands beside it
        right: Right = "rebuild" if as_of is None else "see personal data"
        insist_on(acting(day.playbook, actor, day.environment), right, day.playbook)
        if as_of is None:
            built = rebuild_graph(day)
        else:
            learnt_by = None if known_at is None else as_utc(known_at)
            built = rebuild_past(day, as_of.date(), learnt_by=learnt_by, into=into)
    if output == Format.JSON:
        show_json(built)
    else:
        _show(built)


def _show(built: dict[str, Any]) -> None:
    screen = people_screen()
    screen.print(
        f"The graph as of {built['as_of']}, from the tables of run {built['run_id']}: "
        f"{built['nodes']:,} nodes, {built['relationships']:,} relationships.",
        highlight=False,
    )
    if "runs" in built:
        screen.print(f"Decisions of {built['runs']} runs are in it again.", highlight=False)
    else:
        where = " ".join(part for part in (built["address"], built["database"] or "") if part)
        screen.print(f"It lies in {where}. Ask it: warrant query --past {built['as_of_day']} “…”", highlight=False)
