"""Everything that was weighed for the decisions of a run, in one place for whoever writes it down."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from decisioning.candidates import Candidates
from decisioning.choice import Choice
from decisioning.motives import Motives
from decisioning.schedule import Schedule
from decisioning.screening import Screened
from decisioning.value import Values
from graph.view import View


@dataclass(frozen=True, eq=False)
class Deliberation:
    """Motives, candidates, what they are worth, when, what policies say, and what was chosen.

    Attributes:
        view: What is known.
        motives: What `propose` found.
        candidates: What could be said, n of them.
        worth: What they are worth.
        times: Their times.
        screened: What policies say about them.
        choice: What was chosen.
        is_held_out: Per customer.
    """

    view: View
    motives: Motives
    candidates: Candidates
    worth: Values
    times: Schedule
    screened: Screened
    choice: Choice
    is_held_out: npt.NDArray[np.bool_]

    @property
    def customer_count(self) -> int:
        """Number of customers, each of whom gets a record."""
        return len(self.view.customers)

    def motive_counts(self) -> npt.NDArray[np.int64]:
        """Motives per customer, shape (customers,)."""
        customer = self.view.customers.positions(self.motives.frame["customer_id"].to_numpy(dtype=object))
        return np.bincount(customer, minlength=self.customer_count)
