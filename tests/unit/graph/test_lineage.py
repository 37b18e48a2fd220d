"""Lineage: everything can be followed up to its sources and down to what came of it, and no way leads in a circle."""

import json
from datetime import UTC, datetime
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from graph.lineage import STAGES, Traced, UnknownSubjectError, ancestors, around, descendants, find, in_order, lineage
from graph.lineage_sources import BELIEFS, FACT_SOURCES, kind_of
from graph.provenance import prov_document
from graph.schema import kinds_of
from lake.tables import TABLES

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
TABLE_NAMES = tuple(TABLES)
KNOWLEDGE = tuple(FACT_SOURCES)


def step(start: str, kind: str, end: str, **properties: object) -> dict[str, Any]:
    return {"from": start, "type": kind, "to": end, "properties": properties}


def decisions(*rows: tuple[str, str, str, list[dict[str, Any]]], refused: str = "consent") -> pd.DataFrame:
    columns = ["decision_id", "customer_id", "verb", "path"]
    frame = pd.DataFrame(rows, columns=columns).assign(is_ghost=False)
    frame["asset_id"] = ["tea-time" if verb == "send" else None for verb in frame["verb"]]
    return frame.assign(refused_by=pd.Series([{refused: 2}] * len(frame), index=frame.index, dtype=object))


def traced(run_id: str = "r1", **changed: Any) -> Traced:
    interest = step("Customer/ann", "INTERESTED_IN", "Category/TEA", rule="repeat-purchase", confidence=0.8)
    tables = ("customers", "purchases", "products", "categories", "assets", "channels", "consents")
    facts: dict[str, Any] = {
        "run_id": run_id,
        "as_of": AS_OF,
        "code": "c" * 64,
        "playbook": "p" * 64,
        "tables": {name: f"{number}" * 64 for number, name in enumerate(tables)},
        "sources": {name: (f"sources/{name}.sql",) for name in tables},
        "facts": {"Customer": 2, "Customer BOUGHT Category": 3, "Customer INTERESTED_IN Category": 1},
        "rules": {"Customer INTERESTED_IN Category": {"repeat-purchase": ("purchases",)}},
        "view": "e" * 64,
        "models": {"cadence": "d" * 64},
        "model_tables": ("customers", "purchases"),
        "policies": ("consent", "margin"),
        "policy_digest": "b" * 64,
        "decisions": decisions(("d1", "ann", "send", [interest]), ("d2", "bob", "none", [])),
        "rows": {"d1": ("purchases/o-1/1",)},
        "batches": {"d1": ("batch-1", "email")},
        "outcomes": pd.DataFrame(
            [("o1", "d1", "opened", AS_OF), ("o2", "of-another-run", "opened", AS_OF)],
            columns=["outcome_id", "decision_id", "name", "occurred_at"],
        ),
    } | changed
    return Traced(**facts)


def test_a_decision_leads_up_to_its_source_files_through_rule_and_row() -> None:
    graph = lineage([traced()])
    above = ancestors(graph, ["decision/d1"])
    assert {
        "source/sources/purchases.sql",
        f"table/purchases@{'1' * 16}",
        "row/purchases/o-1/1",
        "fact/Customer INTERESTED_IN Category by repeat-purchase@r1",
        f"view/{'e' * 16}",
        f"model/cadence@{'d' * 16}",
        "run/r1",
        "customer/ann",
        "asset/tea-time",
        f"policy/consent@{'b' * 16}",
    } <= above
    assert "customer/bob" not in above


def test_a_customer_leads_up_to_the_facts_that_are_known_of_customers_and_to_the_rows_behind_them() -> None:
    above = ancestors(lineage([traced()]), ["customer/ann"])
    assert {"fact/Customer@r1", "fact/Customer BOUGHT Category@r1", "row/purchases/o-1/1"} <= above
    assert "source/sources/purchases.sql" in above
    assert not {node for node in above if node.startswith(("decision", "run", "policy"))}


def test_a_decision_leads_down_to_its_batch_and_outcomes() -> None:
    assert descendants(lineage([traced()]), ["decision/d1"]) == {"batch/batch-1", "outcome/o1"}
    assert descendants(lineage([traced()]), ["decision/d2"]) == set()


def test_a_source_file_leads_down_to_whatever_was_made_from_it() -> None:
    below = descendants(lineage([traced()]), ["source/sources/purchases.sql"])
    assert {"run/r1", "decision/d1", "decision/d2", "batch/batch-1", "outcome/o1"} <= below


def test_what_is_around_a_subject_can_be_asked_up_or_down() -> None:
    graph = lineage([traced()])
    assert set(around(graph, "decision/d1", "down")) == {"decision/d1", "batch/batch-1", "outcome/o1"}
    assert "batch/batch-1" not in around(graph, "decision/d1", "up")
    assert set(around(graph, "customer/ann", "down")) == {"customer/ann", "decision/d1", "batch/batch-1", "outcome/o1"}
    assert "decision/d2" in around(graph, "policy/consent", "down")


def test_subjects_are_found_without_version_and_by_the_start_of_an_id() -> None:
    graph = lineage([traced(), traced("r2", tables={"purchases": "9" * 64})])
    assert find(graph, "table/purchases") == [f"table/purchases@{'1' * 16}", f"table/purchases@{'9' * 16}"]
    assert find(graph, "run/r") == ["run/r1", "run/r2"]
    assert find(graph, "fact/Customer INTERESTED_IN Category")[0].endswith("by repeat-purchase@r1")


