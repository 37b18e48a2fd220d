"""The analysts' library hangs together, takes what people write, and says what is wrong with a file."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.questions.binding import Moments, bind_question, bind_statement, given_values
from graph.questions.declaration import QuestionError, QuestionLibraryError
from graph.questions.header import read_question
from graph.questions.library import all_questions, find_question, is_name
from graph.questions.page import PAGE, page
from graph.schema import NODE, RELATIONSHIPS
from graph.tokens import parameters_of, tokens_of

LIBRARY = all_questions()
MOMENTS = Moments(datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC), "Europe/Berlin")


def test_the_reference_page_is_written_from_the_headers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m graph.questions"


def test_there_are_questions_for_analysts_owners_and_the_data_protection_officer() -> None:
    assert len(LIBRARY) >= 20
    assert {asker for one in LIBRARY.values() for asker in one.asked_by} == {"analyst", "owner", "DPO"}


@pytest.mark.parametrize("name", LIBRARY)
def test_a_question_has_a_limit_and_names_only_what_the_graph_declares(name: str) -> None:
    question = LIBRARY[name]
    tokens = list(tokens_of(question.statement))
    assert "LIMIT" in [token.text for token in tokens]
    named = {
        after.text
        for before, after in pairwise(tokens)
        if before.is_symbol(":|") and after.kind == "word" and after.text[0].isupper()
    }
    declared = set(NODE) | {one.type for one in RELATIONSHIPS}
    assert named <= declared


@pytest.mark.parametrize("name", LIBRARY)
def test_a_question_can_be_asked_with_what_its_header_shows(name: str) -> None:
    question = LIBRARY[name]
    examples = {one.name: one.example for one in question.parameters if one.example is not None}
    bound = bind_question(question, examples, parameters_of(question.statement), MOMENTS)
    assert set(bound) == parameters_of(question.statement)


@pytest.mark.parametrize("name", LIBRARY)
def test_keys_of_people_are_marked_in_what_comes_out(name: str) -> None:
    question = LIBRARY[name]
    for column in question.columns:
        if column.name in ("customer", "decision"):
            assert column.shows == "person" or question.is_about_somebody


HEADER = """\
/*
question: Who is there?
asked_by: [analyst]
parameters:
  since: {type: time, default: -7d, doc: Joined since then.}
columns:
  customer: {doc: The customer., shows: person}
*/
MATCH (c:Customer) WHERE c.joined_at >= $since RETURN c.customer_id AS customer LIMIT 10
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(text: str, name: str = "who-is-there") -> Path:
        path = tmp_path / f"{name}.cypher"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_file_is_read_with_its_header(write: Callable[..., Path]) -> None:
    question = read_question(write(HEADER))
    assert (question.name, question.sentence) == ("who-is-there", "Who is there?")
    assert question.statement.startswith("MATCH")
    assert question.columns[0].shows == "person"
    assert question.example == "warrant query who-is-there"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("/*\n", "", "no header"),
        ("question: Who is there?", "question: Who", "`question`"),
        ("question:", "qestion:", "`question`"),
        ("asked_by: [analyst]", "asked_by: [king]", "`asked_by.0`"),
        ("asked_by: [analyst]", "asked_by: [", "line"),
        ("type: time", "type: moment", "`parameters.since.type`"),
        ("default: -7d", "default: yesterday", "`since` is no time"),
        ("default: -7d, ", "", "neither default nor example"),
        ("  since: {", "  as_of: {", "`as_of` is there without being declared"),
        ("  since: {", "  before: {", "uses `$since`"),
        (">= $since", "IS NOT NULL", "does not use"),
        ("  customer: {", "  client: {", "returns customer"),
        ("*/", "people: heads\n*/", "`heads`"),
        ("LIMIT 10", "LIMIT 10 DETACH DELETE c", "refused"),
        ("{doc: The customer., shows: person}", "{doc: The customer., shows: all}", "`columns.customer"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(write: Callable[..., Path], old: str, new: str, what: str) -> None:
    path = write(HEADER.replace(old, new, 1))
    with pytest.raises(QuestionLibraryError) as broken:
        read_question(path)
    assert what in broken.value.what
    assert broken.value.where == path.name
    assert broken.value.remedy


def test_a_file_s_name_is_the_name_that_is_asked_for(write: Callable[..., Path], tmp_path: Path) -> None:
    write(HEADER)
    assert find_question("who-is-there", tmp_path).name == "who-is-there"
    with pytest.raises(QuestionLibraryError, match="no name"):
        read_question(write(HEADER, "Who is there"))


def test_a_name_that_is_not_there_is_answered_with_those_that_are_close() -> None:
    with pytest.raises(QuestionError) as unknown:
        find_question("who-objects-to-discount")
    assert "`who-objects-to-discounts`" in unknown.value.remedy
    assert unknown.value.exit_code == 2
    with pytest.raises(QuestionError):
        find_question("../questions/what-was-said")


@pytest.mark.parametrize("text", ["MATCH (c) RETURN c", "RETURN 1", "Match", "", "a b", "a;", "../x"])
def test_cypher_is_not_taken_for_a_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-03-01T09:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T09:00:00+00:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("-7d", datetime(2026, 2, 27, tzinfo=UTC)),
        ("+1d", datetime(2026, 3, 7, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_of_the_playbook_a_moment_or_days_from_as_of(
    write: Callable[..., Path], given: str, bound: datetime
) -> None:
    question = read_question(write(HEADER))
    assert bind_question(question, {"since": given}, frozenset({"since"}), MOMENTS) == {"since": bound}


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [("integer", "12", 12), ("number", "0.5", 0.5), ("boolean", "TRUE", True), ("texts", "a, b", ["a", "b"])],
)
def test_a_value_becomes_what_its_parameter_says(
    write: Callable[..., Path], type_: str, text: str, value: object
) -> None:
    header = HEADER.replace("type: time, default: -7d", f'type: {type_}, example: "{text}"')
    question = read_question(write(header))
    assert bind_question(question, {"since": text}, frozenset({"since"}), MOMENTS) == {"since": value}


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("integer", "1.5"),
        ("integer", "9" * 30),
        ("number", "nan"),
        ("number", "inf"),
        ("boolean", "yes"),
        ("time", "soon"),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(write: Callable[..., Path], type_: str, text: str) -> None:
    examples = {"integer": "1", "number": "1", "boolean": "true", "time": "-7d"}
    header = HEADER.replace("type: time, default: -7d", f'type: {type_}, default: "{examples[type_]}"')
    question = read_question(write(header))
    with pytest.raises(QuestionError) as refused:
        bind_question(question, {"since": text}, frozenset({"since"}), MOMENTS)
    assert "`since` is no" in refused.value.what
    assert f"since={examples[type_]}" in refused.value.remedy


def test_a_parameter_that_is_unknown_missing_or_a_time_of_the_whole_question_is_told_apart() -> None:
    question = LIBRARY["what-do-we-believe-about"]
    used = parameters_of(question.statement)
    with pytest.raises(QuestionError, match="needs `customer`"):
        bind_question(question, {}, used, MOMENTS)
    with pytest.raises(QuestionError, match="no `client`"):
        bind_question(question, {"customer": "1", "client": "1"}, used, MOMENTS)
    with pytest.raises(QuestionError, match="--as-of"):
        bind_question(question, {"customer": "1", "as_of": "2026-01-01"}, used, MOMENTS)
    bound = bind_question(question, {"customer": "1"}, used, MOMENTS)
    assert (bound["as_of"], bound["known_at"]) == (MOMENTS.as_of, MOMENTS.known_at)


def test_times_are_bound_only_where_a_statement_uses_them() -> None:
    assert bind_statement({}, frozenset(), MOMENTS) == {}
    assert bind_statement({"a": 1}, frozenset({"a", "known_at"}), MOMENTS) == {"a": 1, "known_at": MOMENTS.known_at}
    for values, used in (({}, {"a"}), ({"b": 1}, set()), ({"as_of": "x"}, {"as_of"})):
        with pytest.raises(QuestionError):
            bind_statement(values, frozenset(used), MOMENTS)


def test_what_is_given_is_a_text_unless_it_is_said_to_be_json() -> None:
    assert given_values(["customer=1773", "least:=2.5", "of:=[1]", "text=a=b", "empty="]) == {
        "customer": "1773",
        "least": 2.5,
        "of": [1],
        "text": "a=b",
        "empty": "",
    }


@pytest.mark.parametrize("text", ["customer", "=1", "1a=2", "a:=nonsense", "a b=1"])
def test_what_gives_no_parameter_a_value_is_refused(text: str) -> None:
    with pytest.raises(QuestionError) as refused:
        given_values([text])
    assert refused.value.remedy


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(QuestionError, match="twice"):
        given_values(["a=1", "a=2"])


@given(st.text(max_size=30))
def test_any_text_for_a_time_is_a_time_or_an_error_with_a_remedy(text: str) -> None:
    question = LIBRARY["what-expired"]
    try:
        bound = bind_question(question, {"since": text}, parameters_of(question.statement), MOMENTS)
    except QuestionError as error:
        assert error.remedy  # noqa: PT017  (both ways out are right; only one has a remedy)
    else:
        assert bound["since"].tzinfo is UTC
