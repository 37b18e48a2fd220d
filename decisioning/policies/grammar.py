"""The grammar of policies and audiences: text in, expression out. Nothing else parses.

There are no calls, no assignments, no indexing and no names without a namespace, so that a text can neither run
anything nor reach anything but declared attributes.
"""

import math
import re
from typing import TYPE_CHECKING

from decisioning.errors import PolicyError
from decisioning.policies.expressions import (
    And,
    Condition,
    Expression,
    Not,
    Number,
    Or,
    children,
    depth,
    is_condition,
    is_value,
    walk,
)
from decisioning.policies.spelling import to_text

if TYPE_CHECKING:
    from lark import UnexpectedInput

LONGEST_TEXT = 4_000
DEEPEST_NESTING = 64

# What the parser may expect, in a person's words; the first line whose terminals are all expected speaks for them.
_IN_WORDS = {
    ("TRUE", "FALSE", "MINUS", "NUMBER", "TEXT", "ATTRIBUTE"): (
        "a value (a number, a text in quotes, true, false or an attribute such as customer.pclv)"
    ),
    ("TRUE", "FALSE", "MINUS", "NUMBER", "TEXT"): "a number, a text in quotes, true or false",
    ("PLUS", "MINUS", "TIMES", "OVER"): "+ - * /",
    ("PLUS", "MINUS"): "+ -",
    ("COMPARISON",): "a comparison (< <= > >= == !=)",
    ("NOT", "IN"): "in, not in",
    ("NOT",): "not",
    ("IN",): "in",
    ("_AND",): "and",
    ("_OR",): "or",
    ("_TO",): "..",
    ("LPAR",): "(",
    ("RPAR",): ")",
    ("LSQB",): "[",
    ("RSQB",): "]",
    ("COMMA",): "a comma",
    ("NUMBER",): "a number",
    ("$END",): "the end",
}

_SPELLINGS = {
    "=": "Write == to compare.",
    "&": "Write and.",
    "|": "Write or.",
    "!": "Write not, or != to compare.",
    "%": "Write the number of per cent alone, e.g. 10.",
    "<": "A comparison stands between two values; join two comparisons with and.",
    ">": "A comparison stands between two values; join two comparisons with and.",
    '"': "The quote is not closed.",
    "'": "The quote is not closed.",
}


def parse(text: str, *, where: str = "") -> Condition:
    """Read a condition.

    Args:
        text: What a person wrote.
        where: `file:line`, for errors.

    Raises:
        PolicyError: It is no condition of this grammar; `column` says where, `remedy` what was expected there.
    """
    from lark import UnexpectedInput

    from decisioning.policies.parsing import parser

    if not text.strip():
        raise PolicyError(
            "the expression is empty.", where=where, remedy="Write a condition, or leave it out.", column=1
        )
    if len(text) > LONGEST_TEXT:
        raise PolicyError(
            f"the expression is {len(text):,} characters long; {LONGEST_TEXT:,} is the most.",
            where=where,
            remedy="Write several policies.",
            column=LONGEST_TEXT + 1,
        )
    try:
        expression: Expression = parser().parse(text)  # type: ignore[assignment] # the builder returns expressions
    except UnexpectedInput as error:
        raise _explained(error, text, where) from error
    if depth(expression) > DEEPEST_NESTING:
        raise PolicyError(
            f"the expression nests deeper than {DEEPEST_NESTING} levels.",
            where=where,
            remedy="Write several policies.",
            column=1,
        )
    _insist_on_kinds(expression, where)
    return expression  # type: ignore[return-value] # insisted on in the line above


def _insist_on_kinds(expression: Expression, where: str) -> None:
    """Refuse a value where a condition belongs, a condition where a value belongs, and a number without an end."""
    if not is_condition(expression):
        raise _misplaced(expression, "is a value; a condition belongs here.", "Compare it, e.g. with > or ==.", where)
    for node in walk(expression):
        if isinstance(node, Number) and not math.isfinite(node.value):
            raise _misplaced(node, "is too large a number.", "Write a number below 1e308.", where)
        for part in children(node):
            if isinstance(node, And | Or | Not):
                if not is_condition(part):
                    raise _misplaced(
                        part, "is a value; a condition belongs here.", "Compare it, e.g. with > or ==.", where
                    )
            elif not is_value(part):
                raise _misplaced(
                    part, "is a condition; a value belongs here.", "Join conditions with and, or, not.", where
                )


def _misplaced(expression: Expression, what: str, remedy: str, where: str) -> PolicyError:
    column = expression.column
    return PolicyError(f"`{to_text(expression)}` {what}", where=where, remedy=remedy, column=column)


def _explained(error: "UnexpectedInput", text: str, where: str) -> PolicyError:
    """What the parser found, in a person's words."""
    from lark import UnexpectedCharacters, UnexpectedToken

    expected: set[str] = set()
    offset, found = len(text), "the end"
    if isinstance(error, UnexpectedToken):
        expected = set(error.expected)
        if error.token.type != "$END":
            offset, found = error.token.start_pos or 0, f"`{error.token}`"
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
        offset = error.pos_in_stream or 0
        word = re.match(r"[A-Za-z_][\w.]*|.", text[offset:], re.DOTALL)
        found = f"`{word.group() if word else ''}`"
    return PolicyError(
        f"{found} does not belong here; expected {_listed(expected)}.",
        where=where,
        remedy=_remedy(found.strip("`")),
        column=offset + 1,
    )


def _listed(expected: set[str]) -> str:
    words: list[str] = []
    left = set(expected)
    for terminals, phrase in _IN_WORDS.items():
        if left.issuperset(terminals):
            words.append(phrase)
            left.difference_update(terminals)
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _remedy(found: str) -> str:
    if found[:1] in _SPELLINGS:
        return _SPELLINGS[found[:1]]
    if re.fullmatch(r"[a-z][a-z0-9_]*", found) and found not in {"and", "or", "not", "in", "true", "false"}:
        return f'An attribute has a namespace, e.g. customer.{found}; a text stands in quotes, e.g. "{found}".'
    return ""
