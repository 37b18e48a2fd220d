"""The reference page of the saved questions, written from their headers: `python -m graph.questions`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from graph.questions.declaration import Question, as_text
from graph.questions.library import all_questions

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "questions.md"

_HEAD = """\
# Saved questions

*Written from `graph/questions/*.cypher` by `python -m graph.questions`. Do not edit this page; edit the files.*

```sh
warrant query --list                                             # all of them
warrant query who-objects-to-discounts --param least_confidence=0.6
warrant query what-do-we-believe-about --param customer=1773 --as-of 2017-10-01 --format json
warrant query whom-can-we-reach --format csv > reach.csv
```

- `--param name=value` gives a parameter its value. A *time* is a date (00:00 in the playbook's time zone), a time, or
  days from as-of, such as `-28d` or `+14d`.
- `--as-of` is **valid time** (`$as_of`): what held at that moment. `--known-at` (`$known_at`) is what we knew at that
  moment. Without being told, both are the as-of of the run that decided last. A question that asks for neither refuses
  them.
- Columns come in the order given here, in every format.
- *Asked by* says who would ask it; it is no right. Columns marked *person* and *personal* say something about a single
  person: [masking](../concepts/masking.md) says what a role without the right to personal data sees of them. Where
  *People* names a column, such a role is not shown rows about one to four people.
- Every question ends in a `LIMIT` and starts where there is a key, an index or a small label.
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(_lines(tuple(all_questions().values())))


def write_page() -> None:
    """Write the page to its place in the documentation."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


def _lines(questions: Sequence[Question]) -> Iterator[str]:
    yield _HEAD
    yield "| question | answers |"
    yield "|---|---|"
    for one in questions:
        yield f"| [{one.name}](#{one.name}) | {one.sentence} |"
    yield ""
    for one in questions:
        yield from _section(one)


def _section(question: Question) -> Iterator[str]:
    yield f"## {question.name}\n"
    yield f"{question.sentence}\n"
    if question.note:
        yield f"{question.note}\n"
    people = f" People: `{question.people}`." if question.people else ""
    somebody = (
        " About somebody who is named: refused to roles without that right." if question.is_about_somebody else ""
    )
    yield f"*Asked by {', '.join(question.asked_by)}.{people}{somebody}*\n"
    yield f"```sh\n{question.example}\n```\n"
    if question.parameters:
        yield "| parameter | type | default | meaning |"
        yield "|---|---|---|---|"
        for one in question.parameters:
            default = "" if one.is_required else f"`{as_text(one.default) or '(empty)'}`"
            yield f"| `{one.name}` | {one.type} | {default} | {one.doc} |"
        yield ""
    yield "| column | | meaning |"
    yield "|---|---|---|"
    for column in question.columns:
        yield f"| `{column.name}` | {'' if column.shows == 'business' else column.shows} | {column.doc} |"
    yield f"\n```cypher\n{question.statement}\n```\n"
