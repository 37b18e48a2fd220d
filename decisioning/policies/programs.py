"""Comparisons between customer and asset as small programs over plain arrays, for a compiled loop over candidates.

`screen.Verdicts` makes the same comparisons column by column. Here every term's `crossing` is a program in postfix
notation, run for one candidate at a time, so that a loop that never holds candidates in memory can ask it in passing:

    word = customer_words[customer, channel, index] & asset_words[asset, channel, index]
    if word & programs.gates[index]:
        word = settled(programs, stack, index, word, customer, asset, channel)

Missing values are NaN throughout. Every comparison with one holds, so that a missing value refuses; as all negations
stand at comparisons (`normal_form`), nothing above can turn that into an allowance.

Importing this module imports numba, which takes about a second: do so inside the function that needs it. numba's cache
does not notice an edit in another file: who compiles a loop around these functions with `cache=True` keeps old ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from decisioning.compiling import loop
from decisioning.errors import PolicyError
from decisioning.policies.columns import Column
from decisioning.policies.compile import ALWAYS, BITS_PER_WORD
from decisioning.policies.evaluate import value_of
from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Comparison,
    Condition,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Truth,
    Value,
    attribute_names,
)
from decisioning.policies.screen import Verdicts
from decisioning.policies.spelling import to_text

Floats = npt.NDArray[np.float64]

# Operations; those above take one value from the stack or none, those below two.
CUSTOMER, ASSET, CONSTANT, NEGATE, ONE_OF, NOT, CLOSED = 0, 1, 2, 3, 4, 5, 6
ADD, SUBTRACT, MULTIPLY, DIVIDE = 7, 8, 9, 10
LESS, AT_MOST, MORE, AT_LEAST, EQUAL, DIFFERENT = 11, 12, 13, 14, 15, 16
BOTH, EITHER = 17, 18

_ARITHMETIC = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}
_COMPARISON = {"<": LESS, "<=": AT_MOST, ">": MORE, ">=": AT_LEAST, "==": EQUAL, "!=": DIFFERENT}
_TURNED = {LESS: MORE, AT_MOST: AT_LEAST, MORE: LESS, AT_LEAST: AT_MOST}
_LARGEST_EXACT = 2**53
_STEPS_OF_PLAIN = 4  # two columns, the operation, and what is not known counts as true


class CrossingPrograms(NamedTuple):
    """The comparisons of all terms that have one; numba takes it as it is. T terms, S steps, W words of a verdict.

    Attributes:
        bits: Position of each term's bit in the verdict, rising, int64 [T].
        gates: The bits of all these terms, per word, uint64 [W].
        terms_of_word: Word w has the terms `terms_of_word[w]` up to `terms_of_word[w + 1]`, int64 [W + 1].
        steps_of_term: Term t has the steps `steps_of_term[t]` up to `steps_of_term[t + 1]`, int64 [T + 1].
        steps: (operation, operand, end of operand), int32 [S, 3]: the operand is a column or a place in `constants`;
            only ONE_OF has several constants and so an end.
        constants: float64.
        customer_values: All columns of customers that are compared, one after the other, float64; NaN is missing, texts
            are numbered, truths are 0 and 1, times microseconds.
        customer_places: Per column its start in `customer_values`, and how far apart two customers and two channels are
            (0 where the value is the same for all), int64 [columns, 3].
        asset_values: The same of assets.
        asset_places: The same of assets.
        depth: Values that the stack must have room for.
    """

    bits: npt.NDArray[np.int64]
    gates: npt.NDArray[np.uint64]
    terms_of_word: npt.NDArray[np.int64]
    steps_of_term: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int32]
    constants: Floats
    customer_values: Floats
    customer_places: npt.NDArray[np.int64]
    asset_values: Floats
    asset_places: npt.NDArray[np.int64]
    depth: int

    def plain(self) -> "PlainComparisons":
        """Those terms that are one comparison of a column of customers with one of assets, at most 64 bits a word."""
        rows = []
        for term, bit in enumerate(self.bits.tolist()):
            steps = self.steps[self.steps_of_term[term] : self.steps_of_term[term + 1]].tolist()
            kinds = [step[0] for step in steps]
            if len(steps) == _STEPS_OF_PLAIN and {CUSTOMER, ASSET} == set(kinds[:2]) and LESS <= kinds[2] <= DIFFERENT:
                is_turned = kinds[0] == ASSET
                operation = _TURNED.get(kinds[2], kinds[2]) if is_turned else kinds[2]
                customer, asset = (steps[1][1], steps[0][1]) if is_turned else (steps[0][1], steps[1][1])
                rows.append((bit // BITS_PER_WORD, bit % BITS_PER_WORD, operation, customer, asset))
        found = np.array(rows, dtype=np.int64).reshape(-1, 5)
        return PlainComparisons(
            word=found[:, 0].copy(),  # a column as it stands would be of another type when there are several
            bit=np.uint64(1) << found[:, 1].astype(np.uint64),
            operation=found[:, 2].copy(),
            customer=self.customer_places[found[:, 3]],
            asset=self.asset_places[found[:, 4]],
        )

    def stack(self) -> Floats:
        """Room for one thread to calculate in."""
        return np.empty(self.depth, dtype=np.float64)


class PlainComparisons(NamedTuple):
    """Terms whose comparison is customer operation asset, n of them; nearly all that people write.

    Attributes:
        word: Word of the verdict, int64 [n].
        bit: The term's bit in it, uint64 [n].
        operation: LESS to DIFFERENT, customer first, int64 [n].
        customer: Row of `customer_places` of the column, int64 [n, 3].
        asset: Row of `asset_places`, int64 [n, 3].
    """

    word: npt.NDArray[np.int64]
    bit: npt.NDArray[np.uint64]
    operation: npt.NDArray[np.int64]
    customer: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int64]


def crossing_programs(verdicts: Verdicts) -> CrossingPrograms:
    """The comparisons between both sides, as programs over plain arrays; without any, arrays without terms.

    Raises:
        PolicyError: Something stands in a comparison that cannot be compared between the sides.
    """
    compiled = verdicts.compiled
    crossing = {position: term.crossing for position, term in enumerate(compiled.terms) if term.crossing != ALWAYS}
    writer = _Writer(verdicts.customer_columns, verdicts.asset_columns)
    programs = [list(writer.condition(condition)) for condition in crossing.values()]
    bits = np.array(list(crossing), dtype=np.int64)
    gates = np.zeros(compiled.word_count, dtype=np.uint64)
    for bit in crossing:
        gates[bit // BITS_PER_WORD] |= np.uint64(1 << (bit % BITS_PER_WORD))
    flat = [step for program in programs for step in program]
    customer_values, asset_values = _floats(writer.columns[CUSTOMER], writer.columns[ASSET])
    return CrossingPrograms(
        bits=bits,
        gates=gates,
        terms_of_word=np.searchsorted(bits, BITS_PER_WORD * np.arange(compiled.word_count + 1)).astype(np.int64),
        steps_of_term=np.cumsum([0, *map(len, programs)], dtype=np.int64),
        steps=np.array(flat, dtype=np.int32).reshape(-1, 3),
        constants=np.array(writer.constants, dtype=np.float64),
        customer_values=_joined(customer_values),
        customer_places=_places(customer_values),
        asset_values=_joined(asset_values),
        asset_places=_places(asset_values),
        depth=max(map(_depth, programs), default=0),
    )


@loop
def settled(  # noqa: PLR0917 # compiled loops call by position
    programs: CrossingPrograms, stack: Floats, index: int, word: np.uint64, customer: int, asset: int, channel: int
) -> np.uint64:
    """The word without the bits of those terms whose comparison does not hold for the candidate.

    Args:
        programs: The programs.
        stack: Scratch of this thread, from `programs.stack()`.
        index: Which word of the verdict it is.
        word: The AND of both sides' words.
        customer: Position of the customer.
        asset: Position of the asset.
        channel: Position of the channel.
    """
    for term in range(programs.terms_of_word[index], programs.terms_of_word[index + 1]):
        bit = np.uint64(1) << np.uint64(programs.bits[term] % 64)
        if word & bit and not crossing_holds(programs, stack, term, customer, asset, channel):
            word &= ~bit
    return word


@loop
def crossing_holds(  # noqa: C901, PLR0917 # one branch per operation; called by position
    programs: CrossingPrograms, stack: Floats, term: int, customer: int, asset: int, channel: int
) -> bool:
    """Whether the comparison of one term holds, or may hold, for one candidate.

    Args:
        programs: The programs.
        stack: Scratch of this thread, from `programs.stack()`.
        term: Which term, counted among those that have a comparison: its bit is `programs.bits[term]`.
        customer: Position of the customer.
        asset: Position of the asset.
        channel: Position of the channel.
    """
    top = -1
    for step in range(programs.steps_of_term[term], programs.steps_of_term[term + 1]):
        operation, operand = programs.steps[step, 0], programs.steps[step, 1]
        if operation == CUSTOMER:
            top += 1
            place = programs.customer_places[operand]
            stack[top] = programs.customer_values[place[0] + customer * place[1] + channel * place[2]]
        elif operation == ASSET:
            top += 1
            place = programs.asset_places[operand]
            stack[top] = programs.asset_values[place[0] + asset * place[1] + channel * place[2]]
        elif operation == CONSTANT:
            top += 1
            stack[top] = programs.constants[operand]
        elif operation == NEGATE:
            stack[top] = -stack[top]
        elif operation == ONE_OF:
            value, found = stack[top], 0.0
            for choice in range(operand, programs.steps[step, 2]):
                if value == programs.constants[choice]:
                    found = 1.0
            stack[top] = np.nan if np.isnan(value) else found
        elif operation == NOT:
            stack[top] = 1.0 - stack[top]
        elif operation == CLOSED:
            if np.isnan(stack[top]):
                stack[top] = 1.0
        else:
            top -= 1
            stack[top] = _combined(operation, stack[top], stack[top + 1])
    return bool(stack[0] != 0.0)


@loop
def _combined(operation: int, left: float, right: float) -> float:  # noqa: C901, PLR0911, PLR0912 # see above
    """Two values as one; NaN when it cannot be known: a value is missing or there is no finite number to give."""
    if operation == BOTH:
        return left * right
    if operation == EITHER:
        return max(left, right)
    if np.isnan(left) or np.isnan(right):
        return np.nan
    if operation == LESS:
        return 1.0 if left < right else 0.0
    if operation == AT_MOST:
        return 1.0 if left <= right else 0.0
    if operation == MORE:
        return 1.0 if left > right else 0.0
    if operation == AT_LEAST:
        return 1.0 if left >= right else 0.0
    if operation == EQUAL:
        return 1.0 if left == right else 0.0
    if operation == DIFFERENT:
        return 1.0 if left != right else 0.0
    if operation == ADD:
        result = left + right
    elif operation == SUBTRACT:
        result = left - right
    elif operation == MULTIPLY:
        result = left * right
    elif right == 0.0:
        return np.nan
    else:
        result = left / right
    return result if np.isfinite(result) else np.nan


class _Writer:
    """Turns conditions into steps, and keeps the constants that they name."""

    def __init__(self, customer: Mapping[str, Column], asset: Mapping[str, Column]) -> None:
        self.constants: list[float] = []
        self.columns = {CUSTOMER: dict(customer), ASSET: dict(asset)}

    def condition(self, condition: Condition) -> Iterator[tuple[int, int, int]]:
        """The steps that leave 1 or 0 on the stack; the condition is in negation normal form."""
        match condition:
            case And(parts) | Or(parts):
                yield from self.condition(parts[0])
                for part in parts[1:]:
                    yield from self.condition(part)
                    yield (BOTH if isinstance(condition, And) else EITHER), 0, 0
            case _:
                yield from self._atom(condition)
                yield CLOSED, 0, 0

    def _atom(self, atom: Condition) -> Iterator[tuple[int, int, int]]:
        """The steps that leave 1, 0 or NaN (not known) on the stack."""
        match atom:
            case Comparison(operator, left, right):
                yield from self._value(left)
                yield from self._value(right)
                yield _COMPARISON[operator], 0, 0
            case Membership(operand, choices):
                yield from self._value(operand)
                start = len(self.constants)
                self.constants += [self._number(choice) for choice in choices]
                yield ONE_OF, start, len(self.constants)
            case Not(operand):
                yield from self._atom(operand)
                yield NOT, 0, 0
            case Attribute() | Truth():
                yield from self._value(atom)
            case _:
                raise PolicyError(f"`{to_text(atom)}` is not in negation normal form.", where="crossing programs")

    def _value(self, value: Value) -> Iterator[tuple[int, int, int]]:
        match value:
            case Attribute(name):
                yield self._column(name)
            case Negative() | Arithmetic() if (found := self._calculated(value)) is not None:
                yield found
            case Negative(operand):
                yield from self._value(operand)
                yield NEGATE, 0, 0
            case Arithmetic(operator, left, right):
                yield from self._value(left)
                yield from self._value(right)
                yield _ARITHMETIC[operator], 0, 0
            case _:
                self.constants.append(self._number(value))
                yield CONSTANT, len(self.constants) - 1, 0

    def _column(self, name: str) -> tuple[int, int, int]:
        side = CUSTOMER if name in self.columns[CUSTOMER] else ASSET
        return side, list(self.columns[side]).index(name), 0

    def _calculated(self, value: Value) -> tuple[int, int, int] | None:
        """Arithmetic over one side, worked out once as a column of its own; None when it concerns both or none."""
        names = attribute_names(value)
        sides = {self._column(name)[0] for name in names}
        if len(sides) != 1:
            return None
        side = sides.pop()
        name = to_text(value)
        self.columns[side][name] = value_of(value, self.columns[side].__getitem__)
        return self._column(name)

    def _number(self, value: Value) -> float:
        if isinstance(value, Number | Truth):
            return float(value.value)
        # Whatever is compared with a text as written concerns one side only, and arithmetic knows no texts.
        raise PolicyError(f"{to_text(value)} cannot be compared between customer and asset.", where="crossing programs")


def _depth(program: Sequence[tuple[int, int, int]]) -> int:
    """How many values the program has on the stack at most."""
    most = size = 0
    for operation, _, _ in program:
        size += 1 if operation in (CUSTOMER, ASSET, CONSTANT) else -1 if operation > CLOSED else 0
        most = max(most, size)
    return most


def _floats(customer: Mapping[str, Column], asset: Mapping[str, Column]) -> tuple[list[Floats], list[Floats]]:
    """The columns of both sides as numbers that compare as the values do."""
    times = [column.data[~column.missing] for column in (*customer.values(), *asset.values()) if _is_time(column)]
    known = np.unique(np.concatenate(times).astype(np.int64)) if times else np.empty(0, dtype=np.int64)
    # Microseconds of the far future or past are no exact floats; their order is.
    by_rank = known if len(known) and max(-known[0], known[-1]) > _LARGEST_EXACT else None
    return [_as_floats(each, by_rank) for each in customer.values()], [
        _as_floats(each, by_rank) for each in asset.values()
    ]


def _as_floats(column: Column, by_rank: npt.NDArray[np.int64] | None) -> Floats:
    numbers: npt.NDArray[Any] = column.data.astype(np.int64) if _is_time(column) else column.data
    if by_rank is not None and _is_time(column):
        numbers = np.searchsorted(by_rank, numbers)
    return np.where(column.missing, np.nan, numbers).astype(np.float64)


def _is_time(column: Column) -> bool:
    return bool(column.data.dtype.kind == "M")


def _joined(columns: Sequence[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *(column.ravel() for column in columns)])


def _places(columns: Sequence[Floats]) -> npt.NDArray[np.int64]:
    starts = np.cumsum([0, *(column.size for column in columns)])
    steps = [
        (start, 0 if column.shape[0] == 1 else column.shape[1], 0 if column.shape[1] == 1 else 1)
        for start, column in zip(starts, columns, strict=False)
    ]
    return np.array(steps, dtype=np.int64).reshape(-1, 3)
