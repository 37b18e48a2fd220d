"""One plain function per step of the loop. Dagster's assets and the command line call these; there is no other path.

Each function takes the day and leaves its result in the lake, the graph or the exports. Nothing is kept in memory that a
later step needs, so any step can be the first of a new process.
"""

import time
from typing import Any

import pandas as pd

from decisioning.decide import Motives
from forecasting.forecast import Forecasts
from graph.view import View
from lake.runs import RunIdentity
from pipelines import keeping
from pipelines.code_version import code_version
from pipelines.day import SLOT, Day
from pipelines.deliver import deliver_batches
from pipelines.perceive import Perceived, perceive
from pipelines.playbook_settings import decision_settings
from pipelines.step import Outcome, step

STEPS = ("perceive", "relate", "forecast", "propose", "decide", "project", "deliver")


def perceive_and_open(day: Day) -> Perceived:
    """Load every source into the lake, then open the run that this content identifies.

    Opening is where a run gets its identity; the same content for the same day finds the run that is already there.
    """
    day.progress.started("perceive")
    began = time.perf_counter()
    perceived = perceive(
        day.playbook,
        day.lake,
        as_of=day.clock.as_of,
        latest_known=day.clock.latest_known,
        environment=day.environment,
        report=lambda text: day.progress.doing("perceive", text),
    )
    identity = RunIdentity(
        as_of=day.clock.as_of,
        scope={"customers": "all", "slot": SLOT},
        seed=day.playbook.warrant.seed,
        playbook_digest=day.playbook.digest,
        code_version=code_version(),
        tables={name: pin.digest for name, pin in perceived.pins.items()},
        reservations=perceived.reservations_digest,
    )
    seconds = time.perf_counter() - began
    text = f"{sum(perceived.rows.values()):,} rows in {len(perceived.rows)} tables"
    about = {
        "playbook": day.playbook.name,
        "folder": str(day.playbook.folder),
        "day": day.clock.day.isoformat(),
        "now": day.clock.now.isoformat(),
        "is_simulated": day.clock.is_simulated,
        "rows": dict(perceived.rows),
        "quarantined": dict(perceived.quarantined),
        "later": dict(perceived.later),
        "seconds": round(seconds, 3),
    }
    day.run = day.ledger.open(identity, perceived.pins, about)
    day.progress.finished("perceive", seconds, f"{text}; run {day.run.run_id}")
    return perceived


@step("relate")
def relate(day: Day) -> Outcome:
    """Write what the tables mean together into the graph, then read and store the view that the run decides from."""
    from graph.load import load
    from graph.read_view import read_view, store_view
    from graph.relate import knowledge_tables

    warrant = day.playbook.warrant
    tables = keeping.canonical_tables(day)
    day.progress.doing("relate", "aggregating")
    wanted = knowledge_tables(
        tables,
        as_of=day.clock.as_of,
        timezone=day.playbook.timezone,
        product_threshold=warrant.graph.product_threshold_days,
        belief_minimum_days=warrant.beliefs.minimum_days,
        belief_half_life_days=warrant.beliefs.half_life_days,
    )
    with keeping.graph(day) as store:
        report = load(store, keeping.graph_state(day), "knowledge", wanted)
        day.progress.doing("relate", "reading the view")
        view = read_view(store, day.clock.as_of)
    digest = store_view(view, keeping.views(day))
    facts = {"view": digest, "created": report.created, "updated": report.updated, "deleted": report.deleted}
    return Outcome(f"{report}; view {digest[:12]}", facts)


@step("forecast")
def forecast(day: Day) -> Outcome:
    """Score what will happen, and store it."""
    forecasts = keeping.make_forecasts(day)
    rows = keeping.store_forecasts(day, forecasts)
    return Outcome(f"{rows['cadence']:,} rhythms of customers in categories", {"rows": rows})


@step("propose")
def propose(day: Day) -> Outcome:
    """Find the reasons to talk to each customer now."""
    view, forecasts = keeping.view(day), keeping.forecasts(day)
    motives = find_motives(day, view, forecasts)
    day.lake.write_slice("motives", day.current_run().run_id, motives.frame)
    by_play = motives.frame.groupby("play")["customer_id"].nunique().to_dict()
    return Outcome(
        f"{len(motives.frame):,} motives of {motives.frame['customer_id'].nunique():,} customers",
        {"customers_by_play": {play: int(count) for play, count in sorted(by_play.items())}},
    )


@step("decide", state="decided")
def decide(day: Day) -> Outcome:
    """Screen, value and allocate: one decision per customer, sealed under one root."""
    sealed, summary = keeping.decisions(day)
    day.lake.write_slice("decisions", day.current_run().run_id, sealed.frame)
    text = f"{summary['sends']:,} sends for {summary['customers']:,} customers, root {sealed.root[:12]}"
    return Outcome(text, {"root": sealed.root, "summary": summary})


def find_motives(day: Day, view: View, forecasts: Forecasts) -> Motives:
    """Motives are found again wherever they are needed, never read back: finding them is pure."""
    from decisioning.decide import propose as propose_motives

    return propose_motives(view, forecasts, decision_settings(day.playbook), day.clock.as_of)


@step("project", state="projected")
def project(day: Day) -> Outcome:
    """Write motives and decisions into the graph, where analysts ask for them."""
    raise NotImplementedError


@step("deliver", state="delivered")
def deliver(day: Day) -> Outcome:
    """Write a file per channel, after checking consent and caps once more."""
    delivery: dict[str, Any] = deliver_batches(day)
    rows: pd.Series = pd.Series(delivery["by_channel"])
    return Outcome(f"{int(rows.sum()):,} decisions in {len(delivery['files'])} files", delivery)
