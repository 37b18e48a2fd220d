"""Prices for many customers: the dual of the allocation, smoothed, minimised by L-BFGS.

Each customer's best worth is replaced by temperature × log Σ exp(worth / temperature), which is smooth and at most
temperature × log(options + 1) above it. The temperature falls in steps, each one starting from the prices of the one
before (Nesterov's smoothing, with continuation). Two things make it quick: prices are scaled so that the dual is about
equally curved in each of them, whether a limit is of ten or of a million touches; and the first steps are taken on one
customer in twenty.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from decisioning.allocate_arrays import Arrays, arrays_of
from decisioning.limits import Limits
from forecasting.values import Floats
from graph.view import Positions

if TYPE_CHECKING:
    from decisioning.options import Indices, Options

SAMPLE = 0.05
SAMPLE_FROM = 100_000
"""Customers from which on the first steps are taken on a sample."""
ON_SAMPLE = ((0.1, 20), (0.02, 30))
"""Temperature as a share of the mean value, and at most so many steps at it."""
ON_ALL = ((0.01, 15),)
WITHOUT_SAMPLE = ((0.1, 20), (0.02, 30), (0.01, 20))
FROM_PRICES = ((0.005, 15), (0.002, 20))
OF_A_PART = ((0.1, 20), (0.02, 30), (0.005, 30))
BLOCKS = 8
"""So many, however many threads there are: sums are then added up in the same order."""
PENALTY = 100.0
"""Highest price of a unit that is to be reached, in the highest value of an option."""
SEED = 5
NEVER = -1e30
"""Value of an option that uses a limit of which nothing may be used."""


@dataclass(frozen=True, eq=False)
class Terms:
    """How the smoothed dual adds up what candidates pay.

    Attributes:
        table: Families of which all touches at a place use the same.
        group: Their limits, shape (of them, places).
        amount: What a touch uses of each, shape (of them, places).
        by_row: Families of which options at a place use different amounts: family and row of amounts.
        telling: Families that tell customers apart.
        owners: What to add to their limits per customer, and their limits per place.
        owner_unit: The rows of their amounts.
    """

    table: tuple[int, ...]
    group: Positions
    amount: Floats
    by_row: tuple[tuple[int, int], ...]
    telling: tuple[int, ...]
    owners: tuple[Positions, Positions]
    owner_unit: npt.NDArray[np.int64]


def solve_prices(
    options: "Options",
    limits: Limits,
    customer_count: int,
    start_prices: Sequence[Floats] | None = None,
    *,
    share: float = 1.0,
    arrays: Arrays | None = None,
) -> tuple[Floats, ...]:
    """Prices of each family at which nearly nothing is left to gain.

    Args:
        options: What may be chosen, in order of customer.
        limits: The families.
        customer_count: How many customers there are.
        start_prices: Prices to start from.
        share: Which part of all customers these are: so much of each limit is theirs, be it less than one touch.
        arrays: Of the options and limits, where they are at hand.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

    given = arrays or arrays_of(options, limits, customer_count)
    closed, of_limit = _closed_at(given)
    whole = given
    if len(closed):
        value = given.value.copy()
        value[closed] = NEVER
        given = replace(given, value=value)
    # One thread for linear algebra: sums would else depend on how many there are, and waiting costs more than it saves.
    with threadpool_limits(1), ThreadPoolExecutor(max(cpu_count() or 1, 1)) as threads:
        if share < 1.0:
            found = _Dual(given, threads, share).minimise(np.zeros(len(given.most)), OF_A_PART)
        elif start_prices is not None:
            found = _Dual(given, threads).minimise(given.joined(start_prices), FROM_PRICES)
        elif customer_count >= SAMPLE_FROM:
            rough = _Dual(_sampled(given), threads, SAMPLE).minimise(np.zeros(len(given.most)), ON_SAMPLE)
            found = _Dual(given, threads).minimise(rough, ON_ALL)
        else:
            found = _Dual(given, threads).minimise(np.zeros(len(given.most)), WITHOUT_SAMPLE)
    return given.parted(_price_of_closed(whole, found, closed, of_limit))


