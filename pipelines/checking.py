"""Checking a playbook before it runs: files, policies with their own tests, every source, and which plays can work."""

from dataclasses import asdict
from datetime import date
from typing import Any

from decisioning.boosts import unknown_assets
from decisioning.errors import PolicyError
from decisioning.message_order import unknown_names
from decisioning.play import SURGES
from decisioning.plays import available, off_because
from decisioning.policies.check import Finding, check, unreadable
from decisioning.policies.compile import compile_policies
from decisioning.policies.rules import read_rule
from decisioning.remits.authority import plays_that_may_send
from decisioning.screening import attributes_of
from graph.view import View
from lake.tables import TABLES
from pipelines.channels.files import check_columns
from pipelines.day import Day
from pipelines.forecasts.catalogue import part
from pipelines.identities import identify
from pipelines.perceive import Knowing, Reading, read_tables
from pipelines.playbook import Playbook
from pipelines.playbook_boosts import boost_warnings
from pipelines.playbook_remits import FOLDER as REMITS
from pipelines.playbook_remits import insist_on_sound_remits
from pipelines.playbook_settings import decision_settings, play_settings
from pipelines.running import assumed_numbers
from pipelines.scoring import with_scores
from pipelines.steps import RELATED_TABLES
from pipelines.stored import empty_table
from pipelines.subjects.memory import memory_of


def check_playbook(day: Day) -> dict[str, Any]:
    """Everything that can be known without running.

    Returns:
        `tables` (read, mapped, quarantined, later), `quarantine_reasons`, `plays` (on or off and why), `remits` (agent,
        owner, and what it may), `policies`,
        `policy_tests`, `bundle`, `actions` (each rule, on or off and why), `consents_assumed`, `assumed`, `errors` and
        `warnings` (where, what, remedy).

    Raises:
        WarrantError: A file or source that cannot be read at all.
    """
    playbook = day.playbook
    check_before_running(playbook, day.clock.day)
    reading = read_tables(
        playbook,
        Knowing(day.clock.as_of, day.clock.latest_known, day.environment, memory=memory_of(day.lake, day.clock.as_of)),
        lambda text: day.progress.doing("check", text),
    )
    reading.splits = identify(playbook, reading.splits, day.lake, as_of=day.clock.as_of).splits
    return {
        "playbook": playbook.name,
        "as_of_day": day.clock.day.isoformat(),
        "tables": _coverage(reading),
        "quarantine_reasons": _reasons(reading),
        "plays": _plays(playbook, reading),
        "remits": [{"agent": one.agent, "owner": one.owner, **asdict(one.may)} for one in playbook.remits],
        **_with_actions(day, reading, _policies(day, reading)),
        "consents_assumed": [
            {"channel": key, "because": channel.consent.because, "by": channel.consent.by}
            for key, channel in sorted(playbook.channels.channels.items())
            if channel.consent is not None
        ],
        "assumed": assumed_numbers(playbook),
    }


def describe_tables() -> list[dict[str, Any]]:
    """The canonical tables with their columns, units and closed lists."""
    return [
        {"table": table.name, "key": list(table.key), "columns": [asdict(column) for column in table.columns]}
        for table in TABLES.values()
    ]


def check_before_running(playbook: Playbook, on: date) -> None:
    """What a run insists on before it reads anything: known plays and columns, remits that hold, readable policies.

    Raises:
        WarrantError: With file and line.
    """
    insist_on_sound_remits(playbook, on)
    for policy in decision_settings(playbook).policies:
        for finding in unreadable(policy):
            wrong = told(finding)
            raise PolicyError(wrong["what"], where=wrong["where"], remedy=wrong["remedy"])
        read_rule(policy)
    for key, channel in playbook.channels.channels.items():
        check_columns(channel.columns, playbook.files["channels.yaml"].where(("channels", key, "columns")))
    for what in playbook.warrant.forecasts:
        part(what).settings(playbook)


def _coverage(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "table": name,
            "read": reading.read[name],
            "mapped": len(checked.kept),
            "quarantined": len(checked.quarantined),
            "later": checked.later,
        }
        for name, checked in reading.splits.items()
    ]


