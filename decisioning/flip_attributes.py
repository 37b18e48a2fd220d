"""What is known of a customer and read by a policy, an audience or an order of messages, on the other side of its line.

A policy compares an attribute with a number, a text or a truth. The other side of that line is the nearest value at
which the comparison turns: 500 for `customer.pclv < 500`, the next number beyond it where the line
itself does not turn it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from decisioning.case import Case
from decisioning.case_changes import with_attribute
from decisioning.flip_facts import Change, Propose
from decisioning.policies.expressions import (
    Attribute,
    Between,
    Comparison,
    Expression,
    Membership,
    Number,
    Text,
    Truth,
    walk,
)
from decisioning.policies.grammar import parse
from decisioning.policies.rules import read_rule
from decisioning.weighing import Weighed

CUSTOMER = "customer."
NEXT = 0.01
"""How far beyond a line that is not to be reached: a hundredth, or one where whole numbers are counted."""
MOST = 6
Line = tuple[str, Any]


def attribute_changes(weighed: Weighed, propose_again: Propose | None) -> Iterator[Change]:
    """The nearest other value of every attribute that something reads, the smallest changes first, at most `MOST`."""
    case = weighed.case
    frame = case.view.customers.frame
    changes = [
        change
        for name, line in dict.fromkeys(_lines(case))
        if name in frame.columns
        for change in _across(case, name, frame[name].iloc[0], line, propose_again)
    ]
    yield from sorted(changes, key=lambda change: change.size)[:MOST]


def _lines(case: Case) -> Iterator[Line]:
    """Every attribute of customers with what it is compared with."""
    settings = case.settings
    for policy in settings.policies:
        rule = read_rule(policy)
        for condition in (rule.when, rule.expression):
            yield from _compared(condition)
    told = [
        *settings.audiences.values(),
        *(one.when for play in settings.plays for one in play.orders or () if one.when),
    ]
    for text in told:
        yield from _compared(parse(text))


def _compared(condition: Expression) -> Iterator[Line]:
    for node in walk(condition):
        match node:
            case Comparison(_, Attribute(name), Number(value) | Text(value) | Truth(value)):
                yield from _own(name, value)
            case Comparison(_, Number(value) | Text(value) | Truth(value), Attribute(name)):
                yield from _own(name, value)
            case Between(Attribute(name), Number(low), Number(high)):
                yield from _own(name, low)
                yield from _own(name, high)
            case Membership(Attribute(name), choices):
                for choice in choices:
                    yield from _own(name, choice.value)
            case Attribute(name):
                yield from _own(name, True)
            case _:
                pass


def _own(name: str, value: Any) -> Iterator[Line]:
    if name.startswith(CUSTOMER):
        yield name.removeprefix(CUSTOMER), value


def _across(case: Case, name: str, was: Any, line: Any, propose_again: Propose | None) -> Iterator[Change]:
    """The values across a line: of a number the line itself and the next one on its far side."""
    column = case.view.customers.frame[name]
    others: list[Any]
    if pd.api.types.is_bool_dtype(column) or isinstance(was, bool | np.bool_):
        others = [not was] if isinstance(line, bool) else []
        sizes = [1.0]
    elif pd.api.types.is_numeric_dtype(column):
        if isinstance(line, bool | str):
            return
        step = 1.0 if pd.api.types.is_integer_dtype(column) else NEXT
        number = np.nan if pd.isna(was) else float(was)
        beyond = line - step if number > line else line + step
        others = [value for value in (float(line), float(beyond)) if value != number]
        sizes = [abs(value - number) / abs(number) if number else 1.0 for value in others]
        sizes = [1.0 if np.isnan(size) else size for size in sizes]
    else:
        others = [line] if isinstance(line, str) and line != was else []
        sizes = [1.0]
    known = None if pd.isna(was) else was.item() if hasattr(was, "item") else was
    for value, size in zip(others, sizes, strict=False):
        changed = partial(_changed, case, name, value, propose_again)
        yield Change("attribute", name, known, value, size, changed)


def _changed(case: Case, name: str, value: Any, propose_again: Propose | None) -> Case:
    changed = with_attribute(case, name, value)
    return propose_again(changed) if propose_again is not None else changed