class _Dual:
    """The smoothed dual of some options, as a function of the prices of those limits that can bind."""

    def __init__(self, given: Arrays, threads: ThreadPoolExecutor, share: float = 1.0) -> None:
        self._given, self._threads = given, threads
        most, least = given.most * share, given.least * share
        self._terms = _terms_of(given)
        wanted, squares = _wanted(given, self._terms)
        self._upper = np.flatnonzero((most < wanted) & (most > 0))
        self._lower = np.flatnonzero((least > 0) & (wanted > 0))
        values = np.abs(given.value[given.value > NEVER])
        mean = float(values.mean()) if len(values) else 1.0
        typical = squares / np.maximum(wanted, 1.0)  # of what one touch uses
        self._mean = mean
        self._scale = np.concatenate(
            [
                mean / np.sqrt(typical[at] * np.maximum(limit[at], 0.5 * typical[at]))
                for at, limit in ((self._upper, most), (self._lower, least))
            ]
        )
        self._size = np.concatenate([most[self._upper], -least[self._lower]])
        highest = float(values.max(initial=0.0))
        self._highest = np.concatenate(
            [np.full(len(self._upper), np.inf), PENALTY * highest / np.maximum(typical[self._lower], 1e-12)]
        )
        places, rows = given.group.shape[1], len(given.units) if self._terms.by_row else 0
        self._by_place = np.zeros(places, dtype=np.float32)
        self._row_price = np.zeros((rows, places), dtype=np.float32)
        self._value, self._amounts = given.value.astype(np.float32), given.rows.astype(np.float32)
        self._buffers = (
            np.zeros((BLOCKS, places)),
            np.zeros((BLOCKS, rows, places)),
            np.zeros((BLOCKS, len(given.most) if self._terms.telling else 0)),
        )
        edges = np.linspace(0, given.customer_count, BLOCKS + 1).astype(np.int64).tolist()
        self._blocks = list(pairwise(edges))

    def minimise(self, prices: Floats, schedule: Sequence[tuple[float, int]]) -> Floats:
        """Prices per whole amount, shape (limits,), from prices to start from."""
        from scipy import optimize

        minimize: Any = optimize.minimize

        if not len(self._size):
            return np.zeros(len(prices))
        start = np.concatenate([np.maximum(prices[self._upper], 0.0), np.maximum(-prices[self._lower], 0.0)])
        at = np.minimum(start, self._highest) / self._scale
        bounds = np.column_stack([np.zeros(len(at)), self._highest / self._scale])
        for share, steps in schedule:
            found: Any = minimize(
                self._function(share * self._mean), at, jac=True, method="L-BFGS-B", bounds=bounds,
                options={"maxiter": steps, "maxcor": 10, "ftol": 1e-9},
            )  # fmt: skip
            at = found.x
        return self._spread(at * self._scale)

    def _spread(self, price: Floats) -> Floats:
        everywhere = np.zeros(len(self._given.most))
        everywhere[self._upper] += price[: len(self._upper)]
        everywhere[self._lower] -= price[len(self._upper) :]
        return everywhere

    def _function(self, temperature: float) -> Callable[[Floats], tuple[float, Floats]]:
        """The dual and its slope, in scaled prices."""

        def of(at: Floats) -> tuple[float, Floats]:
            price = at * self._scale
            total, use = self._smoothed(self._spread(price), temperature)
            slope = self._size - np.concatenate([use[self._upper], -use[self._lower]])
            return total + float(price @ self._size), slope * self._scale

        return of

    def _smoothed(self, price: Floats, temperature: float) -> tuple[float, Floats]:
        from decisioning import allocate_kernels as kernels

        given, terms, buffers = self._given, self._terms, self._buffers
        kernels.price_places(terms.group, terms.amount, price, self._by_place)
        self._row_price[:] = 0.0
        for family, row in terms.by_row:
            group = given.group[family]
            self._row_price[row] += np.where(group >= 0, price[group], 0.0)

        owner_price = price.astype(np.float32)

        def one(block: int) -> float:
            first, last = self._blocks[block]
            return float(
                kernels.smooth(
                    first, last, given.starts, self._value, given.place, self._by_place, self._amounts, self._row_price,
                    *terms.owners, owner_price, terms.owner_unit, np.float32(temperature),
                    *(part[block] for part in buffers),
                )
            )  # fmt: skip

        total = sum(self._threads.map(one, range(BLOCKS)))
        use = np.zeros(len(price))
        kernels.use_of_places(buffers[0], terms.group, terms.amount, use)
        for family, row in terms.by_row:
            _add(use, given.group[family], buffers[1][:, row].sum(axis=0))
        if len(terms.owner_unit):
            use += buffers[2].sum(axis=0)
        return total, use


