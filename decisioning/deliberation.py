"""Everything that was weighed for the decisions of a run, in one place for whoever writes it down."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.boost_cost import Cost
from decisioning.choice import Choice
from decisioning.motives import Motives
from decisioning.schedule import Schedule
from decisioning.shortlist import Kept, Look
from decisioning.terrain.rules import refusals
from decisioning.value import Values
from forecasting.values import Floats
from graph.view import View

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Deliberation:
    """Motives, the shortlist, counts over all candidates, what was chosen, and what that is worth and when.

    Attributes:
        view: What is known.
        motives: What `propose` found.
        kept: Candidates that were kept, n of them.
        account: Counts over all candidates of each customer.
        refusal_names: What may refuse, in the order of the account's columns.
        choice: What was chosen of `kept`.
        worth: What each choice is worth, term by term, in order of customer; one for everybody who gets something.
        times: When each is sent, in the same order.
        is_held_out: Per customer.
        refusing: Names the policies that refuse some rows of `kept`.
        usual_grade: How effects are known of which nothing was learnt.
        boost: What people favour each asset by, which candidates' values of `kept` have in them, shape (assets,).
        boosted_because: Who favours each asset, until when and why; None for the others, shape (assets,).
        boost_cost: What boosts cost in margin; None without any.
    """

    view: View
    motives: Motives
    kept: Kept
    account: Look
    refusal_names: tuple[str, ...]
    choice: Choice
    worth: Values
    times: Schedule
    is_held_out: npt.NDArray[np.bool_]
    refusing: Callable[[Indices], list[list[str]]]
    usual_grade: str
    boost: Floats
    boosted_because: npt.NDArray[np.object_]
    boost_cost: Cost | None

    def margins(self, rows: Indices) -> Floats:
        """What some rows of `kept` are expected to bring, whatever they are favoured by."""
        return np.asarray(self.kept.value[rows] - self.boost[self.kept.asset[rows]])

    @property
    def customer_count(self) -> int:
        """Number of customers, each of whom gets a record."""
        return len(self.view.customers)

    @property
    def receivers(self) -> Indices:
        """Customers who get something, ghosts included, ascending: those of `worth` and `times`."""
        return np.flatnonzero(self.choice.chosen >= 0)

    @property
    def rows(self) -> Indices:
        """The row of `kept` that each of them gets."""
        return self.choice.chosen[self.receivers]

    def told(self) -> pd.DataFrame:
        """The motives of all choices with their texts, in order of customer."""
        return self.motives.told(self.kept.motive[self.rows])

    def motive_counts(self) -> Indices:
        """Motives per customer, shape (customers,)."""
        return np.bincount(self.motives.customers(self.view), minlength=self.customer_count)

    def refused(self) -> dict[str, npt.NDArray[np.int32]]:
        """How many candidates of each customer each policy refuses, by name."""
        return refusals(self.refusal_names, self.account.refused)

    def main_policy(self) -> npt.NDArray[np.object_]:
        """Per customer the policy that refused most of their candidates, the first of equals; None without any."""
        counts = self.refused()
        names, table = list(counts), np.stack(list(counts.values()), axis=1)
        main: npt.NDArray[np.object_] = np.array(names, dtype=object)[table.argmax(axis=1)]
        main[table.max(axis=1) == 0] = None
        return main
