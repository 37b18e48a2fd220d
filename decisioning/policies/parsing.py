"""The grammar itself and what makes expressions of it.

Imported when the first text is parsed, since lark takes a while to load.
"""

import re
from functools import cache

from lark import Lark, Token, Transformer, v_args

from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Between,
    Comparison,
    Condition,
    Expression,
    Literal,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Text,
    Truth,
    Value,
    flattened,
)

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: NOT negation -> negated
    | comparison
?comparison: sum
    | sum COMPARISON sum -> compared
    | sum IN choices -> one_of
    | sum NOT IN choices -> none_of
    | sum IN sum _TO sum -> within
    | sum NOT IN sum _TO sum -> outside
choices: "[" literal ("," literal)* "]"
?literal: NUMBER -> number
    | MINUS NUMBER -> negative_number
    | TEXT -> text
    | TRUE -> true
    | FALSE -> false
?sum: product
    | sum (PLUS | MINUS) product -> arithmetic
?product: signed
    | product (TIMES | OVER) signed -> arithmetic
?signed: MINUS signed -> negative
    | atom
?atom: NUMBER -> number
    | TEXT -> text
    | TRUE -> true
    | FALSE -> false
    | ATTRIBUTE -> attribute
    | "(" disjunction ")"

_OR: /or\b/
_AND: /and\b/
NOT: /not\b/
IN: /in\b/
TRUE: /true\b/
FALSE: /false\b/
COMPARISON: "<=" | ">=" | "==" | "!=" | "<" | ">"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
_TO: ".."
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![A-Za-z0-9_])/
TEXT: /"([^"\\\n]|\\.)*"|'([^'\\\n]|\\.)*'/
ATTRIBUTE.2: /cap\.[A-Za-z0-9_-]+\.reached\b|[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+/
%ignore /[ \t\r\n]+/
"""


def _place(token: Token) -> int:
    return (token.start_pos or 0) + 1


@v_args(inline=True)
class _Builder(Transformer[Token, Expression]):
    """Makes the expressions while the text is read, so that no depth of nesting can exhaust the stack."""

    def number(self, token: Token) -> Expression:
        return Number(float(token), _place(token))

    def negative_number(self, sign: Token, token: Token) -> Expression:
        return Number(-float(token), _place(sign))

    def text(self, token: Token) -> Expression:
        return Text(re.sub(r"\\(.)", r"\1", token[1:-1]), _place(token))

    def true(self, token: Token) -> Expression:
        return Truth(value=True, column=_place(token))

    def false(self, token: Token) -> Expression:
        return Truth(value=False, column=_place(token))

    def attribute(self, token: Token) -> Expression:
        return Attribute(str(token), _place(token))

    def negative(self, sign: Token, operand: Value) -> Expression:
        if isinstance(operand, Number):
            return Number(-operand.value, _place(sign))
        return Negative(operand, _place(sign))

    def arithmetic(self, left: Value, operator: Token, right: Value) -> Expression:
        return Arithmetic(str(operator), left, right, _place(operator))

    def compared(self, left: Value, operator: Token, right: Value) -> Expression:
        return Comparison(str(operator), left, right, _place(operator))

    def choices(self, *choices: Literal) -> tuple[Literal, ...]:
        return choices

    def one_of(self, operand: Value, word: Token, choices: tuple[Literal, ...]) -> Expression:
        return Membership(operand, choices, _place(word))

    def none_of(self, operand: Value, word: Token, _in: Token, choices: tuple[Literal, ...]) -> Expression:
        return Not(Membership(operand, choices, _place(word)), _place(word))

    def within(self, operand: Value, word: Token, low: Value, high: Value) -> Expression:
        return Between(operand, low, high, _place(word))

    def outside(self, operand: Value, word: Token, _in: Token, low: Value, high: Value) -> Expression:
        return Not(Between(operand, low, high, _place(word)), _place(word))

    def negated(self, word: Token, operand: Condition) -> Expression:
        return Not(operand, _place(word))

    def conjunction(self, *parts: Condition) -> Expression:
        return And(flattened(And, parts), parts[0].column)

    def disjunction(self, *parts: Condition) -> Expression:
        return Or(flattened(Or, parts), parts[0].column)


@cache
def parser() -> Lark:
    """The parser, made once: it is the same for every text."""
    return Lark(GRAMMAR, parser="lalr", transformer=_Builder())
