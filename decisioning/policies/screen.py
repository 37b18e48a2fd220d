"""Verdicts for all candidates: two tables of machine words and one AND.

Every customer × channel and every asset × channel gets its words once; a candidate's verdict is the AND of the two.
Only comparisons between the two sides are left, and they are made only for candidates whose bits are set on both sides.
No table of candidates is ever built: whoever asks brings positions, in portions of any size.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import PolicyError
from decisioning.policies.columns import AttributeTable, Column, Truths
from decisioning.policies.compile import ALWAYS, BITS_PER_WORD, Cap, CompiledPolicies
from decisioning.policies.evaluate import Lookup, holds
from decisioning.policies.expressions import Condition, attribute_names
from decisioning.policies.grammar import parse
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.typing_rules import type_problems

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.integer]

# Candidates compared at once; what is gathered for them stays in the processor's cache.
_PORTION = 1 << 17


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What the policies say about any candidate.

    Attributes:
        compiled: The policies.
        customer_words: Shape (customers, channels, words), uint64: bit t is set where term t's customer side holds.
        asset_words: Shape (assets, channels, words), the same for the asset side.
        customer_columns: What comparisons between the sides read of customers, by attribute.
        asset_columns: The same of assets; texts are numbered, alike on both sides.
    """

    compiled: CompiledPolicies
    customer_words: Words
    asset_words: Words
    customer_columns: Mapping[str, Column]
    asset_columns: Mapping[str, Column]

    def denied(self, customer: Positions, asset: Positions, channel: Positions) -> Words:
        """The verdict of every candidate.

        Args:
            customer: Positions of customers, shape (n,).
            asset: Positions of assets, shape (n,).
            channel: Positions of channels, shape (n,).

        Returns:
            Shape (n, words), uint64: one bit per term that refuses the candidate; no bit at all means allowed.

        Raises:
            PolicyError: A position that does not exist.
        """
        words: Words = _rows(self.customer_words, customer, channel, "customer")
        words &= _rows(self.asset_words, asset, channel, "asset")
        crossings = list(self._crossings())
        for start in range(0, len(words) if crossings else 0, _PORTION):
            within = slice(start, start + _PORTION)
            for word, bit, condition in crossings:
                self._compare(words[within, word], bit, condition, (customer[within], asset[within], channel[within]))
        return words

    def _compare(
        self, words: Words, bit: np.uint64, condition: Condition, places: tuple[Positions, Positions, Positions]
    ) -> None:
        """Take the bit from the words of those candidates for which the comparison does not hold."""
        reached = np.flatnonzero(words & bit)
        if len(reached):
            refused = holds(condition, self._gather(*(place[reached] for place in places)), unknown=True)[:, 0]
            words[reached[~np.broadcast_to(refused, reached.shape)]] &= ~bit

    def by_policy(self, words: Words) -> dict[str, Truths]:
        """Policy id to where it refuses, shape (n,), for the words of n candidates; every policy is there."""
        found = {identifier: np.zeros(len(words), dtype=np.bool_) for identifier in self.compiled.identifiers}
        for policy, word, mask in self._masks():
            found[self.compiled.identifiers[policy]] |= (words[:, word] & mask) != 0
        return found

    def _crossings(self) -> Iterator[tuple[int, np.uint64, Condition]]:
        for position, term in enumerate(self.compiled.terms):
            if term.crossing != ALWAYS:
                yield position // BITS_PER_WORD, _bit(position), term.crossing

    def _masks(self) -> Iterator[tuple[int, int, np.uint64]]:
        """(policy, word, the policy's bits in that word)."""
        masks: dict[tuple[int, int], np.uint64] = {}
        for position, term in enumerate(self.compiled.terms):
            place = (term.policy, position // BITS_PER_WORD)
            masks[place] = masks.get(place, np.uint64(0)) | _bit(position)
        for (policy, word), mask in masks.items():
            yield policy, word, mask

    def _gather(self, customer: Positions, asset: Positions, channel: Positions) -> Lookup:
        """The columns of the given candidates, shape (n, 1)."""

        def lookup(name: str) -> Column:
            if name in self.customer_columns:
                column, rows = self.customer_columns[name], customer
            else:
                column, rows = self.asset_columns[name], asset
            return Column(
                _picked(column.data, rows, channel),
                _picked(column.missing, rows, channel) if column.missing.any() else np.zeros((1, 1), dtype=np.bool_),
            )

        return lookup


def is_denied(words: Words) -> Truths:
    """Whether any policy refuses, shape (n,), for the words of n candidates."""
    return np.asarray(words.any(axis=1), dtype=np.bool_)


def screen_words(compiled: CompiledPolicies, customer_side: AttributeTable, asset_side: AttributeTable) -> Verdicts:
    """Evaluate both sides of all policies, once for every customer × channel and every asset × channel.

    Args:
        compiled: The policies.
        customer_side: (customers × channels): `customer.…`, `consent.…`, `cap.….reached`.
        asset_side: (assets × channels): `asset.…`, `offer.…`, `channel.…`.

    Raises:
        PolicyError: A column that the policies read is not there, or the sides have different channels.
    """
    if customer_side.shape[1] != asset_side.shape[1]:
        raise PolicyError(
            f"customers have {customer_side.shape[1]} channels, assets {asset_side.shape[1]}.", where="screen"
        )
    crossing = frozenset().union(*(attribute_names(term.crossing) for term in compiled.terms))
    declared = compiled.attributes.declared
    on_asset = {name for name in crossing if declared[name].side == "asset_channel"}
    of_customers = {name: customer_side.column(name) for name in sorted(crossing - on_asset)}
    of_assets = {name: asset_side.column(name) for name in sorted(on_asset)}
    _number_texts([of_customers, of_assets])
    return Verdicts(
        compiled=compiled,
        customer_words=_side_words([term.customer for term in compiled.terms], customer_side),
        asset_words=_side_words([term.asset for term in compiled.terms], asset_side),
        customer_columns=of_customers,
        asset_columns=of_assets,
    )


def counted(cap: Cap, asset_side: AttributeTable) -> Truths:
    """Which assets and channels a cap counts, shape (assets, channels).

    Where a missing value leaves it open, it counts. Count a past touch whose asset or channel is not known as well.
    """
    return np.broadcast_to(holds(cap.counts, asset_side.column, unknown=True), asset_side.shape)


def select(expression: str, customers: AttributeTable, *, where: str = "") -> Truths:
    """The audience: which customers the expression surely selects, shape (customers,); a missing value selects nobody.

    Args:
        expression: A condition over `customer.…`.
        customers: (customers × any number of channels).
        where: The audience's name, for errors.

    Raises:
        PolicyError: It does not parse, names anything but declared attributes of customers, or mixes types.
    """
    condition = parse(expression, where=where)
    for problem in type_problems(condition, customers.attributes, namespaces=("customer",)):
        raise PolicyError(problem.what, where=where, remedy=problem.remedy, column=problem.column)
    found = holds(negation_normal_form(condition), customers.column, unknown=False)
    return np.broadcast_to(found, (customers.shape[0], 1))[:, 0]


def _side_words(conditions: list[Condition], table: AttributeTable) -> Words:
    """One bit per condition, shape (rows, channels, words)."""
    words_needed = -(-len(conditions) // BITS_PER_WORD)
    result: Words = np.zeros((*table.shape, words_needed), dtype=np.uint64)
    # What does not differ between channels is gathered once per row before it is spread over the channels.
    gathered: dict[tuple[tuple[int, ...], int], Words] = {}
    for position, condition in enumerate(conditions):
        truths = holds(condition, table.column, unknown=True)
        place = (truths.shape, position // BITS_PER_WORD)
        bits = np.where(truths, _bit(position), np.uint64(0))
        gathered[place] = gathered[place] | bits if place in gathered else bits
    for (_shape, word), bits in gathered.items():
        result[:, :, word] |= bits
    return result


def _number_texts(sides: list[dict[str, Column]]) -> None:
    """Replace texts by numbers, alike wherever the text is, so that millions of pairs compare as fast as numbers."""
    places = [(side, name) for side in sides for name in side if side[name].data.dtype.kind == "O"]
    if not places:
        return
    codes, _ = pd.factorize(np.concatenate([side[name].data.ravel() for side, name in places]))
    start = 0
    for side, name in places:
        column = side[name]
        numbers = codes[start : start + column.data.size].astype(np.float64).reshape(column.data.shape)
        side[name] = Column(numbers, column.missing)
        start += column.data.size


def _rows(words: Words, row: Positions, channel: Positions, side: str) -> Words:
    """The words of the given rows and channels; a position outside would quietly be another's verdict."""
    rows, channels, width = words.shape
    for name, at, size in ((side, row, rows), ("channel", channel, channels)):
        if len(at) and (at.min() < 0 or at.max() >= size):
            raise PolicyError(f"a candidate has a {name} position outside 0 to {size - 1}.", where="screen")
    place = row.astype(np.int64) * channels + channel
    found: Words = np.take(words.reshape(-1, width), place, axis=0)
    return found


def _picked(values: npt.NDArray[Any], row: Positions, channel: Positions) -> npt.NDArray[Any]:
    """The values at the given rows and channels, shape (n, 1), of an array that may be of one row or one channel."""
    rows, channels = values.shape
    first = row.astype(np.int64) * channels if rows > 1 else np.zeros(len(row), dtype=np.int64)
    found: npt.NDArray[Any] = np.take(values.reshape(-1), first + channel if channels > 1 else first)
    return found[:, np.newaxis]


def _bit(position: int) -> np.uint64:
    return np.uint64(1 << (position % BITS_PER_WORD))
