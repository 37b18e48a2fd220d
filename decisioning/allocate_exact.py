"""The exact reference: prices and shares of the linear programme, by HiGHS.

Where something is to be reached, what is missing counts against the objective far more than anything can bring, so that
a programme that cannot be fulfilled comes as near to it as it can.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decisioning.errors import DecisioningError
from decisioning.limits import Limits, Usage, unpriced
from forecasting.values import Floats

if TYPE_CHECKING:
    from decisioning.options import Indices, Options

NEARLY_WHOLE = 1.0 - 1e-6
PENALTY = 100.0
"""Per unit that is missing, in the highest value of an option."""


def solve_exactly(
    options: "Options", limits: Limits, used: Usage, customer_count: int
) -> tuple[tuple[Floats, ...], "Indices"]:
    """Prices of each family, and the choices that are whole in the programme's solution, shape (customers,).

    Raises:
        DecisioningError: The solver gives up.
    """
    from scipy import optimize
    from scipy.sparse import csr_matrix

    count = len(options)
    customers, row = np.unique(options.customer, return_inverse=True)
    bounds = _bounds(limits, used)
    short = np.flatnonzero(bounds.sign < 0)
    # Every customer once; then the limits; and what is missing of those that are to be reached.
    entries = np.concatenate([np.ones(count), bounds.entry, -np.ones(len(short))])
    at_row = np.concatenate([row, len(customers) + bounds.row, len(customers) + short])
    at_column = np.concatenate([np.arange(count), bounds.column, count + np.arange(len(short))])
    system = csr_matrix((entries, (at_row, at_column)), shape=(len(customers) + len(bounds.sign), count + len(short)))
    # Rows and values near one, whatever the currency: the solver's tolerances are absolute.
    value_scale = float(np.abs(options.value).max()) or 1.0
    linprog: Any = optimize.linprog
    result = linprog(
        np.concatenate([-options.value / value_scale, np.full(len(short), PENALTY)]),
        A_ub=system,
        b_ub=np.concatenate([np.ones(len(customers)), bounds.size]),
        bounds=[(0, 1)] * count + [(0, None)] * len(short),
        method="highs-ds",
    )
    if result.status != 0:
        raise DecisioningError(
            f"The solver found no allocation: {result.message}",
            where="allocate",
            remedy="Look for limits or values of extreme size in channels.yaml, warrant.yaml and the forecasts.",
        )
    duals = np.maximum(-result.ineqlin.marginals[len(customers) :], 0.0)
    prices = unpriced(limits)
    for place, (family, price) in enumerate(zip(limits, prices, strict=True)):
        here = bounds.family == place
        worth = bounds.sign * duals * value_scale / bounds.scale * family.scale
        np.add.at(price, bounds.limit[here], worth[here])
    chosen = np.full(customer_count, -1, dtype=np.int64)
    whole = np.flatnonzero(result.x[:count] >= NEARLY_WHOLE)
    chosen[options.customer[whole]] = whole
    return prices, chosen


@dataclass(frozen=True, eq=False)
class Bounds:
    """The rows of limits that can bind: `entry` at (`row`, `column`), at most `size`.

    Attributes:
        entry: Amounts in units of the row's largest, negative where something is to be reached.
        row: Row of each entry.
        column: Option of each entry.
        size: Right-hand side of each row.
        family: Whose limit each row is.
        limit: Which limit of the family.
        sign: 1 where it may not be exceeded, -1 where it is to be reached.
        scale: The row's largest amount.
    """

    entry: Floats
    row: "Indices"
    column: "Indices"
    size: Floats
    family: "Indices"
    limit: "Indices"
    sign: Floats
    scale: Floats


def _bounds(limits: Limits, used: Usage) -> Bounds:
    parts, count = [], 0
    for place, family in enumerate(limits):
        index, amount = used.index[place], used.amount[place].astype(np.float64)
        column = np.flatnonzero(index >= 0)
        largest = np.ones(len(family))
        np.maximum.at(largest, index[column], amount[column])
        together = np.bincount(index[column], amount[column], minlength=len(family))
        for sign, size, binds in (
            (1.0, family.whole_most, (together > family.whole_most)),
            (-1.0, family.whole_least, (family.whole_least > 0) & (together > 0)),
        ):
            limit = np.flatnonzero(binds)
            row_of = np.full(len(family), -1, dtype=np.int64)
            row_of[limit] = count + np.arange(len(limit))
            here = column[row_of[index[column]] >= 0]
            parts.append(
                (
                    sign * amount[here] / largest[index[here]],
                    row_of[index[here]],
                    here,
                    sign * size[limit] / largest[limit],
                    np.full(len(limit), place),
                    limit,
                    np.full(len(limit), sign),
                    largest[limit],
                )
            )
            count += len(limit)
    return Bounds(*(np.concatenate(column) for column in zip(*parts, strict=True)))
