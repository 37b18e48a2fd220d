"""Substitutes: which product may stand in for which, within a category.

Likeness is a weighted mean of what is known of a pair: what both state alike, the words of their names, their prices,
and whether the same customers take now the one and now the other (shared customers, less those who take both at once).
Customers enter as counts of pairs of products only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

WEIGHTS: Final = {"stated": 0.35, "name": 0.2, "price": 0.15, "alternation": 0.3}
"""How much each likeness counts; stated, not learnt. Where one is not known the others share its weight."""

FEWEST_CUSTOMERS: Final = 3
"""Shared customers below which alternation says nothing."""

LEAST_SIMILARITY: Final = 0.5
MOST_SUBSTITUTES: Final = 3
LARGEST_BLOCK: Final = 1_000
"""Products that are compared with their whole category at a time: bounds memory, not the result."""

_NOT_STATED_ALIKE = frozenset(
    {"product_id", "name", "category_id", "price", "unit_cost", "stock", "depletion_days", "size_scale", "size_place"}
)
_COLUMNS = ["from_key", "to_key", "similarity", "because"]


@dataclass(frozen=True, eq=False)
class _Traits:
    """What products are like, one row per product.

    Attributes:
        price: NaN where unknown.
        stated: Products × (column, value), 1 where the product states it.
        states: Products × columns, 1 where the product states anything.
        words: Products × words of names.
        customers: Products × customers, 1 where one was bought by the other.
        orders: Products × orders, 1 where one was on the other.
    """

    price: Floats
    stated: csr_array
    states: csr_array
    words: csr_array
    customers: csr_array
    orders: csr_array

    def of(self, start: int, stop: int) -> "_Traits":
        """Those of some of the products."""
        rows = slice(start, stop)
        return _Traits(*(getattr(self, each.name)[rows] for each in fields(self)))

    def likeness(self, rows: slice) -> tuple[dict[str, Floats], Floats]:
        """Each likeness of some products to all of them, NaN where unknown, and their shared customers."""
        with np.errstate(divide="ignore", invalid="ignore"):
            both_state = _product(self.states[rows], self.states)
            stated = np.where(both_state > 0, _product(self.stated[rows], self.stated) / both_state, np.nan)
            common = _product(self.words[rows], self.words)
            lengths = np.asarray(self.words.sum(axis=1), dtype=np.float64).ravel()
            name = common / (lengths[rows][:, np.newaxis] + lengths - common)
            price = np.minimum(self.price[rows][:, np.newaxis], self.price)
            price = price / np.maximum(self.price[rows][:, np.newaxis], self.price)
            shared = _product(self.customers[rows], self.customers)
            buyers = np.asarray(self.customers.sum(axis=1), dtype=np.float64).ravel()
            apart = np.maximum(0.0, 1.0 - _product(self.orders[rows], self.orders) / shared)
            alternation = shared / np.sqrt(buyers[rows][:, np.newaxis] * buyers) * apart
        alternation = np.where(shared >= FEWEST_CUSTOMERS, alternation, np.nan)
        return {"stated": stated, "name": name, "price": price, "alternation": alternation}, shared


def substitutes(products: pd.DataFrame, purchases: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """Rows of `Product SUBSTITUTES Product`: from_key may stand in for to_key; similarity in (0, 1], because.

    A product has three at most, those that are most like it. Sorted.

    Args:
        products: product_id, name, category_id and, where known, price, collection, size and further attributes: those
            that are to have substitutes and may be some.
        purchases: customer_id, order_id, product_id, kind, occurred_at.
        as_of: Purchases at or after it are not looked at.
    """
    known = products[products["category_id"].notna()].sort_values(["category_id", "product_id"], kind="stable")
    known = known.reset_index(drop=True)
    traits, keys = _traits(known, purchases, as_of), known["product_id"].to_numpy(dtype=object)
    found = [
        pairs
        for start, stop in _categories(known)
        if stop - start > 1  # a product alone has no substitute
        for pairs in _in_category(keys[start:stop], traits.of(start, stop))
    ]
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in _COLUMNS}).astype({"similarity": "float64"})
    rows = pd.concat(found) if found else empty
    return rows.sort_values(["from_key", "to_key"], ignore_index=True)


def _bought(products: pd.DataFrame, purchases: pd.DataFrame, as_of: datetime) -> tuple[csr_array, csr_array]:
    """All products × customers and × orders, 1 for each pair there is."""
    is_sale = (purchases["kind"] == "sale") & (purchases["occurred_at"] < pd.Timestamp(as_of))
    lines = purchases.loc[is_sale, [name for name in _OF_LINES if name in purchases.columns]]
    product = pd.Index(products["product_id"]).get_indexer(pd.Index(lines["product_id"]))
    lines, product = lines[product >= 0], product[product >= 0]
    # without orders, what one customer bought at one time counts as one
    order = lines["order_id"] if "order_id" in lines else lines["customer_id"] + lines["occurred_at"].astype(str)
    customers, orders = (_incidence(owner, product, len(products)) for owner in (lines["customer_id"], order))
    return customers, orders


_OF_LINES = ("customer_id", "order_id", "product_id", "occurred_at")


def _incidence(owner: "pd.Series[str]", product: npt.NDArray[np.int64], count: int) -> csr_array:
    place, owners = pd.factorize(owner)
    pairs = _ones(product, place, (count, len(owners)))
    pairs.sum_duplicates()
    pairs.data[:] = 1.0
    return pairs


def _categories(products: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """From which row to which each category goes."""
    category = products["category_id"].to_numpy(dtype=object)
    if not len(category):
        return iter(())
    starts = np.flatnonzero(np.append(True, category[1:] != category[:-1]))
    return zip(starts.tolist(), np.append(starts[1:], len(category)).tolist(), strict=True)


def _in_category(keys: Texts, traits: _Traits) -> Iterator[pd.DataFrame]:
    for first in range(0, len(keys), LARGEST_BLOCK):
        rows = slice(first, min(first + LARGEST_BLOCK, len(keys)))
        likeness, shared = traits.likeness(rows)
        similarity = _mean(likeness)
        similarity[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = 0.0
        own, other = _nearest(similarity)
        yield pd.DataFrame(
            {
                "from_key": keys[other],
                "to_key": keys[rows][own],
                "similarity": similarity[own, other],
                "because": _because(
                    {name: values[own, other] for name, values in likeness.items()}, shared[own, other]
                ),
            }
        )


def _traits(products: pd.DataFrame, purchases: pd.DataFrame, as_of: datetime) -> _Traits:
    columns = [name for name in products.columns if name not in _NOT_STATED_ALIKE]
    stated = products[columns].melt(ignore_index=False).dropna().reset_index(names="row")
    value, values = pd.factorize(stated["variable"].astype(str) + "\0" + stated["value"].astype(str))
    column, names = pd.factorize(stated["variable"])
    words = products["name"].astype(str).str.casefold().str.findall(r"\w+").map(lambda found: sorted(set(found)))
    word_rows = words.explode().dropna()
    word, vocabulary = pd.factorize(word_rows)
    row, count = stated["row"].to_numpy(), len(products)
    price = products["price"].to_numpy(dtype=np.float64) if "price" in products else np.full(count, np.nan)
    customers, orders = _bought(products, purchases, as_of)
    return _Traits(
        price=np.where(price > 0, price, np.nan),
        stated=_ones(row, value, (count, len(values))),
        states=_ones(row, column, (count, len(names))),
        words=_ones(word_rows.index.to_numpy(), word, (count, len(vocabulary))),
        customers=customers,
        orders=orders,
    )


def _ones(row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(row), dtype=np.float64), (row, column)), shape=shape)


def _product(some: csr_array, everybody: csr_array) -> Floats:
    """How much each of some rows has in common with every row."""
    return np.asarray((some @ everybody.T).toarray(), dtype=np.float64)


def _mean(likeness: dict[str, Floats]) -> Floats:
    """The weighted mean of what is known, to six digits, so that equal pairs are equal whatever the machine."""
    total: Floats = np.zeros_like(likeness["name"])
    weight: Floats = np.zeros_like(total)
    for name, values in likeness.items():
        is_known = ~np.isnan(values)
        total += np.where(is_known, WEIGHTS[name] * values, 0.0)
        weight += np.where(is_known, WEIGHTS[name], 0.0)
    return np.asarray(np.round(total / np.maximum(weight, 1e-9), 6), dtype=np.float64)


def _nearest(similarity: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Row and column of each row's most similar columns; equals in order of key."""
    most = min(MOST_SUBSTITUTES, similarity.shape[1])
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :most]
    row = np.repeat(np.arange(len(similarity)), most)
    column = order.ravel()
    is_alike = similarity[row, column] >= LEAST_SIMILARITY
    return row[is_alike], column[is_alike]


def _because(likeness: dict[str, Floats], shared: Floats) -> Texts:
    """What makes each pair alike, in words."""
    stated, price, alternation = likeness["stated"], likeness["price"], likeness["alternation"]
    parts = (
        np.full(len(shared), "same category", dtype=object),
        _where(stated > 0, [f", {share:.0%} of attributes alike" for share in stated]),
        _where(~np.isnan(price), [f", price {1 - ratio:.0%} apart" for ratio in price]),
        _where(alternation > 0, [f", {count:.0f} customers buy now one, now the other" for count in shared]),
    )
    return np.asarray(np.sum(parts, axis=0), dtype=object)


def _where(holds: npt.NDArray[np.bool_], texts: list[str]) -> Texts:
    return np.asarray(np.where(holds, np.array(texts, dtype=object), ""), dtype=object)
