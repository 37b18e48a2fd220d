"""The command line `warrant`. Commands are grouped by who uses them; each lives in a module of its own."""

import sys

import typer

from console.commands import (
    actions,
    ask,
    assert_fact,
    audit,
    backfill,
    backtest,
    check,
    forecast,
    graph_health,
    graph_rebuild,
    graph_server,
    hold,
    identity,
    lift,
    lineage,
    models,
    plan,
    policy,
    prove,
    remit,
    requests,
    run,
    scores,
    simulate,
    subject,
    unserved,
)
from console.defects import tell_of_defect
from console.output import WarrantGroup

app = typer.Typer(
    name="warrant",
    cls=WarrantGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Decides, for every customer, what to say, on which channel and when, and can always show why.",
    epilog="Start with: warrant check examples/grocer",
)
run.register(app)
simulate.register(app)
plan.register(app)
check.register(app)
backfill.register(app)
backtest.register(app)
forecast.register(app)
app.add_typer(models.app, name="models", rich_help_panel="Forecasts")
ask.register(app)
actions.register(app)
unserved.register(app)
scores.register(app)
prove.register(app)
lift.register(app)
assert_fact.register(app)
hold.register(app)
app.add_typer(requests.app, name="requests", rich_help_panel="People's say")
app.add_typer(policy.app, name="policy", rich_help_panel="Policies")
app.add_typer(audit.app, name="audit", rich_help_panel="Proving")
app.add_typer(remit.app, name="remit", rich_help_panel="Agents")
app.add_typer(subject.app, name="subject", rich_help_panel="About a person")
app.add_typer(identity.app, name="identity", rich_help_panel="About a person")
graph_health.register(graph_server.app)
lineage.register(graph_server.app)
graph_rebuild.register(graph_server.app)
app.add_typer(graph_server.app, name="graph", rich_help_panel="Operating")


def main() -> None:
    """Entry point of the installed program."""
    sys.excepthook = tell_of_defect
    typer.main.get_command(app)()  # not `app()`, which would print tracebacks in its own way


if __name__ == "__main__":
    main()
