"""Recent signals of high fidelity enter the graph, with who gave them and what they are about."""

from typing import Any

import pandas as pd
import pytest

from graph.beliefs import BeliefSettings
from graph.signals import recent_signals
from tests.unit.graph.belief_world import AS_OF, Tables


def signals(tables: Tables, **settings: Any) -> dict[str, pd.DataFrame]:
    return recent_signals(tables.frames(), as_of=AS_OF, settings=BeliefSettings(**settings))


def test_a_demo_request_is_there_with_its_customer_and_topic() -> None:
    found = signals(Tables().signal("Demo Requested", 1, topic="analytics").signal("Page Viewed", 1, topic="noise"))
    (signal,) = found["Signal"].to_dict("records")
    assert (signal["signal_id"], signal["name"], signal["fidelity"]) == ("s0", "Demo Requested", 0.95)
    assert found["Signal BY Customer"].to_numpy().tolist() == [["s0", "anna"]]
    assert found["Signal ABOUT Topic"].to_numpy().tolist() == [["s0", "analytics"]]


def test_a_product_brings_its_category() -> None:
    found = signals(Tables().signal("Product Added", 1, product_id="green"))
    assert found["Signal ABOUT Product"].to_numpy().tolist() == [["s0", "green"]]
    assert found["Signal ABOUT Category"].to_numpy().tolist() == [["s0", "tea"]]


def test_an_answer_to_a_message_is_a_signal_about_what_the_message_said() -> None:
    found = signals(Tables().touch(3).outcome("clicked", 2, touch="t0").outcome("opened", 2.5, touch="t0"))
    assert found["Signal"]["name"].tolist() == ["clicked"]
    assert found["Signal ABOUT Topic"].to_numpy().tolist() == [["outcomes/o0", "brewing"]]


@pytest.mark.parametrize(("day", "is_there"), [(0, False), (0.5, True), (60, True), (60.01, False)])
def test_only_what_happened_lately_and_before_as_of_is_there(day: float, *, is_there: bool) -> None:
    assert bool(signals(Tables().signal("Demo Requested", day, topic="analytics"))) == is_there


def test_the_playbook_says_how_much_a_signal_must_tell() -> None:
    tables = Tables().signal("Products Searched", 1, topic="analytics")
    assert signals(tables) == {}
    assert len(signals(tables, signal_fidelity=0.25)["Signal"]) == 1
    assert len(signals(tables, fidelity={"Products Searched": 0.5})["Signal"]) == 1


def test_nobody_unknown_is_there() -> None:
    assert signals(Tables().signal("Demo Requested", 1, customer=None).signal("Demo Requested", 1, customer="x")) == {}


def test_whoever_reads_about_shipping_or_returns_is_there_whatever_that_tells_of_intent() -> None:
    tables = Tables().signal("Page Viewed", 1, topic="shipping").signal("Returns Page Viewed", 1)
    assert signals(tables)["Signal"]["name"].tolist() == ["Shipping Page Viewed", "Returns Page Viewed"]
