"""Taking customers out of a graph's content and of views leaves everything about others as it is."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.build_view import LINKS, NODES, view_from_tables
from graph.erase import erase_from_views, present_view, view_without, without_customers
from graph.errors import GraphError
from graph.read_view import load_view, store_view
from graph.schema import RELATIONSHIP
from graph.view import View
from tests.unit.decisioning.test_decide import crowd
from tests.unit.decisioning.world import World
from tests.unit.graph.test_view import AS_OF, knowledge

CUSTOMERS = 12


@pytest.fixture(scope="module")
def view() -> View:
    return crowd(World(), CUSTOMERS).view()


def links(view: View, field: str) -> set[tuple[str, ...]]:
    """Links as keys and facts, whatever their positions."""
    kind, found = RELATIONSHIP[LINKS[field]], getattr(view, field)
    fields = {label: name for name, label in NODES.items()}
    sources, targets = getattr(view, fields[kind.source]).keys, getattr(view, fields[kind.target]).keys
    facts = [[str(value) for value in values] for _, values in sorted(found.facts.items())]
    return set(zip(sources[found.sources], targets[found.targets], *facts, strict=True))


@settings(deadline=None, max_examples=20)
@given(places=st.sets(st.integers(0, CUSTOMERS - 1)))
def test_a_view_without_customers_has_all_others_and_all_their_links(view: View, places: set[int]) -> None:
    gone = {str(view.customers.keys[place]) for place in places}
    left = view_without(view, gone)
    assert left.customers.keys.tolist() == [key for key in view.customers.keys if key not in gone]
    for field, kind in LINKS.items():
        is_theirs = RELATIONSHIP[kind].source == "Customer"
        expected = {link for link in links(view, field) if not (is_theirs and link[0] in gone)}
        assert links(left, field) == expected
    for field in set(NODES) - {"customers"}:
        assert getattr(left, field) is getattr(view, field)


def test_the_signals_of_who_is_gone_are_gone_and_all_others_still_say_whose_they_are() -> None:
    world = World().customer("ann", "bob", "cy").topic("tea")
    for who in ("cy", "ann", "bob"):
        world.signal("Demo Requested", who, days_ago=1.0, topic="tea")
    left = view_without(world.view(), {"ann"})
    assert left.customers.keys[left.signals.frame["customer"].to_numpy()].tolist() == ["cy", "bob"]
    assert left.signals.keys[left.signal_topics.sources].tolist() == left.signals.keys.tolist() == ["s0000", "s0002"]


@pytest.fixture(scope="module")
def small() -> View:
    return view_from_tables(knowledge(), AS_OF)


def test_stored_views_are_replaced_and_found_under_their_old_digests(tmp_path: Path, small: View) -> None:
    digest = store_view(small, tmp_path)
    assert erase_from_views(tmp_path, {"bob"}) == (1, 0)
    assert erase_from_views(tmp_path, {"ann"}) == (1, 0)
    now = present_view(tmp_path, digest)
    assert load_view(tmp_path, now).customers.keys.tolist() == ["Zoë"]
    assert [path.stem for path in tmp_path.glob("*.json")] == [now]
    assert erase_from_views(tmp_path, {"ann"}) == (0, 0)


def test_a_view_without_the_person_stays_as_it_is(tmp_path: Path, small: View) -> None:
    digest = store_view(small, tmp_path)
    assert erase_from_views(tmp_path, {"nobody"}) == (0, 0)
    assert present_view(tmp_path, digest) == digest


def test_a_view_that_cannot_be_read_any_more_is_dropped_and_said_to_be(tmp_path: Path, small: View) -> None:
    digest = store_view(small, tmp_path)
    (tmp_path / f"{digest}.json").write_text("{}")
    assert erase_from_views(tmp_path, {"nobody"}) == (0, 1)
    assert list(tmp_path.glob("*.json")) == []
    with pytest.raises(GraphError, match="dropped"):
        present_view(tmp_path, digest)


def test_what_is_about_the_person_alone_goes_with_them() -> None:
    tables = {
        "Customer": pd.DataFrame({"customer_id": ["anna", "bert"]}),
        "Category": pd.DataFrame({"category_id": ["tea"]}),
        "Signal": pd.DataFrame({"signal_id": ["s1", "s2"]}),
        "Signal BY Customer": pd.DataFrame({"from_key": ["s1", "s2"], "to_key": ["anna", "bert"]}),
        "Signal ABOUT Category": pd.DataFrame({"from_key": ["s1", "s2"], "to_key": ["tea", "tea"]}),
        "Customer INTERESTED_IN Category": pd.DataFrame({"from_key": ["anna", "bert"], "to_key": ["tea", "tea"]}),
        "Decision": pd.DataFrame({"decision_id": ["d1", "d2"]}),
        "Decision FOR Customer": pd.DataFrame({"from_key": ["d1", "d2"], "to_key": ["anna", "bert"]}),
        "Outcome": pd.DataFrame({"outcome_id": ["o1", "o2"]}),
        "Outcome OF Decision": pd.DataFrame({"from_key": ["o1", "o2"], "to_key": ["d1", "d2"]}),
        "Account": pd.DataFrame(),
    }
    left = without_customers(tables, {"anna"})
    assert {kind: rows.iloc[:, 0].tolist() for kind, rows in left.items() if len(rows.columns)} == {
        "Customer": ["bert"],
        "Category": ["tea"],
        "Signal": ["s2"],
        "Signal BY Customer": ["s2"],
        "Signal ABOUT Category": ["s2"],
        "Customer INTERESTED_IN Category": ["bert"],
        "Decision": ["d2"],
        "Decision FOR Customer": ["d2"],
        "Outcome": ["o2"],
        "Outcome OF Decision": ["o2"],
    }
