"""Reading a person's Cypher so far that it is known which columns are about people; what cannot be known is refused.

A small part of Cypher is read: MATCH, OPTIONAL MATCH, UNWIND, WITH, RETURN, and expressions without maps, subqueries,
comprehensions and access by position. Within it every variable is known by the label or type of its pattern, and every
expression by its variables. Whatever is not read is refused, so that nothing gets past by being clever.
"""

from dataclasses import dataclass
from typing import Final

from graph.masking.answer import Shown
from graph.masking.expressions import ExpressionReader, Held, Value, Variable
from graph.masking.personal import OPEN_LABELS, OPEN_TYPES
from graph.read_only import without_semicolon
from graph.tokens import tokens_of

_THINGS: Final = Variable(Held.THINGS)


@dataclass(frozen=True)
class _Item:
    """Something that is returned or handed on: its name, if it has one, and what it holds."""

    name: str | None
    value: Value


def masked_columns(statement: str) -> list[Shown]:
    """How each column of a statement's answer is shown to somebody who may not see personal data.

    Args:
        statement: Cypher that has passed `graph.read_only`.

    Raises:
        GraphRefused: Something in it could show, compare, sort by, group by or count a personal value.
    """
    return _StatementReader(without_semicolon(statement)).columns()


class _StatementReader(ExpressionReader):
    """Reads one statement from front to back, keeping what each variable holds."""

    def __init__(self, statement: str) -> None:
        super().__init__(statement, tuple(tokens_of(statement)))
        self._is_optional = False

    def columns(self) -> list[Shown]:
        while not self.takes("RETURN"):
            self._clause()
        items = self._items()
        if self.token is not None:
            raise self.refuse("is not read for masking")
        return [_shown(item.value) for item in items]

    def _clause(self) -> None:
        if self.takes("OPTIONAL"):
            self.expect("MATCH")
            self._match(is_optional=True)
        elif self.takes("MATCH"):
            self._match(is_optional=False)
        elif self.takes("UNWIND"):
            self._unwind()
        elif self.takes("WITH"):
            self._with()
        else:
            raise self.refuse("is not read for masking")

    def _match(self, *, is_optional: bool) -> None:
        self._is_optional = is_optional
        self._path()
        while self.takes(","):
            self._path()
        if self.takes("WHERE"):
            self.open_expression()

    def _unwind(self) -> None:
        self.open_expression()
        self.expect("AS")
        self._names(self.name(), Variable(Held.OPEN))

    def _with(self) -> None:
        items = self._items(is_handed_on=True)
        if self.takes("WHERE"):
            self.open_expression()
        if any(item.value.held is Held.PERSONAL for item in items):
            raise self.refuse("comes after what would hand on a personal value")

    def _items(self, *, is_handed_on: bool = False) -> list[_Item]:
        """The items after WITH or RETURN, and how they are sorted and cut."""
        is_distinct = self.takes("DISTINCT")
        self.has_aggregate = False
        items = [self._item(is_handed_on=is_handed_on)]
        while self.takes(","):
            items.append(self._item(is_handed_on=is_handed_on))
        named = {item.name: item.value.as_variable() for item in items if item.name is not None}
        self.variables = named if is_handed_on else {**self.variables, **named}
        if self.takes("ORDER"):
            self.expect("BY")
            self._sorted_by()
            while self.takes(","):
                self._sorted_by()
        for word in ("SKIP", "OFFSET", "LIMIT"):
            if self.takes(word):
                self.open_expression()
        if (is_distinct or self.has_aggregate) and any(item.value.held is Held.PERSONAL for item in items):
            raise self.refuse("comes after what would group by a personal value")
        return items

    def _sorted_by(self) -> None:
        self.open_expression()
        for word in ("ASC", "ASCENDING", "DESC", "DESCENDING"):
            if self.takes(word):
                return

    def _item(self, *, is_handed_on: bool) -> _Item:
        value = self.expression()
        if self.takes("AS"):
            name = self.name()
            if name in self.variables and name != value.name:
                raise self.refuse("comes after a name that something else has already")
            return _Item(name, value)
        if is_handed_on and value.name is None:
            raise self.refuse("needs a name (AS …)")
        return _Item(value.name, value)

    def _names(self, name: str, variable: Variable) -> None:
        """Give something new a name; one that is taken could mean either, depending on the server."""
        if name in self.variables:
            raise self.refuse("comes after a name that something else has already")
        self.variables = {**self.variables, name: variable}

    # ---- patterns

    def _path(self) -> None:
        if self.is_name_before("="):
            path = self.name()
            self.expect("=")
            self._names(path, _THINGS)
        self._node()
        while self.is_at("-") or self.is_at("<"):
            self._link()
            self._node()

    def _node(self) -> None:
        self.expect("(")
        name = self.name() if self.is_name() else None
        labels = self._alternatives()
        held = Held.THING if labels and labels <= OPEN_LABELS else Held.PERSON
        variable = Variable(held, labels, is_node=True, may_be_missing=self._is_optional)
        if name and (known := self.variables.get(name)):
            self._check_again(known, labels)
            variable = known
        elif name:
            self._names(name, variable)
        self._filter(variable)
        self.expect(")")

    def _check_again(self, known: Variable, labels: frozenset[str]) -> None:
        """Whether a node that is named again is sure to be the same: one that is missing could become any other."""
        is_same = labels == known.labels or (not labels and not known.may_be_missing)
        if not known.is_node or not is_same:
            raise self.refuse("comes after a node that needs the label it had before")

    def _link(self) -> None:
        self.takes("<")
        self.expect("-")
        if self.takes("["):
            name = self.name() if self.is_name() else None
            types = self._alternatives()
            variable = Variable(Held.THING if types and types <= OPEN_TYPES else Held.PERSON, types)
            if self.takes("*"):
                self._repeated()
                held = _THINGS
            else:
                held = variable
            if name:
                self._names(name, held)
            self._filter(variable)
            self.expect("]")
        self.expect("-")
        self.takes(">")

    def _repeated(self) -> None:
        self.takes_number()
        if self.takes("."):
            self.expect(".")
            self.takes_number()

    def _alternatives(self) -> frozenset[str]:
        """Labels or types after a colon, any of which may hold; empty when there are none."""
        if not self.takes(":"):
            return frozenset()
        found = {self.label()}
        while self.takes("|"):
            self.takes(":")
            found.add(self.label())
        return frozenset(found)

    def _filter(self, variable: Variable) -> None:
        """The map of a pattern, which compares properties."""
        if not self.is_at("{"):
            return
        if variable.held is not Held.THING:
            raise self.refuse("would compare personal values")
        self.expect("{")
        while True:
            self.label()
            self.expect(":")
            self.open_expression()
            if not self.takes(","):
                break
        self.expect("}")


def _shown(value: Value) -> Shown:
    if value.held is Held.OPEN:
        return Shown("as it is")
    if value.held is not Held.PERSONAL:
        return Shown("things")
    return Shown("pseudonym", value.called) if value.called else Shown("mask")
