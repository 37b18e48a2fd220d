"""What was believed is closed where the next belief begins, and never overwritten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.beliefs import close_beliefs, closed_table
from graph.content import normal_form
from graph.schema import RELATIONSHIP

START = datetime(2026, 1, 1, tzinfo=UTC)

Span = tuple[int, int | None]


def moment(day: int | None) -> Any:
    return pd.NaT if day is None else pd.Timestamp(START + timedelta(days=day))


def beliefs(*spans: Span) -> pd.DataFrame:
    """Beliefs of anna in tea, from one day to another; None for no end."""
    rows = [("anna", "tea", "engaged", moment(begins), moment(ends)) for begins, ends in spans]
    frame = pd.DataFrame(rows, columns=["from_key", "to_key", "rule", "valid_from", "valid_to"])
    times = {name: pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]") for name in frame.columns[3:]}
    return frame.assign(**times)


def closed(held: list[Span], believed: list[Span], newest: int | None) -> list[Span]:
    rows = close_beliefs(beliefs(*held), beliefs(*believed), None if newest is None else moment(newest))
    return [
        ((begins - START).days, None if ends is pd.NaT else (ends - START).days)
        for begins, ends in zip(rows["valid_from"], rows["valid_to"], strict=True)
    ]


@pytest.mark.parametrize(
    ("held", "believed", "newest", "expected"),
    [
        ([], [(3, 30)], 3, [(3, 30)]),
        ([(3, 30)], [(9, 40)], 9, [(3, 9), (9, 40)]),
        ([(3, 9), (9, 40)], [(12, 50)], 12, [(3, 9), (9, 12), (12, 50)]),
        ([(3, 7)], [(9, 40)], 9, [(3, 7), (9, 40)]),  # it had faded before
        ([(3, None)], [(9, None)], 9, [(3, 9), (9, None)]),
        ([(3, 9), (9, 40)], [(9, 40)], 9, [(3, 9), (9, 40)]),
        ([(3, 30)], [], 20, [(3, 20)]),  # its evidence is gone
        ([(3, 30)], [], 60, [(3, 30)]),
        ([(3, 9), (9, 40)], [(3, 30)], 5, [(3, 30)]),  # an earlier day knows nothing of later ones
        ([(3, 9), (9, 40)], [(3, 30)], 20, [(3, 30), (9, 9)]),  # the newer evidence was withdrawn
        ([(3, 30)], [(3, 33)], 8, [(3, 33)]),  # late evidence from before
        ([(3, 30)], [], None, []),
    ],
)
def test_beliefs_end_where_the_next_begins(
    held: list[Span], believed: list[Span], newest: int | None, expected: list[Span]
) -> None:
    assert closed(held, believed, newest) == expected
    if held and believed:
        assert closed(expected, believed, newest) == expected, "the same evidence again changes nothing"


INTEREST = RELATIONSHIP["Customer INTERESTED_IN Category"]
BELIEVED = st.dictionaries(
    st.tuples(st.sampled_from(["anna", "ben"]), st.sampled_from(["tea", "milk"]), st.integers(0, 4)),
    st.tuples(st.one_of(st.none(), st.integers(5, 9)), st.sampled_from([0.5, 1.5])),
    max_size=6,
)


def interests(rows: dict[tuple[str, str, int], tuple[int | None, float]]) -> pd.DataFrame:
    listed = [
        (customer, category, "engaged", moment(begins), moment(ends), weight, 0.5, "signals", ["signals/1"])
        for (customer, category, begins), (ends, weight) in rows.items()
    ]
    columns = ["from_key", "to_key", "rule", "valid_from", "valid_to", "weight", "confidence", "source", "evidence"]
    frame: pd.DataFrame = normal_form(INTEREST, pd.DataFrame(listed, columns=columns)).to_pandas()
    return frame


@given(BELIEVED, BELIEVED, st.one_of(st.none(), st.integers(0, 12)))
def test_closing_only_where_something_else_was_held_gives_the_same_as_closing_all(
    held: dict[tuple[str, str, int], tuple[int | None, float]],
    believed: dict[tuple[str, str, int], tuple[int | None, float]],
    newest: int | None,
) -> None:
    before, now, end = interests(held), interests(believed), None if newest is None else moment(newest)
    found = closed_table(INTEREST, normal_form(INTEREST, before), normal_form(INTEREST, now), end)
    assert found.equals(normal_form(INTEREST, close_beliefs(before, now, end)))
