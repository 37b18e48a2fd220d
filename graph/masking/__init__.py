"""What somebody sees of the graph who may not see personal data: the shape of it, and what is about nobody.

`graph.masking.reading` reads a person's own Cypher and says which columns of its answer have to be masked, or refuses
it; `graph.masking.answer` masks what comes out; `graph.masking.personal` says what is personal, from the schema.

What is protected: no value of a property of a person, of a decision about one or of a relationship that says something
about one has any influence on the answer to their own Cypher. It cannot be returned, compared, sorted by, grouped by or
counted. What is not: the shape. That somebody, unnamed, is connected with something is shown, and who knows enough
about a person's connections may recognise them; the order in which the server happens to return rows is not hidden
either. Saved questions use personal values as their headers say, and show them to nobody who may not see them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.errors import GraphRefused
from graph.masking.answer import Shown, enough_people, mask_rows, question_columns
from graph.masking.reading import masked_columns
from graph.questions.declaration import Question
from graph.read_only import refuse_writes
from graph.store import Answer

__all__ = ["Mask", "mask_for"]


@dataclass(frozen=True)
class Mask:
    """How the answer to one statement is shown to somebody who may not see personal data."""

    columns: Sequence[Shown]
    question: Question | None

    def rows(self, answer: Answer) -> list[dict[str, Any]]:
        """The rows of the answer, masked; those of a saved question about too few people are left out."""
        found: Sequence[Mapping[str, Any]] = answer.rows
        kept = found if self.question is None else enough_people(self.question, found)
        return mask_rows(answer.columns, self.columns, kept)


def mask_for(question: Question | None, statement: str) -> Mask:
    """The mask for a saved question, or for a person's own statement.

    Raises:
        GraphRefused: Its answer cannot be masked: it is about somebody who is named, or could tell personal values.
    """
    if question is None:
        refuse_writes(statement)
        return Mask(masked_columns(statement), None)
    if question.is_about_somebody:
        raise GraphRefused(
            "The question is about somebody who is named, and your role may not see personal data.",
            where=question.name,
            remedy="Somebody with the role analyst can ask it; name them with --actor or WARRANT_ACTOR.",
        )
    return Mask(question_columns(question), question)
