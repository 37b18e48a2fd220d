"""Runs in a real graph: the path of a decision can be asked for, runs stand beside each other, knowledge may change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from graph.decisions import Findings, RunFacts, project_run
from graph.load import load
from graph.loaded import read_marker
from graph.store import Counters, GraphStore

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PLAY, SUBJECT = "replenishment-due", "category/FOOD/DAIRY"

PATH = """
MATCH (c:Customer)-[:HAS_MOTIVE]->(m:Motive)-[:CONCERNS]->(k:Category)<-[:ABOUT]-(a:Asset)<-[:CHOSE]-(d:Decision)
MATCH (c)<-[:FOR]-(d)-[:BECAUSE]->(m) MATCH (d)-[:ON]->(h:Channel) MATCH (d)-[:WAS_GENERATED_BY]->(r:Run)
RETURN c.customer_id AS customer, m.play AS play, k.category_id AS category, a.asset_id AS asset,
       h.channel_id AS channel, d.decision_id AS decision, r.run_id AS run
ORDER BY decision
"""


def knowledge(customers: tuple[str, ...] = ("ann", "bob")) -> dict[str, pd.DataFrame]:
    about = pd.DataFrame({"from_key": ["dairy-week"], "to_key": ["FOOD/DAIRY"]})
    return {
        "Customer": pd.DataFrame({"customer_id": customers, "shopping_days_28d": 0, "shopping_days_91d": 0}),
        "Category": pd.DataFrame({"category_id": ["FOOD/DAIRY"], "name": ["Dairy"]}),
        "Asset": pd.DataFrame({"asset_id": ["dairy-week"], "version": ["1"]}),
        "Asset ABOUT Category": about,
        "Asset FITS Channel": about.assign(to_key="email"),
        "Channel": pd.DataFrame({"channel_id": ["email"]}),
    }


def facts(name: str, *, days: int = 0) -> RunFacts:
    return RunFacts(
        run_id=name,
        as_of=AS_OF + timedelta(days=days),
        code_version="code-1",
        playbook_digest="playbook-1",
        tables={"customers": "1" * 64},
        policies=("consent", "margin-protection"),
        policy_digest="2" * 64,
    )


def motives(*customers: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customers}, dtype=object).assign(
        play=PLAY,
        subject=SUBJECT,
        strength=0.5,
        starts_at=pd.Timestamp(AS_OF),
        until=pd.Timestamp(AS_OF) + timedelta(days=7),
        sentence="Milk is due.",
        evidence="[]",
    )


def records(run: str, *sent: str, ghosts: tuple[str, ...] = (), nothing: tuple[str, ...] = ()) -> pd.DataFrame:
    customers = [*sent, *ghosts, *nothing]
    is_send = [customer not in nothing for customer in customers]
    chosen = {"play": PLAY, "subject": SUBJECT, "asset_id": "dairy-week", "channel_id": "email", "asset_version": "1"}
    return pd.DataFrame(
        {
            "decision_id": [f"{run}-{customer}" for customer in customers],
            "customer_id": customers,
            "verb": ["send" if one else "none" for one in is_send],
            "is_ghost": [customer in ghosts for customer in customers],
            "none_reason": [None if one else "no motive" for one in is_send],
            **{name: [value if one else None for one in is_send] for name, value in chosen.items()},
            "send_at": pd.Timestamp(AS_OF) + timedelta(hours=9),
            "value": 1.25,
            "confidence": 0.6,
            "refusals": [[{"policy": "margin-protection", "candidates": 3}]] * len(customers),
        }
    )


def project(
    store: GraphStore, folder: Path, name: str, *sent: str, days: int = 0, **others: tuple[str, ...]
) -> Counters:
    report = project_run(
        store,
        folder,
        facts(name, days=days),
        Findings(motives(*sent, *others.get("ghosts", ())), records(name, *sent, **others)),
    )
    return report.counters


def decisions_on_the_path(store: GraphStore) -> list[str]:
    return [str(row["decision"]) for row in store.read(PATH)]


def test_the_path_of_a_decision_can_be_asked_for(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann", nothing=("bob",))
    assert graph_store.read(PATH) == [
        {
            "customer": "ann",
            "play": PLAY,
            "category": "FOOD/DAIRY",
            "asset": "dairy-week",
            "channel": "email",
            "decision": "r1-ann",
            "run": "r1",
        }
    ]
    assert graph_store.read(
        "MATCH (d:Decision)-[x:REFUSED_BY]->(p:PolicyVersion)<-[:USED]-(r:Run) "
        "RETURN p.policy AS policy, x.count AS candidates, r.nothing_no_motive AS nothing"
    ) == [{"policy": "margin-protection", "candidates": 3, "nothing": 1}]


def test_ghosts_are_there_and_doing_nothing_is_no_node(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", nothing=("ann",), ghosts=("bob",))
    found = graph_store.read("MATCH (d:Decision)-[:FOR]->(c) RETURN c.customer_id AS customer, d.is_ghost AS is_ghost")
    assert found == [{"customer": "bob", "is_ghost": True}]


def test_projecting_a_run_again_writes_nothing(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    assert project(graph_store, tmp_path, "r1", "ann", "bob").has_changes
    assert project(graph_store, tmp_path, "r1", "ann", "bob") == Counters()


def test_runs_stand_beside_each_other(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann", "bob")
    project(graph_store, tmp_path, "r2", "ann", nothing=("bob",), days=1)
    kept = graph_store.read("MATCH (d:Decision) RETURN d.decision_id AS decision ORDER BY decision")
    assert [row["decision"] for row in kept] == ["r1-ann", "r1-bob", "r2-ann"]
    held = graph_store.read("MATCH (c:Customer)-[h:HAS_MOTIVE]->() RETURN c.customer_id AS customer, h.found_by AS run")
    assert held == [{"customer": "ann", "run": "r1"}], "r2 found just the same"


def test_decisions_outlive_a_change_of_knowledge_that_does_not_touch_them(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge(("ann", "bob", "cid")))
    project(graph_store, tmp_path, "r1", "ann")
    load(graph_store, tmp_path, "knowledge", knowledge())
    assert read_marker(graph_store, "decisions").token is not None, "nothing has to be loaded anew"
    assert decisions_on_the_path(graph_store) == ["r1-ann"]


def test_decisions_for_somebody_who_is_gone_go_with_the_next_run_and_the_others_stay(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann", "bob")
    load(graph_store, tmp_path, "knowledge", knowledge(("bob",)))
    project(graph_store, tmp_path, "r2", "bob", days=1)
    assert decisions_on_the_path(graph_store) == ["r1-bob", "r2-bob"]


def test_after_a_wipe_of_the_graph_all_runs_come_back_with_the_next(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann")
    graph_store.write("MATCH (any) DETACH DELETE any")
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r2", "bob", days=1)
    assert decisions_on_the_path(graph_store) == ["r1-ann", "r2-bob"]


def test_when_knowledge_is_loaded_in_full_again_decisions_follow(graph_store: GraphStore, tmp_path: Path) -> None:
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann")
    # our notes about the knowledge are lost: it is wiped, and with it whatever hung on it
    for path in (tmp_path / "knowledge").iterdir():
        path.unlink()
    load(graph_store, tmp_path, "knowledge", knowledge())
    project(graph_store, tmp_path, "r1", "ann")
    assert decisions_on_the_path(graph_store) == ["r1-ann"]
    assert graph_store.read("MATCH (d:Decision) RETURN count(d) AS number") == [{"number": 1}]
