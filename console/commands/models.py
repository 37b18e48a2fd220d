"""`warrant models`: what was learnt, how good it is, which model is live, and since when."""

import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from console.commands.arguments import ActorOption, AsOfOption, PlaybookArgument, PlaybookOption, open_command_day
from console.commands.forecast import What, WhatOption
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch

app = typer.Typer(
    cls=WarrantGroup, no_args_is_help=True, help="Forecast models: train behind a gate, look at cards, go back."
)
HashArgument = Annotated[str, typer.Argument(metavar="HASH", help="The model's hash, or the start of it.")]
NameArgument = Annotated[What, typer.Argument(metavar="NAME", help="What the model forecasts.")]


@app.command("train", epilog="Example: warrant models train examples/grocer --what value")
def train(
    playbook: PlaybookArgument = None,
    *,
    what: WhatOption,
    as_of: AsOfOption = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Fit a challenger and judge it on days it has not seen; it replaces the champion only when it wins."""
    from pipelines.forecasts.catalogue import part
    from pipelines.forecasts.training import described, train_now
    from pipelines.people import acting

    with watch() as progress:
        day = open_command_day(playbook, as_of, progress)
        who = acting(day.playbook, actor, os.environ)
        done = described(train_now(day, part(what.value), who))
    if output == Format.JSON:
        show_json(done)
        return
    screen = people_screen()
    state = "[green]live[/]" if done["is_live"] else "[yellow]registered, not live[/]"
    screen.print(f"{done['what']} {done['hash']}: {state}", highlight=False)
    screen.print(f"{done['because']}.", markup=False, highlight=False)
    if not done["is_live"]:
        screen.print(f"Live stays: {done['champion'] or 'none'}.", markup=False, highlight=False)
    screen.print(f"Card: warrant models show {done['what']} {done['hash']}", markup=False, highlight=False)


@app.command("list", epilog="Example: warrant models list")
def list_models(playbook: PlaybookOption = None, output: FormatOption = Format.TABLE) -> None:
    """All registered models, and which of them are live."""
    from pipelines.forecasts.registry import models_of

    found = models_of(open_command_day(playbook))
    if output == Format.JSON:
        show_json({"models": found})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "hash", "state", "learnt until", "beats rivals", "what"):
        table.add_column(name, overflow="fold")
    for one in found:
        state = Text("live", style="green") if one["is_live"] else Text("was live" if one["was_live"] else "")
        better = "yes" if one["is_better"] else "no"
        table.add_row(one["name"], one["hash"], state, one["trained_until"][:10], better, one["subject"])
    people_screen().print(table if found else "No model has been trained yet: warrant models train --what value")


@app.command("show", epilog="Example: warrant models show value")
def show(
    name: NameArgument,
    digest: Annotated[
        str | None, typer.Argument(metavar="[HASH]", help="Of the model; without it the one that is live.")
    ] = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """A model's card: what it learnt from, how it was judged, its scores beside the rivals', when it was live."""
    from lake.card_page import card_page
    from pipelines.forecasts.registry import model_of

    found = model_of(open_command_day(playbook), name.value, digest)
    if output == Format.JSON:
        show_json(found)
        return
    screen = people_screen()
    screen.print(Markdown(card_page(found["card"], found["hash"])))
    screen.print(_story(found), markup=False, highlight=False)
    screen.print(f"Files: {found['folder']}", markup=False, highlight=False, soft_wrap=True)


@app.command("drift", epilog="Example: warrant models drift")
def drift(playbook: PlaybookArgument = None, as_of: AsOfOption = None, output: FormatOption = Format.TABLE) -> None:
    """Whether what the live models see now is still distributed as what they learnt from."""
    from pipelines.forecasts.catalogue import trainable
    from pipelines.forecasts.drifting import drift_now

    with watch() as progress:
        found = drift_now(open_command_day(playbook, as_of, progress), trainable())
    if output == Format.JSON:
        show_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("model", "input", "drift", "stability index", "by chance", "p"):
        table.add_column(name, overflow="fold")
    for model in found["models"]:
        for row in model["columns"]:
            state = Text("yes", style="yellow") if row["is_drifted"] else Text("no")
            numbers = (f"{row[name]:.3g}" for name in ("psi", "psi_by_chance", "adjusted_p"))
            table.add_row(f"{model['what']} {model['hash'][:8]}", row["column"].replace("_", " "), state, *numbers)
    screen = people_screen()
    screen.print(table)
    for one in found["not_judged"]:
        screen.print(f"{one['what']}: {one['why']}", markup=False, highlight=False)
    for what in [model["what"] for model in found["models"] if model["has_drifted"]]:
        screen.print(f"Train a challenger: warrant models train --what {what}", markup=False, highlight=False)


@app.command("restore", epilog='Example: warrant models restore value 3f2a --because "forecasts are off since Monday"')
def restore(
    name: NameArgument,
    digest: HashArgument,
    *,
    because: Annotated[str, typer.Option("--because", help="Why; it stands in the journal.")],
    playbook: PlaybookOption = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Go back to a model that was live before."""
    from pipelines.forecasts.registry import restore as go_back
    from pipelines.people import acting

    day = open_command_day(playbook)
    found = go_back(day, name.value, digest, acting(day.playbook, actor, os.environ), because=because)
    if output == Format.JSON:
        show_json(found)
        return
    people_screen().print(f"{name.value} {found['hash']} is live again.", markup=False, highlight=False)


def _story(found: Mapping[str, Any]) -> str:
    lines = [
        f"Live from {one['at'][:16]} ({one['by'] or 'by a schedule'}): {one['because']}" for one in found["promotions"]
    ]
    return "\n".join([*lines, "It is live now." if found["is_live"] else "It is not live."])
