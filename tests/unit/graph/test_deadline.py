"""Nobody waits longer than promised, and whatever the work gives in time comes back as it is."""

import threading

import pytest

from graph.deadline import StillAtItError, within
from graph.tokens import parameters_of


def test_what_is_done_in_time_comes_back() -> None:
    assert within(30, lambda: "done") == "done"


def test_an_error_in_time_is_raised_where_somebody_waits() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        within(30, fail)


def test_work_that_goes_on_is_left_alone_until_it_ends_by_itself() -> None:
    may_end, has_ended = threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait()
        has_ended.set()

    with pytest.raises(StillAtItError):
        within(0.05, work)
    assert not has_ended.is_set()
    may_end.set()
    assert has_ended.wait(30)


def test_parameters_are_found_wherever_they_stand_outside_of_texts_and_comments() -> None:
    statement = "MATCH (c {id: $customer}) /* $a */ WHERE c.x < $`as_of` AND c.y = '$b' RETURN $1, [$ c] // $d"
    assert parameters_of(statement) == {"customer", "as_of", "1", "c"}