def _reasons(reading: Reading) -> list[dict[str, Any]]:
    return [
        {"table": name, "reason": str(reason), "rows": int(rows)}
        for name, checked in reading.splits.items()
        for reason, rows in checked.quarantined["reason"].value_counts().items()
    ]


def _plays(playbook: Playbook, reading: Reading) -> list[dict[str, Any]]:
    """Every play there is, and why one finds nothing: switched off, or data that is missing."""
    switched_on = {play.name: play for play in play_settings(playbook)}
    filled = [name for name, checked in reading.splits.items() if len(checked.kept)]
    if playbook.scores is not None and playbook.scores.surges:
        filled.append(SURGES)
    may_send = plays_that_may_send(playbook.remits, switched_on)
    plays = []
    for name in available():
        because = off_because(name, filled, switched_on.get(name)) if name in switched_on else "not in plays.yaml"
        if because is None and name not in may_send:
            because = "no agent's remit permits it"
        plays.append({"play": name, "on": because is None, "because": because})
    return plays


def _policies(day: Day, reading: Reading) -> dict[str, Any]:
    settings = decision_settings(day.playbook)
    view = _view(day, reading)
    attributes = attributes_of(view)
    conditions = {
        f"order {place} of the play {play.name}": order.when
        for play in settings.plays
        for place, order in enumerate(play.orders or (), start=1)
        if order.when is not None
    }
    findings = check(settings.policies, {**settings.audiences, **conditions}, attributes)
    # what remits become has no tests of its own, and may well be shadowed by what the playbook says too
    remits = str(day.playbook.folder / REMITS)
    findings = [one for one in findings if not (one.is_warning and one.where.startswith(remits))]
    errors = [told(finding) for finding in findings if not finding.is_warning]
    errors += [
        {"where": wrong.where, "what": wrong.what, "remedy": wrong.remedy}
        for wrong in (*unknown_names(view, settings), *unknown_assets(view, settings))
    ]
    return {
        "policies": len(settings.policies),
        "policy_tests": sum(len(policy.tests) for policy in settings.policies),
        "bundle": None if errors else compile_policies(settings.policies, attributes).bundle_hash,
        "errors": errors,
        "warnings": [
            *(told(finding) for finding in findings if finding.is_warning),
            *boost_warnings(day, settings.boosts),
        ],
    }


def view_of_sources(day: Day) -> View:
    """The view that the sources would give now, without its purchases: enough to know what policies may name."""
    knowing = Knowing(
        day.clock.as_of, day.clock.latest_known, day.environment, memory=memory_of(day.lake, day.clock.as_of)
    )
    return _view(day, read_tables(day.playbook, knowing, lambda text: day.progress.doing("check", text)))


def _with_actions(day: Day, reading: Reading, found: dict[str, Any]) -> dict[str, Any]:
    """What was found of policies, together with the rules and policies about actions beyond messages."""
    if day.playbook.actions is None:
        return {**found, "actions": []}
    from pipelines.action_checking import check_actions

    kept = {name: checked.kept for name, checked in reading.splits.items()}
    rules, errors = check_actions(day, _view(day, reading), kept)
    return {**found, "actions": rules, "errors": [*found["errors"], *errors]}


def _view(day: Day, reading: Reading) -> View:
    """What policies may name depends on the columns that the sources have; the graph is not needed for that."""
    from graph.build_view import view_from_tables
    from graph.relate import knowledge_tables

    kept = {name: checked.kept for name, checked in reading.splits.items()}
    tables = {name: kept.get(name, empty_table(name)) for name in RELATED_TABLES}
    # Attributes come from the tables' columns; purchases only fill them.
    tables["purchases"] = tables["purchases"].head(0)
    tables = with_scores(day.playbook, tables, as_of=day.clock.as_of)
    wanted = knowledge_tables(tables, as_of=day.clock.as_of, timezone=day.playbook.timezone)
    return view_from_tables(wanted, day.clock.as_of)


def told(finding: Finding) -> dict[str, Any]:
    """A finding about a policy or audience as where, what and remedy."""
    column = f", column {finding.column}" if finding.column is not None else ""
    return {"where": f"{finding.where}{column}", "what": finding.what, "remedy": finding.remedy}