def _terms_of(given: Arrays) -> Terms:
    places = given.group.shape[1]
    same: dict[int, Floats | None] = {-1: np.ones(places)}
    for row in range(len(given.units)):
        amount = np.zeros(places)
        amount[given.place] = given.rows[row]
        same[row] = amount if (amount[given.place] == given.rows[row]).all() else None
    amounts = [same[int(row)] for row in given.unit_row]
    telling = np.flatnonzero(given.owner_row >= 0)
    table = [at for at, amount in enumerate(amounts) if amount is not None and given.owner_row[at] < 0]
    return Terms(
        tuple(table),
        np.ascontiguousarray(given.group[table]),
        np.array([amounts[at] for at in table], dtype=np.float64).reshape(len(table), places),
        tuple(
            (at, int(given.unit_row[at]))
            for at, amount in enumerate(amounts)
            if amount is None and given.owner_row[at] < 0
        ),
        tuple(int(at) for at in telling),
        (np.ascontiguousarray(given.owner[given.owner_row[telling]]), np.ascontiguousarray(given.group[telling])),
        given.unit_row[telling],
    )


def _wanted(given: Arrays, terms: Terms) -> tuple[Floats, Floats]:
    """What all options together would use of each limit, and the sum of the squares of it."""
    wanted, squares = np.zeros(len(given.most)), np.zeros(len(given.most))
    count = np.bincount(given.place, minlength=given.group.shape[1]).astype(np.float64)
    for group, amount in zip(terms.group, terms.amount, strict=True):
        _add(wanted, group, count * amount)
        _add(squares, group, count * amount**2)
    for family, row in terms.by_row:
        for total, power in ((wanted, 1), (squares, 2)):
            amounts = given.rows[row].astype(np.float64) ** power
            at_place: Any = np.bincount(given.place, amounts, minlength=given.group.shape[1])
            _add(total, given.group[family], at_place)
    for family in terms.telling:
        customer = np.repeat(np.arange(given.customer_count), np.diff(given.starts))
        owner = given.owner[given.owner_row[family], customer]
        group = given.group[family, given.place]
        index = np.where((group >= 0) & (owner >= 0), group + owner, -1)
        row = int(given.unit_row[family])
        amounts = np.ones(len(index)) if row < 0 else given.rows[row].astype(np.float64)
        _add(wanted, index, amounts)
        _add(squares, index, amounts**2)
    return wanted, squares


def _add(total: Floats, index: npt.NDArray[Any], amount: Floats) -> None:
    """Add amounts to the totals that they belong to."""
    counted = index >= 0
    total += np.bincount(index[counted], amount[counted], minlength=len(total))


def _sampled(given: Arrays) -> Arrays:
    """One customer in twenty."""
    count = given.customer_count
    chosen = np.sort(np.random.default_rng(SEED).choice(count, int(count * SAMPLE), replace=False))
    sizes = np.diff(given.starts)[chosen]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = np.repeat(given.starts[chosen] - starts[:-1], sizes) + np.arange(starts[-1])
    return replace(
        given,
        starts=starts,
        value=given.value[rows],
        place=given.place[rows],
        rows=np.ascontiguousarray(given.rows[:, rows]),
        owner=np.ascontiguousarray(given.owner[:, chosen]) if given.owner.shape[1] == count else given.owner,
    )


def _closed_at(given: Arrays) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Options that use a limit of which nothing may be used, and which one; an option once for each."""
    closed = np.append(given.most == 0, False)
    none = np.zeros(0, dtype=np.int64)
    if not closed.any():
        return none, none
    customer = np.repeat(np.arange(given.customer_count), np.diff(given.starts))
    options, limits = [none], [none]
    for family in range(len(given.group)):
        limit = given.group[family, given.place]
        if given.owner_row[family] >= 0:
            owner = given.owner[given.owner_row[family], customer]
            limit = np.where((limit >= 0) & (owner >= 0), limit + owner, -1)
        row = int(given.unit_row[family])
        uses = closed[limit] if row < 0 else closed[limit] & (given.rows[row] > 0)
        here = np.flatnonzero(uses)
        options.append(here)
        limits.append(limit[here].astype(np.int64))
    return np.concatenate(options), np.concatenate(limits)


def _price_of_closed(given: Arrays, price: Floats, option: "Indices", limit: "Indices") -> Floats:
    """Where nothing may be used at all, the price at which nobody wants it: it costs nothing in the bound."""
    from decisioning import allocate_kernels as kernels

    if not len(option):
        return price
    worth = np.empty(len(given.value))
    kernels.worth_at(0, given.customer_count, given.starts, given.value, *given.of_use, price, worth)
    price = price.copy()
    family = np.searchsorted(given.offsets, limit, side="right") - 1
    row = given.unit_row[family]
    amount = np.where(row < 0, 1, given.rows[np.maximum(row, 0), option] if len(given.rows) else 1)
    np.maximum.at(price, limit, np.maximum(worth[option], 0.0) / amount)
    return price
