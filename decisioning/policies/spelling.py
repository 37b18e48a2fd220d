"""How an expression is written down: one canonical spelling, with no more parentheses than it needs."""

from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Between,
    Comparison,
    Expression,
    Literal,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Text,
    Truth,
)

# How tightly each kind holds its parts together; what is looser stands in parentheses.
_BINDING = {Or: 1, And: 2, Not: 3, Comparison: 4, Membership: 4, Between: 4, Negative: 7}
_BINDING_OF_OPERATOR = {"+": 5, "-": 5, "*": 6, "/": 6}
_SUM = 5
_TIGHTEST = 8

_LARGEST_EXACT_INTEGER = 1e15


def to_text(expression: Expression) -> str:
    """The expression in its canonical spelling; parsing it gives the same expression again."""
    match expression:
        case Number() | Text() | Truth():
            text = _literal(expression)
        case Attribute(name):
            text = name
        case Negative(operand):
            text = "-" + _inside(operand, _BINDING[Negative])
        case Arithmetic(operator, left, right):
            level = _BINDING_OF_OPERATOR[operator]
            text = f"{_inside(left, level)} {operator} {_inside(right, level + 1)}"
        case Comparison(operator, left, right):
            text = f"{_inside(left, _SUM)} {operator} {_inside(right, _SUM)}"
        case Membership() | Between():
            text = _membership(expression, "in")
        case Not(operand):
            text = (
                _membership(operand, "not in")
                if isinstance(operand, Membership | Between)
                else f"not {_inside(operand, _BINDING[Not])}"
            )
        case And(parts):
            text = " and ".join(_inside(part, _BINDING[Not]) for part in parts)
        case Or(parts):
            text = " or ".join(_inside(part, _BINDING[And]) for part in parts)
    return text


def _literal(literal: Literal) -> str:
    match literal:
        case Number(value):
            is_exact = value.is_integer() and abs(value) < _LARGEST_EXACT_INTEGER
            return str(int(value)) if is_exact else repr(value)
        case Text(value):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Truth(value):
            return "true" if value else "false"


def _membership(expression: Membership | Between, word: str) -> str:
    if isinstance(expression, Membership):
        choices = ", ".join(_literal(choice) for choice in expression.choices)
        return f"{_inside(expression.operand, _SUM)} {word} [{choices}]"
    return (
        f"{_inside(expression.operand, _SUM)} {word} {_inside(expression.low, _SUM)}..{_inside(expression.high, _SUM)}"
    )


def _inside(expression: Expression, at_least: int) -> str:
    """The text, in parentheses when it binds less tightly than what stands around it."""
    text = to_text(expression)
    return text if _binding(expression) >= at_least else f"({text})"


def _binding(expression: Expression) -> int:
    if isinstance(expression, Arithmetic):
        return _BINDING_OF_OPERATOR[expression.operator]
    if isinstance(expression, Not) and isinstance(expression.operand, Membership | Between):
        return _BINDING[Membership]
    return _BINDING.get(type(expression), _TIGHTEST)
