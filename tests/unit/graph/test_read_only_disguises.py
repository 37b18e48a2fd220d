"""However a write is disguised it is refused; however dangerous a read looks it passes."""

import pytest
from hypothesis import given, settings

from graph.errors import GraphRefused
from graph.read_only import refuse_writes
from tests.unit.graph.disguises import WRAPPINGS, WRITES, disguised_writes, reading_statements


@settings(max_examples=1500, deadline=None)
@given(disguised_writes())
def test_a_disguised_write_is_refused(statement: str) -> None:
    with pytest.raises(GraphRefused) as refused:
        refuse_writes(statement)
    assert refused.value.remedy


@settings(max_examples=600, deadline=None)
@given(reading_statements())
def test_a_read_passes_however_it_looks(statement: str) -> None:
    refuse_writes(statement)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("write", WRITES)
def test_every_wrapping_of_every_write_is_refused(wrapping: str, write: str) -> None:
    with pytest.raises(GraphRefused):
        refuse_writes(wrapping.format(write))


@pytest.mark.parametrize(
    ("statement", "called"),
    [
        ("RETURN apoc.cypher.runFirstColumnSingle('MATCH (n) RETURN n', {}) AS n", "apoc"),
        ("RETURN util . sleep (1000) AS n", "util"),
        ("RETURN `apoc`.`util`.`sleep`(1) AS n", "`apoc`"),
        ("RETURN eval('1') AS n", "eval"),
        ("RETURN `eval` /* */ ('1') AS n", "`eval`"),
        ("MATCH (n) WHERE custom.check(n) RETURN n", "custom"),
        ("RETURN file() AS file", "file"),
        ("RETURN {a: eval('1')} AS n", "eval"),
        ("RETURN date.evil('day') AS n", "date"),
    ],
)
def test_a_function_of_an_extension_is_refused_by_its_name(statement: str, called: str) -> None:
    with pytest.raises(GraphRefused) as refused:
        refuse_writes(statement)
    assert refused.value.what.startswith(f"`{called}` calls")


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (n) WHERE (n)-->() AND NOT (n:A) OR (n.x) IN ([1]) RETURN (n.x) AS x ORDER BY (x) LIMIT (1)",
        "MATCH (n) RETURN CASE WHEN (n.x = 1) THEN (1) ELSE (2) END AS x",
        "MATCH (n) WHERE any(x IN n.all WHERE x STARTS WITH ('a')) RETURN DISTINCT (n.x) AS x",
        "RETURN point.distance(point({x: 1, y: 1}), point({x: 2, y: 2})) AS far, datetime.fromepoch(1, 0) AS at",
    ],
)
def test_brackets_and_functions_of_cypher_itself_pass(statement: str) -> None:
    refuse_writes(statement)


@pytest.mark.parametrize("word", ["S\u0301ET", "\u015aET", "s\u0301et", "SE\u0301T", "SET\u0301"])
def test_a_mark_on_a_letter_hides_no_write(word: str) -> None:
    with pytest.raises(GraphRefused):
        refuse_writes(f"MATCH (n) {word} n:Other")
