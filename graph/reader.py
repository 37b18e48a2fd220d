"""A handle on the graph that only reads, for notebooks and scripts: answers as tables of pandas."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graph.questions.binding import Moments, bind_moments, bind_question, bind_statement
from graph.questions.library import find_question, is_name
from graph.read_only import refuse_writes
from graph.store import GraphStore
from graph.tokens import parameters_of

MOST_ROWS = 1_000_000


class GraphReader:
    """Asks the graph and gives tables; statements that write are refused before they run.

    Args:
        store: The store of a playbook's graph.
        moments: What `$as_of` and `$known_at` mean in statements that use them.
    """

    def __init__(self, store: GraphStore, moments: Moments) -> None:
        self._store = store
        self.moments = moments

    def table(
        self, question: str, /, *, limit_rows: int = MOST_ROWS, seconds: float = 60.0, **parameters: Any
    ) -> pd.DataFrame:
        """A row per answered row: for a saved question by its name, or for Cypher.

        Args:
            question: The name of a saved question, or Cypher.
            limit_rows: At most so many rows; more are cut off, so choose it above what you expect.
            seconds: Give up after so many.
            parameters: Values by name; those of a saved question as on the command line, e.g. `since="-28d"`.

        Raises:
            GraphRefused: The statement would write.
            QuestionError: There is no such question, or it does not take what was given.
        """
        saved = find_question(question) if is_name(question) else None
        statement = saved.statement if saved else question
        used = parameters_of(statement)
        if saved:
            bound: Mapping[str, Any] = bind_question(saved, parameters, used, self.moments)
        else:
            bound = bind_statement(parameters, used, self.moments)
        answer = self._store.query_as_person(statement, bound, limit_rows=limit_rows, timeout=seconds)
        return pd.DataFrame(list(answer.rows), columns=list(answer.columns))

    def columns(self, statement: str, /, **parameters: Any) -> pd.DataFrame:
        """A row per collected entry, the fast way to read many: group by the small side and `collect` the large one.

        Args:
            statement: Cypher such as `MATCH (k:Category)<-[b:BOUGHT]-(c:Customer)
                RETURN k.category_id AS category, collect(c.customer_id) AS customer`.
            parameters: Values by name.

        Raises:
            GraphRefused: The statement would write.
            GraphError: Lists of one row differ in length, because `collect` leaves nulls out: give them a stand-in.
        """
        refuse_writes(statement)
        times = bind_moments(parameters_of(statement), self.moments)
        return pd.DataFrame(self._store.read_collected(statement, **times, **parameters))