@pytest.mark.parametrize("subject", ["customer/nobody", "nonsense", "customer/an", "decision/", ""])
def test_an_unknown_subject_is_said_with_the_kinds_there_are(subject: str) -> None:
    with pytest.raises(UnknownSubjectError, match="nothing here goes by") as raised:
        find(lineage([traced()]), subject)
    assert "customer" in raised.value.remedy


def test_every_kind_of_knowledge_is_made_from_tables_that_there_are() -> None:
    assert set(FACT_SOURCES) == {kind.kind for kind in kinds_of("knowledge")}
    assert {table for tables in FACT_SOURCES.values() for table in tables} <= set(TABLES)
    assert all(FACT_SOURCES.values())


customers = st.sampled_from(("a", "b", "c"))


@st.composite
def worlds(draw: st.DrawFn) -> list[Traced]:
    """Runs over random tables with random facts and decisions."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        tables = draw(st.sets(st.sampled_from(TABLE_NAMES)).map(lambda found: {*found, "customers"}))
        kinds = draw(st.lists(st.sampled_from(KNOWLEDGE), max_size=6, unique=True))
        reachable = [kind for kind in kinds if set(FACT_SOURCES[kind]) & tables]
        believed = [kind for kind in reachable if kind in BELIEFS]
        rows: list[tuple[str, str, str, list[dict[str, Any]]]] = []
        for place in range(draw(st.integers(0, 4))):
            verb, has_path, customer = draw(st.sampled_from(("send", "none"))), draw(st.booleans()), draw(customers)
            path = [step("Customer/a", "BOUGHT", "Category/b")] if has_path and verb == "send" else []
            rows.append((f"d{number}-{place}", customer, verb, path))
        is_delivered = draw(st.booleans())
        made.append(
            traced(
                f"r{number}",
                tables={name: draw(st.sampled_from(("1", "2"))) * 64 for name in sorted(tables)},
                sources={name: (f"sources/{name}.sql",) for name in tables},
                facts=dict.fromkeys(reachable, 1),
                rules={kind: {"a rule": ()} for kind in believed},
                decisions=decisions(*rows),
                rows={},
                batches={rows[0][0]: ("batch", "email")} if rows and is_delivered else {},
            )
        )
    return made


@given(worlds())
@settings(deadline=None, max_examples=60)
def test_every_fact_and_decision_is_reachable_from_its_sources_and_nothing_from_itself(runs: list[Traced]) -> None:
    graph = lineage(runs)
    assert nx.is_directed_acyclic_graph(graph)
    for run in runs:
        sources = {f"source/{source}" for named in run.sources.values() for source in named}
        for decision in run.decisions["decision_id"]:
            assert sources <= ancestors(graph, [f"decision/{decision}"])
    for node, data in graph.nodes(data=True):
        if data["kind"] == "fact":
            above = ancestors(graph, [node])
            kind = node.removeprefix("fact/").rpartition("@")[0].partition(" by ")[0]
            expected = set(FACT_SOURCES[kind]) & set(next(run for run in runs if node.endswith(run.run_id)).tables)
            assert {f"source/sources/{name}.sql" for name in expected} <= above
    assert {data["kind"] for _, data in graph.nodes(data=True)} <= set(STAGES)
    ordered = in_order(graph, graph)
    assert sorted(ordered) == sorted(graph)


def test_a_step_of_a_path_is_a_kind_of_fact_or_none() -> None:
    assert kind_of(step("Customer/1", "BOUGHT", "Category/A/B")) == "Customer BOUGHT Category"
    assert kind_of(step("Customer/1", "HAS_MOTIVE", "Motive/x")) is None, "found by the run, not known before it"
    assert kind_of(step("Motive/x", "ANSWERED_BY", "Asset/y")) is None


@given(worlds())
@settings(deadline=None, max_examples=25)
def test_provenance_goes_round_through_prov_without_loss(runs: list[Traced]) -> None:
    graph = lineage(runs)
    written = prov_document(graph, "shop")
    read = ProvDocument.deserialize(content=json.dumps(written), format="json")
    again = ProvDocument.deserialize(content=read.serialize(format="json"), format="json")
    assert again == read
    nodes = sum(len(written.get(section, {})) for section in ("entity", "activity", "agent"))
    assert nodes == len(graph)
    relations = ("used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith")
    assert sum(len(written.get(name, {})) for name in relations) == graph.number_of_edges()
    assert len(list(read.get_records())) == nodes + graph.number_of_edges()


def test_provenance_speaks_the_words_of_prov() -> None:
    quoted = traced(decisions=decisions(("d'1 é", "ann", "send", [])), rows={}, batches={}, outcomes=None)
    document = prov_document(lineage([quoted]), "shop")
    assert document["prefix"] == {"warrant": "urn:warrant:shop:"}
    assert document["activity"].keys() == {"warrant:run/r1"}
    assert list(document["agent"]) == [f"warrant:code/{'c' * 16}"]
    (association,) = document["wasAssociatedWith"].values()
    assert association["prov:plan"] == f"warrant:playbook/{'p' * 16}"
    assert {"prov:entity": "warrant:decision/d%271%20%C3%A9", "prov:activity": "warrant:run/r1"} in document[
        "wasGeneratedBy"
    ].values()
    read = ProvDocument.deserialize(content=json.dumps(document), format="json")
    assert "urn:warrant:shop:decision/d%271%20%C3%A9" in {
        record.identifier.uri for record in read.get_records() if record.identifier
    }
