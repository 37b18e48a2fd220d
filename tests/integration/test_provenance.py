"""A decision can be asked for, drawn, followed to its sources and brought into the graph, from the command line."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pytest
from prov.model import ProvDocument
from typer.testing import CliRunner

from console.command_line import app
from graph import local as graph_server
from tests.scenarios.world import TODAY, Document, World, days_before, fresh_world, local

USAGE = 2
DUE, NOT_DUE = days_before(TODAY, 13), days_before(TODAY, 1)
YESTERDAY = days_before(TODAY, 1)


@dataclass(frozen=True)
class Shop:
    """Two days of a shop whose graph keeps no decisions of its own accord; what was sent on the first was opened.

    Attributes:
        world: The world, on its second day.
        first: What the first run printed.
        second: What the second printed.
        sent: A customer who was sent something on the first day.
        decision: The id of that decision.
    """

    world: World
    first: Document
    second: Document
    sent: str
    decision: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[Shop]:
    with fresh_world(tmp_path_factory.mktemp("shop"), embedded_server) as world:
        world.today = YESTERDAY
        world.play("replenishment-due").setting(graph={"decisions": {"sample_share": 0}})
        world.policy("no-deep-discounts", deny="offer.discount_pct > 20")
        world.asset("coffee-note", categories=["coffee"])
        world.offer("deep", discount_pct=40).asset("deep-coupon", kind="coupon", categories=["coffee"], offer_id="deep")
        for customer in ("ann", "bob"):
            world.customer(customer).buys(customer, "coffee", every=14, last=days_before(YESTERDAY, 13))
        world.customer("not-due").buys("not-due", "coffee", every=14, last=NOT_DUE)
        first = world.run()
        decision = world.exported(first)[0]["decision_id"]
        sent = world.exported(first)[0]["customer_id"]
        world.today = TODAY
        world.outcome(decision, "opened", at=local(YESTERDAY, "12:00:00"))
        yield Shop(world, first, world.run(), sent, decision)


def lineage(shop: Shop, subject: str, *options: str) -> Document:
    answer = shop.world.command("graph", "lineage", subject, *options)
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    return answer.document


# ---- why


def test_a_decision_of_an_earlier_run_is_explained_by_its_id_with_what_came_of_it(shop: Shop) -> None:
    card = shop.world.why_decision(shop.decision[:10])
    assert (card["run_id"], card["customer_id"]) == (shop.first["run_id"], shop.sent)
    (came,) = card["blocks"]["economic_impact"]["outcomes"]
    assert came["name"] == "opened"
    assert card["blocks"]["economic_impact"]["is_realised"]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--customer", "ann", "--decision", "0123"),
        ("--decision", "0123456789ab"),
        ("--decision", "01"),
        ("--decision", "0123", "--run", "0123"),
        ("--customer", "nobody"),
        ("--customer", "ann", "--picture", "why.pdf"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_to_ask(shop: Shop, options: tuple[str, ...]) -> None:
    answer = shop.world.command("why", *options)
    assert answer.exit_code == USAGE
    assert answer.error["remedy"]


@pytest.mark.parametrize("name", ["why.svg", "why.png"])
def test_a_picture_of_a_decision_is_a_file_that_is_named(shop: Shop, tmp_path: Path, name: str) -> None:
    answer = shop.world.command("why", "--customer", "ann", "--picture", str(tmp_path / name))
    assert Path(answer.document["picture"]) == tmp_path / name
    assert (
        (tmp_path / name).stat().st_size > 10_000
        if name.endswith("png")
        else "no-deep-discounts" in (tmp_path / name).read_text(encoding="utf-8")
    )


def test_a_decision_that_the_graph_does_not_keep_comes_into_it_when_asked_for(shop: Shop) -> None:
    found = "MATCH (d:Decision)-[:WAS_GENERATED_BY]->(r:Run) RETURN d.decision_id AS decision, r.run_id AS run"
    assert shop.world.query(found) == []
    facts = "c.customer_id AS who, m.motive_id AS what, h.found_by AS run"
    motives = f"MATCH (c:Customer)-[h:HAS_MOTIVE]->(m:Motive) RETURN {facts} ORDER BY who, what"
    standing = shop.world.query(motives)
    assert standing
    answer = shop.world.command("why", "--decision", shop.decision, "--project")
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    assert shop.world.query(found) == [{"decision": shop.decision, "run": shop.first["run_id"]}]
    outcome = "MATCH (o:Outcome)-[:OF]->(d:Decision) RETURN o.name AS name, d.decision_id AS decision"
    assert shop.world.query(outcome) == [{"name": "opened", "decision": shop.decision}]
    assert shop.world.query(motives) == standing, "the earlier run does not speak for anybody"
    shop.world.command("run", str(shop.world.playbook), "--as-of", str(TODAY))
    assert [row["decision"] for row in shop.world.query(found)] == [shop.decision]


# ---- lineage


def test_a_decision_is_followed_from_its_source_file_to_its_outcome(shop: Shop) -> None:
    found = lineage(shop, f"decision/{shop.decision[:12]}")
    assert found["subject"] == [f"decision/{shop.decision}"]
    above, below = found["ancestors"], found["descendants"]
    assert {"source/sources/purchases.sql", "source/content", f"run/{shop.first['run_id']}"} <= set(above)
    assert f"customer/{shop.sent}" in above
    for kind in ("table", "row", "fact", "view", "model", "code", "playbook", "policy", "asset"):
        assert any(node.startswith(f"{kind}/") for node in above), kind
    assert [node.split("/")[0] for node in below] == ["batch", "outcome"]
    graph = nx.DiGraph([tuple(edge) for edge in found["edges"]])
    assert nx.has_path(graph, "source/sources/purchases.sql", below[-1])
    assert {node["id"] for node in found["nodes"]} == {*above, *below, *found["subject"]}


@pytest.mark.parametrize(
    ("subject", "kinds"),
    [
        ("customer/{sent}", {"decision", "batch", "outcome"}),
        ("asset/coffee-note", {"decision", "batch", "outcome"}),
        ("run/{run}", {"decision", "batch", "outcome"}),
        ("policy/no-deep-discounts --run {run}", {"run", "decision", "batch", "outcome"}),
        (
            "table/purchases --run {run}",
            {"row", "fact", "view", "model", "customer", "run", "decision", "batch", "outcome"},
        ),
    ],
)
def test_any_subject_is_followed_down_to_what_came_of_it(shop: Shop, subject: str, kinds: set[str]) -> None:
    asked = subject.format(sent=shop.sent, run=shop.first["run_id"]).split()
    found = lineage(shop, *asked, "--down")
    assert found["ancestors"] == []
    assert {node.split("/")[0] for node in found["descendants"]} <= kinds
    assert {"decision", "batch", "outcome"} <= {node.split("/")[0] for node in found["descendants"]}
    assert f"decision/{shop.decision}" in found["descendants"]


def test_a_customer_is_followed_through_all_runs(shop: Shop) -> None:
    found = lineage(shop, f"customer/{shop.sent}", "--down")
    assert sum(node.startswith("decision/") for node in found["descendants"]) == 2
    of_the_first = lineage(shop, f"customer/{shop.sent}", "--down", "--run", shop.first["run_id"])
    decisions = [node for node in of_the_first["descendants"] if node.startswith("decision/")]
    assert decisions == [f"decision/{shop.decision}"]


def test_provenance_is_a_document_that_prov_reads(shop: Shop) -> None:
    document: Document = json.loads(printed(shop, f"decision/{shop.decision}", "--format", "prov"))
    read = ProvDocument.deserialize(content=json.dumps(document), format="json")
    assert ProvDocument.deserialize(content=read.serialize(format="json"), format="json") == read
    generated = [one["prov:activity"] for one in document["wasGeneratedBy"].values()]
    assert generated == [f"warrant:run/{shop.first['run_id']}"]


@pytest.mark.parametrize("subject", ["customer/nobody", "nonsense", "weather/rain", "decision/00000000", "table/none"])
def test_an_unknown_subject_is_a_usage_error(shop: Shop, subject: str) -> None:
    answer = shop.world.command("graph", "lineage", subject)
    assert answer.exit_code == USAGE
    assert answer.error["remedy"]


def test_people_read_a_lineage_stage_by_stage_and_graphviz_draws_it(shop: Shop) -> None:
    text = printed(shop, f"decision/{shop.decision}")
    assert text.index("Made from") < text.index("source/sources/purchases.sql") < text.index("What came of it")
    assert "batch/" in text
    drawn = printed(shop, f"decision/{shop.decision}", "--up", "--format", "dot")
    assert drawn.startswith("digraph lineage {")
    assert f'-> "decision/{shop.decision}";' in drawn
    assert "What came of it" not in printed(shop, f"decision/{shop.decision}", "--up")


def test_a_lineage_is_drawn_into_a_file_that_the_document_names(shop: Shop, tmp_path: Path) -> None:
    subject = f"decision/{shop.decision}"
    found = lineage(shop, subject, "--picture", str(tmp_path / "lineage.svg"))
    drawn = Path(found["picture"]).read_text(encoding="utf-8")
    assert found["picture"] == str(tmp_path / "lineage.svg")
    assert f"Lineage of {subject}" in drawn
    assert "OUTCOME" in drawn
    answer = shop.world.command("graph", "lineage", subject, "--picture", str(tmp_path / "lineage.pdf"))
    assert (answer.exit_code, answer.error["what"]) == (USAGE, "a picture ends in .svg or .png.")


def printed(shop: Shop, *arguments: str) -> str:
    """What `graph lineage` prints in the format that it is asked for."""
    outside = {name: None for name in os.environ if name.startswith("WARRANT_")}
    variables: dict[str, str | None] = {**outside, **shop.world.environment}
    result = CliRunner().invoke(app, ["graph", "lineage", *arguments], env=variables)
    assert result.exit_code == 0, result.output
    return result.stdout
