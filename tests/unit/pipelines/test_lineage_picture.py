"""The picture of a lineage: stages from left to right, what was asked for always among it, and the rest counted."""

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.lineage import STAGES
from pipelines.errors import UsageError
from pipelines.lineage_picture import SHOWN, draw_lineage, shown_lineage


def small() -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    for kind, key, text in (("source", "a.sql", "a.sql"), ("run", "r1", "costs $5"), ("decision", "d1", "send <&>")):
        graph.add_node(f"{kind}/{key}", kind=kind, text=text)
    nx.add_path(graph, ["source/a.sql", "run/r1", "decision/d1"])
    return graph


@given(
    st.dictionaries(st.tuples(st.sampled_from(STAGES[:4]), st.integers(0, 40)), st.text(max_size=5), min_size=1),
    st.data(),
)
def test_whatever_is_asked_for_is_drawn_and_every_node_is_drawn_or_counted(
    nodes: dict[tuple[str, int], str], data: st.DataObject
) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for (kind, number), text in nodes.items():
        graph.add_node(f"{kind}/{number}", kind=kind, text=text)
    names = sorted(graph)
    graph.add_edges_from(data.draw(st.lists(st.tuples(*[st.sampled_from(names)] * 2), max_size=5)))
    asked = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=12, unique=True))
    drawn = shown_lineage(graph, asked)
    assert set(asked) <= set(drawn)
    rest = [data["text"] for node, data in drawn.nodes(data=True) if node.endswith("/…")]
    counted = sum(int(text.split()[2]) for text in rest)
    assert len(drawn) - len(rest) + counted == len(graph)
    places = [place for _, place in drawn.nodes(data="place")]
    assert len(set(places)) == len(places), "no two boxes lie on each other"
    assert max(row for _, row in places) <= max(SHOWN, len(asked))


def test_edges_lead_to_what_stands_for_their_ends() -> None:
    graph = small()
    for number in range(SHOWN + 5):
        graph.add_node(f"outcome/{number:02}", kind="outcome", text="opened")
        graph.add_edge("decision/d1", f"outcome/{number:02}")
    drawn = shown_lineage(graph, ["decision/d1"])
    assert drawn.nodes["outcome/…"]["text"] == "… and 5 more"
    assert set(drawn.successors("decision/d1")) == {*(f"outcome/{number:02}" for number in range(SHOWN)), "outcome/…"}


def test_the_picture_can_be_searched_and_the_same_lineage_is_the_same_file(tmp_path: Path) -> None:
    one, other = (
        draw_lineage(small(), ["decision/d1"], tmp_path / name).read_text() for name in ("one.svg", "other.svg")
    )
    assert one == other
    for said in ("Lineage of decision/d1", "costs $5", "send &lt;&amp;&gt;", "a.sql"):
        assert said in one
    assert draw_lineage(small(), [], tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["lineage.pdf", "nowhere/lineage.svg"])
def test_an_ending_or_folder_that_is_none_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        draw_lineage(small(), [], tmp_path / name)
