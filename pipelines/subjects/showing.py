"""`warrant subject show`: everything that is held about a person, what was decided and why, and how it was used."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from decisioning.explain import in_words
from decisioning.record_columns import is_of_earlier_version
from lake.journal import Actor, Journal
from lake.quality import ROW
from lake.removal import Removal
from lake.reservations import RESERVATIONS
from lake.store import arrow_table
from lake.tables import TABLES
from pipelines.channels.erasing import rows_naming
from pipelines.day import Day
from pipelines.explaining import versions_of
from pipelines.forecasts.catalogue import PARTS
from pipelines.forecasts.deciding_with import FORECAST_TABLES
from pipelines.graph_access import playbook_graph
from pipelines.people import may
from pipelines.steps import RELATED_TABLES
from pipelines.stored import DECISIONS, graph_state
from pipelines.subjects.persons import Person, current_table, person_of, result_table

MASK: Final = "•••"
MASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "identities": ("value",),
    "suppressions": ("value",),
    "messages": ("text",),
    "signals": ("properties",),
    "quarantine": (ROW, "value"),
    "assertions": ("reason", "statement"),
    "aliases": ("evidence", "because"),
    "beliefs": ("reason",),
}
"""What a viewer does not see, by table; nor what a source states beyond the declared columns of one."""
RESULTS: Final = (
    "motives",
    "forecast_cadence",
    "forecast_recent",
    "forecast_redemption_customers",
    "forecast_response_customers",
    "forecast_timing",
    "forecast_value",
    "forecast_language",
    "aliases",
    "scores",
    "score_parts",
    "score_stages",
    "actions",
    *(f"outlook_{what}" for what in PARTS),
)
JSON_COLUMNS: Final = ("facts", "evidence", "link")
USES: Final[Mapping[str, str]] = {
    "relate": "the reasoning graph and its beliefs",
    "forecast": "forecasts of what they buy, when, and how they answer",
    "contact": "checks before anything leaves",
}
CONTACT_TABLES: Final = ("consents", "suppressions", "touches", "planned_touches", "outcomes", "customers")


def show(day: Day, actor: Actor, identifier: str) -> dict[str, Any]:
    """All that is held about a person.

    Who may not see personal data gets identifiers, messages, what people said and why, rows that left for channels and
    columns that only a source knows masked.

    Returns:
        `customer_id`, `identifiers`, `tables` (rows by table), `used_for` (by table), `beliefs`, `consents`,
        `decisions`, `results` (of the last decided run), `exports`, `reservations`, `journal`.

    Raises:
        UnknownPersonError: Nobody goes by this identifier.
        GraphError: The graph's server cannot be reached.
    """
    person = person_of(day, identifier)
    removal = Removal(person.identifiers)
    is_open = may(actor, "see personal data")
    names = [*TABLES, "quarantine"]
    tables = {name: _rows(removal, name, current_table(day, name)) for name in names if day.lake.latest(name)}
    tables = {name: rows for name, rows in tables.items() if rows}
    beliefs, decisions, results = _beliefs(day, person.customer_id), _decisions(day, person), _results(day, removal)
    names_in_exports = [*person.identifiers, *(str(each["decision_id"]) for each in decisions)]
    exports = rows_naming(day.home.exports(day.playbook.name), names_in_exports)
    return {
        "customer_id": person.customer_id,
        "identifiers": list(person.identifiers) if is_open else [MASK for _ in person.identifiers],
        "shared_identifiers": len(person.shared),
        "tables": tables if is_open else {name: _masked(name, rows) for name, rows in tables.items()},
        "used_for": _used_for(tables),
        "beliefs": beliefs if is_open else _masked("beliefs", beliefs),
        "consents": _consents(tables.get("consents", [])),
        "decisions": decisions,
        "results": results if is_open else {name: _masked(name, rows) for name, rows in results.items()},
        "exports": exports if is_open else [export | {"row": _all_masked(export["row"])} for export in exports],
        "reservations": _log_rows(day, removal, RESERVATIONS),
        "journal": _journal(day, removal, is_open=is_open),
    }


def _rows(removal: Removal, name: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    content = arrow_table(frame) if len(frame.columns) else pa.table({})
    theirs = frame[removal.rows_of(name, content)] if len(frame) else frame
    return _plain_rows(theirs)


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without what is not stated, in values that JSON knows."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", force_ascii=False)
    rows: list[dict[str, Any]] = json.loads(str(text))
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _masked(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{column: value if _is_open(name, column) else MASK for column, value in row.items()} for row in rows]


def _is_open(table: str, column: str) -> bool:
    is_declared = table not in TABLES or TABLES[table].column(column) is not None
    return is_declared and column not in MASKED.get(table, ())


def _all_masked(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(row, MASK)


def _used_for(tables: Iterable[str]) -> dict[str, list[str]]:
    by_use = {"relate": RELATED_TABLES, "forecast": FORECAST_TABLES, "contact": CONTACT_TABLES}
    found = {name: [USES[use] for use, read in by_use.items() if name in read] for name in tables}
    return {name: uses or ["nothing: it is kept, and no decision reads it"] for name, uses in found.items()}


def _beliefs(day: Day, customer_id: str) -> list[dict[str, Any]]:
    """What is believed and was believed, with rule, source and since when; nothing before anything was related."""
    from graph.schema import NODE, RELATIONSHIPS

    if not graph_state(day).exists():
        return []
    kinds = [kind for kind in RELATIONSHIPS if kind.is_belief and kind.source == "Customer"]
    found = []
    with playbook_graph(day, "show", for_reading=True) as store:
        for kind in kinds:
            # labels, types and keys are the schema's own words
            statement = (
                f"MATCH (customer:Customer {{customer_id: $customer_id}})-[belief:{kind.type}]->(about:{kind.target}) "
                f"RETURN about.{NODE[kind.target].key} AS about, properties(belief) AS facts"
            )
            for row in store.read(statement, customer_id=customer_id):
                about = f"{kind.target}/{row['about']}"
                found.append({"belief": kind.type, "about": about, **_plain_facts(row["facts"])})
    return sorted(found, key=lambda each: (each["belief"], each["about"], str(each.get("valid_from"))))


def _plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name, value in sorted(facts.items()):
        is_plain = value is None or isinstance(value, bool | int | float | str | list)
        plain[name] = value if is_plain else (value.isoformat() if hasattr(value, "isoformat") else str(value))
    return plain


def _consents(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The word that holds for each channel and purpose."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda each: str(each["recorded_at"])):
        latest[row["channel_id"], row["purpose"]] = row
    return list(latest.values())


def _decisions(day: Day, person: Person) -> list[dict[str, Any]]:
    """What every run decided for them, with what it used."""
    records = result_table(day, DECISIONS)
    if records.empty:
        return []
    theirs = records[records["customer_id"].isin(person.identifiers)]
    used = {run.run_id: versions_of(run) for run in [*day.ledger.having("decide"), *day.ledger.backfills()]}
    theirs = theirs.sort_values(["as_of", "run_id"])
    return [
        row
        | {name: json.loads(row[name]) for name in JSON_COLUMNS if isinstance(row.get(name), str)}
        | ({} if is_of_earlier_version(record) else in_words(record))
        | {"used": used.get(str(row["run_id"]), {})}
        for row, record in zip(_plain_rows(theirs), theirs.to_dict("records"), strict=True)
    ]


def _results(day: Day, removal: Removal) -> dict[str, list[dict[str, Any]]]:
    run = day.ledger.latest(step="decide")
    if run is None:
        return {}
    found = {}
    for name in RESULTS:
        rows = result_table(day, name)
        if len(rows) and len(theirs := _rows(removal, name, rows[rows["run_id"] == run.run_id])):
            found[name] = theirs
    return found


def _log_rows(day: Day, removal: Removal, name: str) -> list[dict[str, Any]]:
    rows = day.lake.read_log(name)
    return [] if rows is None else _rows(removal, name, rows)


def _journal(day: Day, removal: Removal, *, is_open: bool) -> list[dict[str, Any]]:
    events = Journal(day.lake).events().to_dict("records")
    return [
        {
            "position": event["position"],
            "kind": event["kind"],
            "at": event["at"].isoformat(),
            "by": event["person"] or f"system-user:{event['system_user']}",
            "because": event["because"] if is_open else MASK,
            "what": event["payload"] if is_open else _all_masked(event["payload"]),
        }
        for event in events
        if event["payload"] and removal.payload_names(event["payload"])
    ]
