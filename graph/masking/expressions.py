"""Reading expressions: what each of them holds, from what its variables hold. Clauses: `graph.masking.reading`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from graph.errors import GraphRefused
from graph.masking.personal import key_of
from graph.reading_functions import FUNCTIONS
from graph.tokens import Token, refusal

_REMEDY: Final = (
    "Personal data is masked for your role: return people and their properties, count them with count(DISTINCT …), "
    "give every node a label, and ask saved questions for the rest; or let somebody with the role analyst ask."
)
_RESERVED: Final = frozenset(
    (
        *("MATCH", "OPTIONAL", "WHERE", "WITH", "UNWIND", "RETURN", "UNION", "CALL", "AS", "DISTINCT", "ORDER", "BY"),
        *("SKIP", "OFFSET", "LIMIT", "ASC", "ASCENDING", "DESC", "DESCENDING", "AND", "OR", "XOR", "NOT", "IN", "IS"),
        *("NULL", "STARTS", "ENDS", "CONTAINS", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "EXISTS"),
        *("COUNT", "COLLECT", "SHOW", "ALL", "ANY", "NONE", "SINGLE", "REDUCE", "YIELD", "USE", "INF", "NAN"),
    )
)
_SIGNS: Final = frozenset({"+", "-", "*", "/", "%", "^", "=", "<", ">"})
_LINKS: Final = frozenset({"AND", "OR", "XOR"})
_OF_THINGS: Final = frozenset({"=", "<>", *_LINKS, "IS NULL", ""})
"""Operators that may stand beside a node or relationship: whether two are the same says nothing about their values."""

_AGGREGATES: Final = frozenset(
    {"avg", "collect", "count", "max", "min", "percentilecont", "percentiledisc", "stdev", "stdevp", "sum"}
)
_NEVER: Final = frozenset(
    {"properties", "keys", "id", "elementid", "startnode", "endnode", "valuetype", "exists", "any", "all", "none"}
    | {"single", "reduce", "shortestpath", "allshortestpaths"}
)
_OF_MANY: Final = {"nodes": True, "relationships": True, "length": False, "size": False}
"""Functions of paths and lists, and whether they give such a list again."""


class Held(Enum):
    """What an expression holds."""

    OPEN = auto()
    """A value that no personal value had any influence on."""
    PERSONAL = auto()
    """A property of a person, or of something said about one, just as it is."""
    THING = auto()
    """A node or relationship whose properties are about nobody."""
    PERSON = auto()
    """A node or relationship whose properties may be about a person."""
    THINGS = auto()
    """A path, or a list of nodes or relationships of any kind."""


@dataclass(frozen=True)
class Variable:
    """What a variable holds.

    Attributes:
        held: This.
        labels: Of a node, any of which it may have; of a relationship its types.
        is_node: Whether it is a single node.
        may_be_missing: Whether it may be null, because its pattern is optional.
    """

    held: Held
    labels: frozenset[str] = frozenset()
    is_node: bool = False
    may_be_missing: bool = False


@dataclass(frozen=True)
class Value:
    """What an expression holds.

    Attributes:
        held: This.
        name: The name of the variable, when the expression is nothing else.
        variable: The variable.
        called: What the pseudonym of a person's key begins with; empty for what is no such key.
    """

    held: Held
    name: str | None = None
    variable: Variable | None = None
    called: str = ""

    def as_variable(self) -> Variable:
        """The variable that takes this value."""
        return self.variable or Variable(self.held)


OPEN: Final = Value(Held.OPEN)


class ExpressionReader:
    """Reads tokens from front to back; each method reads what it is named after or refuses."""

    def __init__(self, statement: str, tokens: tuple[Token, ...]) -> None:
        self._statement = statement
        self._tokens = tokens
        self._place = 0
        self.variables: Mapping[str, Variable] = {}
        self.has_aggregate = False

    # ---- tokens

    @property
    def token(self) -> Token | None:
        """The next token; None at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def refuse(self, why: str) -> GraphRefused:
        """The refusal of the next token."""
        token = self.token or Token("symbol", "the end", len(self._statement))
        return refusal(self._statement, token, why, _REMEDY)

    def is_at(self, text: str, ahead: int = 0) -> bool:
        """Whether this symbol or word of Cypher comes next."""
        place = self._place + ahead
        if place >= len(self._tokens):
            return False
        token = self._tokens[place]
        return token.kind in ("symbol", "word") and token.text.upper() == text

    def takes(self, text: str) -> bool:
        """Read this symbol or word if it comes next."""
        if not self.is_at(text):
            return False
        self._place += 1
        return True

    def expect(self, text: str) -> None:
        """Read this symbol or word."""
        if not self.takes(text):
            raise self.refuse(f"is not read for masking (it expects {text})")

    def is_name(self) -> bool:
        """Whether a name comes next that is no word of Cypher."""
        token = self.token
        return token is not None and (
            token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in _RESERVED)
        )

    def is_name_before(self, symbol: str) -> bool:
        """Whether a name and then this symbol come next."""
        return self.is_name() and self.is_at(symbol, ahead=1)

    def name(self) -> str:
        """Read the name of a variable."""
        if not self.is_name():
            raise self.refuse("is no name here")
        return self.label()

    def label(self) -> str:
        """Read a name where words of Cypher may be names, too: a label, a type, a property."""
        token = self.token
        if token is None or token.kind not in ("word", "quoted"):
            raise self.refuse("is no name here")
        self._place += 1
        return token.text[1:-1].replace("``", "`") if token.kind == "quoted" else token.text

    def takes_number(self) -> bool:
        """Read a number if one comes next."""
        if self.token is None or self.token.kind != "number":
            return False
        self._place += 1
        return True

    # ---- expressions

    def open_expression(self) -> None:
        """Read an expression that no personal value may have an influence on."""
        start = self._place
        if self.expression().held is not Held.OPEN:
            self._place = start
            raise self.refuse("begins what would compare, sort by or compute with personal values")

    def expression(self) -> Value:
        """Read an expression: operands with operators between them."""
        start = self._place
        before = ""
        operands: list[tuple[str, Value, str]] = []
        while True:
            is_signed = self._prefix()
            value = self._operand()
            after = self._operator()
            operands.append(("sign" if is_signed else before, value, after))
            if after in ("", "IS NULL") and not self._continues(after):
                break
            before = after
        if len(operands) == 1 and operands[0][0] == "" and operands[0][2] == "":
            return operands[0][1]
        for left, value, right in operands:
            is_compared = value.held in (Held.THING, Held.PERSON) and {left, right} <= _OF_THINGS
            if value.held is not Held.OPEN and not is_compared:
                self._place = start
                raise self.refuse("begins what would compare or compute with personal values")
        return OPEN

    def _prefix(self) -> bool:
        is_signed = False
        while True:
            if not any(self.takes(sign) for sign in ("+", "-", "NOT")):
                return is_signed
            is_signed = True

    def _operator(self) -> str:
        """Read the operator between two operands, or IS NULL behind one; empty when there is none."""
        for word in (*_LINKS, "IN", "CONTAINS"):
            if self.takes(word):
                return word
        for word in ("STARTS", "ENDS"):
            if self.takes(word):
                self.expect("WITH")
                return word
        if self.takes("IS"):
            self.takes("NOT")
            self.expect("NULL")
            return "IS NULL"
        return self._sign()

    def _sign(self) -> str:
        token = self.token
        if token is None or token.kind != "symbol" or token.text not in _SIGNS:
            return ""
        self._place += 1
        if token.text in "<>" and (self.is_at("=") or (token.text == "<" and self.is_at(">"))):
            second = self._tokens[self._place].text
            self._place += 1
            return token.text + second
        return token.text

    def _continues(self, after: str) -> bool:
        """Whether AND, OR or XOR follows `IS NULL`."""
        return after == "IS NULL" and any(self.takes(word) for word in _LINKS)

    def _operand(self) -> Value:
        if self._literal():
            return OPEN
        if self.takes("("):
            inner = self.expression()
            self.expect(")")
            return Value(inner.held, None, inner.variable, inner.called)
        if self.takes("["):
            return self._list()
        if self.takes("CASE"):
            return self._case()
        return self._named()

    def _literal(self) -> bool:
        """Read a text, a number, true, false, null or a parameter if one comes next."""
        if self.takes("$"):
            self.label()
            return True
        if self.token is not None and self.token.kind in ("text", "number"):
            self._place += 1
            return True
        return any(self.takes(word) for word in ("TRUE", "FALSE", "NULL"))

    def _list(self) -> Value:
        if not self.takes("]"):
            self.open_expression()
            while self.takes(","):
                self.open_expression()
            self.expect("]")
        return OPEN

    def _case(self) -> Value:
        if not self.is_at("WHEN"):
            self.open_expression()
        while self.takes("WHEN"):
            self.open_expression()
            self.expect("THEN")
            self.open_expression()
        if self.takes("ELSE"):
            self.open_expression()
        self.expect("END")
        return OPEN

    def _named(self) -> Value:
        """A variable, a property of one, or a call."""
        token = self.token
        if token is not None and token.kind == "word" and self.is_at("(", ahead=1):
            return self._call(self.label().lower())
        if token is not None and token.kind == "word" and self.is_at(".", ahead=1) and self.is_at("(", ahead=3):
            space = self.label()
            self.expect(".")
            return self._call(f"{space}.{self.label()}".lower())
        start = self._place
        name = self.name()
        if name not in self.variables:
            self._place = start
            raise self.refuse("is nothing that the statement has matched")
        variable = self.variables[name]
        if not self.takes("."):
            return Value(variable.held, name, variable)
        return self._property(start, variable)

    def _property(self, start: int, variable: Variable) -> Value:
        wanted = self.label()
        if not wanted.isidentifier():
            raise self.refuse("follows a property that is none of the schema")
        if variable.held is Held.THING:
            return OPEN
        if variable.held is not Held.PERSON:
            self._place = start
            raise self.refuse("is no single node or relationship, so that what its property tells cannot be known")
        is_key = key_of(variable.labels) == wanted
        return Value(Held.PERSONAL, called=min(variable.labels).lower() if is_key else "")

    def _call(self, function: str) -> Value:
        start = self._place - 1
        self.expect("(")
        if function == "count" and self.takes("*"):
            self.expect(")")
            self.has_aggregate = True
            return OPEN
        self.has_aggregate |= function in _AGGREGATES
        if function in _AGGREGATES:
            self.takes("DISTINCT")
        values = [] if self.is_at(")") else [self.expression()]
        while self.takes(","):
            values.append(self.expression())
        self.expect(")")
        result = _result(function, values)
        if result is None:
            self._place = start
            raise self.refuse("could show or count personal values")
        return result


def _result(function: str, values: list[Value]) -> Value | None:
    """What a call gives; None when it could tell something personal."""
    held = {value.held for value in values}
    things = {Held.THING, Held.PERSON}
    if function not in FUNCTIONS or function in _NEVER or Held.PERSONAL in held:
        return None
    if function == "count" and len(values) == 1:
        return OPEN
    if function == "collect" and held & things:
        return Value(Held.THINGS)
    if function in ("labels", "type") and held <= things:
        return OPEN
    if function in _OF_MANY and held == {Held.THINGS}:
        return Value(Held.THINGS) if _OF_MANY[function] else OPEN
    return OPEN if held <= {Held.OPEN} else None
