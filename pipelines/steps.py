"""One plain function per step of the loop. Dagster's assets and the command line call these; there is no other path.

Each function takes the day and leaves its result in the lake, the graph or the exports. Nothing that a later step needs
is kept in memory, so any step can be the first of a new process.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from lake.performed import Performed
from lake.runs import PURPOSE, RunIdentity, RunRow
from lake.tables import TABLES
from pipelines.acting import decide_actions, store_curves
from pipelines.action_delivery import deliver_actions
from pipelines.audit.sealing import seal_in_journal
from pipelines.bids_kept import store_bids
from pipelines.code_version import code_version
from pipelines.day import SLOT, Day
from pipelines.deciding import decide_run, find_motives
from pipelines.deliver import deliver_batches
from pipelines.deliveries import deliveries, step_of
from pipelines.draws import store_draws
from pipelines.errors import UsageError
from pipelines.forecasts.deciding_with import described_forecasts, live_models, run_forecasts, store_messages_read
from pipelines.graph_access import playbook_graph
from pipelines.health import health_facts, measure_health
from pipelines.identities import ALIASES, identity_digests, store_identities, stored_aliases
from pipelines.perceive import Knowing, Perceived, perceive
from pipelines.playbook_settings import relate_settings
from pipelines.step import Outcome, step
from pipelines.stored import (
    DECISIONS,
    MOTIVES,
    canonical_tables,
    graph_state,
    store_forecasts,
    views,
)
from pipelines.subjects.memory import memory_of

STEPS = ("perceive", "relate", "forecast", "propose", "decide", "project", "deliver")
NEVER_RELATED = ("messages", "promotions", "summaries")
RELATED_TABLES = tuple(name for name in TABLES if name not in NEVER_RELATED)


def perceive_and_open(day: Day, *, purpose: str | None = None) -> Perceived:
    """Load every source into the lake, then open the run that this content identifies.

    Opening is where a run gets its identity; the same content for the same day finds the run that is already there. A
    `purpose` other than deciding the day, such as a backfill, is part of its scope.

    Raises:
        UsageError: The day has not begun: what happens until then is not known, and its slot is not ours to fill yet.
        WarrantError: As `perceive`.
    """
    _refuse_a_day_to_come(day)
    day.progress.started("perceive")
    began = time.perf_counter()
    perceived = perceive(
        day.playbook,
        day.lake,
        Knowing(day.clock.as_of, day.clock.latest_known, day.environment, memory=memory_of(day.lake, day.clock.as_of)),
        slot=SLOT,
        day=day.clock.day,
        report=lambda text: day.progress.doing("perceive", text),
    )
    identity = RunIdentity(
        as_of=day.clock.as_of,
        scope={"customers": "all", "slot": SLOT} | ({PURPOSE: purpose} if purpose else {}),
        seed=day.playbook.warrant.seed,
        playbook_digest=day.playbook.digest,
        code_version=code_version(),
        tables={name: pin.digest for name, pin in perceived.pins.items()} | identity_digests(perceived.resolution),
        reservations=perceived.reservations_digest + Performed(day.lake).digest(day.clock.day),
        models=live_models(day),
    )
    store_identities(day.lake, identity.run_id, perceived.resolution)
    seconds = time.perf_counter() - began
    about = {
        "playbook": day.playbook.name,
        "folder": str(day.playbook.folder),
        "day": day.clock.day.isoformat(),
        "now": day.clock.now.isoformat(),
        "is_simulated": day.clock.is_simulated,
        "rows": dict(perceived.rows),
        "quarantined": dict(perceived.quarantined),
        "later": dict(perceived.later),
        "forgotten": dict(perceived.forgotten),
        "identities": perceived.resolution.counts,
        "seconds": round(seconds, 3),
    }
    day.run = day.ledger.open(identity, perceived.pins, about)
    rows = f"{sum(perceived.rows.values()):,} rows in {len(perceived.rows)} tables"
    day.progress.finished("perceive", seconds, f"{rows}; run {day.run.run_id}")
    return perceived


def _refuse_a_day_to_come(day: Day) -> None:
    if day.clock.as_of > day.clock.now:
        raise UsageError(
            f"{day.clock.day} has not begun in {day.playbook.timezone}.",
            where="--as-of",
            remedy="Decide it when it has; WARRANT_NOW simulates that it has.",
        )


@step("relate")
def relate(day: Day, run: RunRow) -> Outcome:
    """Write what the tables mean together into the graph, then read and store the view that the run decides from."""
    from graph.load import load
    from graph.read_view import read_view, store_view

    day.progress.doing("relate", "aggregating purchases")
    tables = canonical_tables(day, run, RELATED_TABLES)
    wanted = knowledge(day, run, tables, as_of=day.clock.as_of)
    with playbook_graph(day, "relate") as store:
        report = load(
            store, graph_state(day), "knowledge", wanted, report=lambda text: day.progress.doing("relate", text)
        )
        day.progress.doing("relate", "measuring its health")
        health = measure_health(day, run, store, tables)
        day.progress.doing("relate", "reading the view")
        view = read_view(store, day.clock.as_of)
    digest = store_view(view, views(day))
    changes = {"created": report.created, "updated": report.updated, "deleted": report.deleted}
    said = ", ".join(f"{count:,} {what}" for what, count in changes.items())
    said = f"{said}, {report.unchanged:,} unchanged; health: {health.level}"
    return Outcome(said, {"view": digest, **changes, "health": health_facts(health)})


def knowledge(day: Day, run: RunRow, tables: Mapping[str, pd.DataFrame], *, as_of: datetime) -> dict[str, pd.DataFrame]:
    """What the tables of a run mean together at a moment: the rows of the graph's layer of knowledge, by kind."""
    from graph.relate import knowledge_tables
    from pipelines.scoring import with_scores

    scored = with_scores(day.playbook, tables, as_of=as_of, is_past=as_of < run.identity.as_of)
    return dict(
        knowledge_tables(
            {**scored, ALIASES: stored_aliases(day.lake, run.run_id)},
            as_of=as_of,
            timezone=day.playbook.timezone,
            settings=relate_settings(day.playbook),
        )
    )


