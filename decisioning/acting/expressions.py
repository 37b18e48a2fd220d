"""Numbers and texts that rules state by what is known of a subject: expressions, templates with `{account.name}`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.columns import AttributeTable, Truths
from decisioning.policies.evaluate import holds
from decisioning.policies.expressions import (
    Arithmetic,
    Attribute,
    Comparison,
    Expression,
    Negative,
    Number,
    attribute_names,
)
from decisioning.policies.grammar import parse
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.typing_rules import type_problems

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
UNKNOWN: Final = "unknown"
_CALCULATE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def condition_names(text: str, attributes: Attributes, *, where: str) -> frozenset[str]:
    """The attributes that a condition names.

    Raises:
        PolicyError: It does not parse, names what is not declared, or mixes types.
    """
    condition = parse(text, where=where)
    for problem in type_problems(condition, attributes):
        raise PolicyError(problem.what, where=where, remedy=problem.remedy, column=problem.column)
    return attribute_names(condition)


def selected(text: str, table: AttributeTable, *, where: str) -> Truths:
    """Which rows a condition surely selects, shape (rows,); a missing value selects nobody.

    Raises:
        PolicyError: As `condition_names`.
    """
    condition_names(text, table.attributes, where=where)
    found = holds(negation_normal_form(parse(text, where=where)), table.column, unknown=False)
    return np.asarray(np.broadcast_to(found, (table.shape[0], 1))[:, 0], dtype=np.bool_)


def number_names(stated: str | float, attributes: Attributes, *, where: str) -> frozenset[str]:
    """The attributes that an expression for a number names.

    Raises:
        PolicyError: It does not parse, names what is not declared, or is no number.
    """
    return attribute_names(_number(stated, attributes, where))


def numbers(stated: str | float, table: AttributeTable, *, where: str) -> Floats:
    """The value of an expression for every row, shape (rows,); NaN where something it needs is missing.

    Raises:
        PolicyError: As `number_names`.
    """
    with np.errstate(all="ignore"):
        found = _value(_number(stated, table.attributes, where), table)
    values = np.broadcast_to(np.asarray(found, dtype=np.float64), (table.shape[0],)).copy()
    values[~np.isfinite(values)] = np.nan
    return values


def template_names(text: str, attributes: Attributes, *, where: str) -> frozenset[str]:
    """The attributes that a template names.

    Raises:
        PolicyError: One is not declared, or a brace stands alone.
    """
    names = frozenset(PLACE.findall(text))
    for name in sorted(names):
        if name not in attributes.declared:
            nearest = ", ".join(attributes.nearest(name))
            remedy = f"Nearest known: {nearest}." if nearest else "`warrant check` lists the attributes there are."
            raise PolicyError(f"there is no attribute `{name}`.", where=where, remedy=remedy)
    if "{" in PLACE.sub("", text) or "}" in PLACE.sub("", text):
        raise PolicyError(f"a brace of “{text}” names nothing.", where=where, remedy="Write e.g. {account.name}.")
    return names


def texts(template: str, columns: Mapping[str, "pd.Series[Any]"], rows: int, *, unknown: str | None) -> Texts:
    """A template for every row, shape (rows,).

    Args:
        template: With `{attribute}` where a value belongs.
        columns: The values by attribute.
        rows: How many.
        unknown: What stands for a value that is missing; None where the whole text is missing then.
    """
    parts = PLACE.split(template)  # text, name, text, …
    result = np.full(rows, parts[0], dtype=object)
    is_missing = np.zeros(rows, dtype=np.bool_)
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        values = columns[name]
        missing = values.isna().to_numpy(dtype=np.bool_)
        is_missing |= missing
        said = np.array([_said(value) for value in values], dtype=object)
        said[missing] = unknown or ""
        result = result + said + after
    if unknown is None:
        result[is_missing] = None
    return result


def _said(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        text = f"{float(value):,.2f}"
        return text.rstrip("0").rstrip(".")
    return str(value)


def _number(stated: str | float, attributes: Attributes, where: str) -> Expression:
    """The expression, parsed as one side of a comparison: the grammar reads conditions."""
    if not isinstance(stated, str):
        return Number(float(stated))
    try:
        compared = parse(f"0 <= {stated}", where=where)
        problem = next(type_problems(compared, attributes), None)
    except PolicyError as error:
        column = None if error.column is None else max(error.column - len("0 <= "), 1)
        raise PolicyError(error.what, where=where, remedy=error.remedy, column=column) from error
    if problem is not None:
        column = max(problem.column - len("0 <= "), 1)
        raise PolicyError(problem.what, where=where, remedy=problem.remedy, column=column)
    if not isinstance(compared, Comparison):
        raise PolicyError(f"`{stated}` is a condition; a number belongs here.", where=where, remedy="Write a value.")
    return compared.right


def _value(expression: Expression, table: AttributeTable) -> Floats | float:
    match expression:
        case Number(value):
            return value
        case Attribute(name):
            column = table.column(name)
            return np.where(column.missing, np.nan, column.data).astype(np.float64)[:, 0]
        case Negative(operand):
            return -_value(operand, table)
        case Arithmetic(operator, left, right):
            one, other = np.asarray(_value(left, table)), np.asarray(_value(right, table))
            return np.asarray(_CALCULATE[operator](one, other))
        case _:
            raise PolicyError("this is no number.", where="actions")
