"""The command line `warrant`. Commands are grouped by who uses them; each lives in a module of its own."""

import typer

from console.commands import ask, check, graph_server, prove, run
from console.output import WarrantGroup

app = typer.Typer(
    name="warrant",
    cls=WarrantGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Decides, for every customer, what to say, on which channel and when, and can always show why.",
    pretty_exceptions_show_locals=False,
)
run.register(app)
check.register(app)
ask.register(app)
prove.register(app)
app.add_typer(graph_server.app, name="graph", rich_help_panel="Operating")


def main() -> None:
    """Entry point of the installed program."""
    app()


if __name__ == "__main__":
    main()