@step("forecast")
def forecast(day: Day, run: RunRow) -> Outcome:
    """Score what will happen, and store it."""
    from pipelines.scoring import store_scores

    forecasts = run_forecasts(day, run)
    models = store_forecasts(day, run, forecasts)
    scores = store_scores(day, run)
    curves = store_curves(day, run)
    said = f"{len(forecasts.cadence.customer_id):,} rhythms; effects are {forecasts.uplift.grade}"
    facts = {"models": dict(models), "cadence": forecasts.cadence.source, "scores": scores, **curves}
    facts |= described_forecasts(forecasts, run.identity.models)
    return Outcome(said, {**facts, "messages": store_messages_read(day, run)})


@step("propose")
def propose(day: Day, run: RunRow) -> Outcome:
    """Find the reasons to talk to each customer now."""
    motives = find_motives(day, run).frame
    day.lake.write_slice(MOTIVES, run.run_id, motives)
    by_play = motives.groupby("play")["customer_id"].nunique()
    return Outcome(
        f"{len(motives):,} motives of {motives['customer_id'].nunique():,} customers",
        {"rows": len(motives), "customers_by_play": {str(play): int(count) for play, count in by_play.items()}},
    )


@step("decide", state="decided")
def decide(day: Day, run: RunRow) -> Outcome:
    """Screen, value and allocate: one decision per customer, sealed under one root."""
    decided = decide_run(day, run)
    day.lake.write_stream(DECISIONS, run.run_id, decided.sealed.chunks())
    store_draws(day, run, decided.assignments)
    store_bids(day, run, decided.bids)
    summary = decided.summary
    said = f"{summary['sends']:,} sends for {summary['customers']:,} customers"
    facts: dict[str, Any] = {"root": decided.sealed.root, "bundle": decided.bundle_hash, "summary": summary}
    facts |= decide_actions(day, run, decided.sealed.root)
    facts |= seal_in_journal(day, run, facts)
    if "actions" in facts:
        said = f"{said}, {facts['actions']['summary']['go']:,} other actions"
    return Outcome(f"{said}, root {decided.sealed.root[:12]}", facts)


@step("project", state="projected")
def project(day: Day, run: RunRow) -> Outcome:
    """Write motives and decisions into the graph, where analysts ask for them."""
    from pipelines.projecting import project as project_into_graph

    with playbook_graph(day, "project") as store:
        report = project_into_graph(day, run, store, report=lambda text: day.progress.doing("project", text))
    return Outcome(f"{report.created:,} created, {report.updated:,} updated, {report.deleted:,} deleted")


@step("deliver", state="delivered")
def deliver(day: Day, run: RunRow) -> Outcome:
    """Write a file per channel, after checking consent and caps once more."""
    delivery = deliver_batches(day, run)
    delivered = sum(delivery.by_channel.values())
    acted = deliver_actions(day, run)
    others = f", {sum(acted['actions']['delivered'].values()):,} other actions" if acted else ""
    said = f"{delivered:,} decisions in {len(delivery.by_channel)} channels{others}"
    return Outcome(said, {**delivery.facts(), **acted})


def deliver_rest(day: Day) -> Outcome | None:
    """Deliver what was kept back and may go by now: what people have agreed to, what is no longer held.

    None where nothing has changed since; else it is a step of its own in the ledger.
    """
    run = day.current_run()
    before = deliveries(run)
    number = len(before) + 1
    day.progress.started("deliver")
    began = time.perf_counter()
    delivery = deliver_batches(day, run, number)
    more = sum(delivery.by_channel.values())
    said = f"{more:,} more decisions"
    seconds = time.perf_counter() - began
    day.progress.finished("deliver", seconds, said)
    if not more and dict(delivery.withheld) == before[-1]["withheld"]:
        return None
    payload = {"text": said, "facts": delivery.facts(), "seconds": round(seconds, 3)}
    day.ledger.mark(run.run_id, step=step_of(number), state="delivered", payload=payload)
    return Outcome(said, delivery.facts())
