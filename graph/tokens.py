r"""Cypher cut into tokens the way both servers cut it; where they could differ, nobody gets an answer.

Used to decide what a person's statement may do (`graph.read_only`), and to name the columns of an answer.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from graph.errors import GraphRefused

_TOKEN: Final = re.compile(
    r"""
      (?P<space>   \s+ )
    | (?P<comment> //[^\n\r]* | /\*.*?\*/ )
    | (?P<text>    '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" )
    | (?P<quoted>  `(?:[^`]|``)*` )
    | (?P<number>  0[xX][0-9a-fA-F]+ | 0[oO]?[0-7]+ | \d+(?:\.\d+)?(?:[eE][+-]?\d+)? )
    | (?P<word>    [^\W\d]\w* )
    | (?P<symbol>  . )
    """,
    re.VERBOSE | re.DOTALL,
)

# Servers disagree, or may disagree, on whether one of these ends the line of a comment.
_DOUBTFUL_LINE_END: Final = re.compile(r"[\v\f\x1c-\x1f\x85\u2028\u2029]")

_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_AS: Final = frozenset({"AS"})
_DISTINCT: Final = frozenset({"DISTINCT"})
_RETURN: Final = frozenset({"RETURN"})
_AFTER_RETURN: Final = frozenset({"ORDER", "SKIP", "OFFSET", "LIMIT", "UNION"})


@dataclass(frozen=True)
class Token:
    """A piece of a statement: a text, a quoted name, a number, a word or a symbol.

    Attributes:
        kind: One of these, as the groups of the pattern are called.
        text: As it stands in the statement.
        position: Of its first character.
    """

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """Position after its last character."""
        return self.position + len(self.text)

    def is_symbol(self, symbols: str) -> bool:
        """Whether it is one of these symbols."""
        return self.kind == "symbol" and self.text in symbols

    def is_word(self, words: frozenset[str]) -> bool:
        """Whether it is one of these words, given in capitals."""
        return self.kind == "word" and self.text.upper() in words


def tokens_of(statement: str) -> Iterator[Token]:
    r"""Cut the statement into tokens without spaces and comments.

    Raises:
        GraphRefused: Where servers may cut differently: `\u` escapes, which Neo4j resolves before it cuts; marks
            that are not closed; characters without a shape; numbers that run into a word.
    """
    escape = re.search(r"\\[uU]", statement)
    if escape:
        token = Token("symbol", escape.group(), escape.start())
        raise refusal(statement, token, "may hide a word", "Write the character itself, or pass it as a $parameter.")
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup
        if kind == "comment":
            _check_comment(statement, match)
        elif kind is not None and kind != "space":
            token = Token(kind, match.group(), match.start())
            _check_shape(statement, token)
            yield token


def _check_comment(statement: str, comment: re.Match[str]) -> None:
    is_line = comment.group().startswith("//")
    ends_doubtfully = statement[comment.end() :].startswith("\r") and not statement[comment.end() :].startswith("\r\n")
    if is_line and (ends_doubtfully or _DOUBTFUL_LINE_END.search(comment.group())):
        token = Token("symbol", "//", comment.start())
        raise refusal(statement, token, "is a comment with an unusual end of line", "End the line with a newline.")


def _check_shape(statement: str, token: Token) -> None:
    if token.kind == "symbol":
        if token.text in "'\"`":
            raise refusal(statement, token, "is not closed", "Close the quotation.")
        if token.text == "/" and statement.startswith("/*", token.position):
            raise refusal(statement, token, "starts a comment that is not closed", "Close it with */.")
        if token.text == "\\" or unicodedata.category(token.text)[0] in "CM":  # a mark would split a word in two
            raise refusal(statement, token, "is no character of a question", "Remove it, or put it into a text.")
    if token.kind == "number" and re.match(r"\w", statement[token.end : token.end + 1]):
        raise refusal(statement, token, "runs into a word", "Put a space after the number.")
    if token.kind == "word" and not token.text.isidentifier():
        raise refusal(statement, token, "is an unusual name", f"If it is one, quote it: `{token.text}`.")


def returned_names(statement: str) -> list[str]:
    """What the columns of a statement are called, for the server that names them only when there are rows.

    >>> returned_names("MATCH (c)-->(t) RETURN t.id AS topic, collect(c.id) AS `all`, count(*) ORDER BY topic")
    ['topic', 'all', 'count(*)']
    """
    items: list[list[Token]] = []
    depth = 0
    is_open = False
    for previous, token in pairwise(chain([Token("symbol", ";", 0)], tokens_of(statement))):
        is_clause = not (previous.is_symbol(".:$") or previous.is_word(_AS))
        depth += token.is_symbol(_OPENING) - token.is_symbol(_CLOSING)
        if depth == 0 and is_clause and token.is_word(_RETURN):
            items, is_open = [[]], True
        elif depth == 0 and is_clause and (token.is_word(_AFTER_RETURN) or token.is_symbol(";")):
            is_open = False
        elif is_open and depth == 0 and token.is_symbol(","):
            items.append([])
        elif is_open and (items[-1] or not token.is_word(_DISTINCT)):
            items[-1].append(token)
    return [_name(statement, item) for item in items if item and not item[0].is_symbol("*")]


def parameters_of(statement: str) -> frozenset[str]:
    """The names of the `$parameters` that a statement uses.

    >>> sorted(parameters_of("MATCH (c {id: $customer}) WHERE c.at < $`as_of` RETURN '$no', c"))
    ['as_of', 'customer']
    """
    pairs = pairwise(tokens_of(statement))
    return frozenset(_unquoted(name) for dollar, name in pairs if dollar.is_symbol("$"))


def _unquoted(token: Token) -> str:
    return token.text[1:-1].replace("``", "`") if token.kind == "quoted" else token.text


def _name(statement: str, item: Sequence[Token]) -> str:
    if len(item) > 2 and item[-2].is_word(_AS):  # noqa: PLR2004  (an expression, AS, a name)
        return _unquoted(item[-1])
    return statement[item[0].position : item[-1].end]


def refusal(statement: str, token: Token, why: str, remedy: str) -> GraphRefused:
    """What is refused, with the word and its place."""
    line = statement.count("\n", 0, token.position) + 1
    column = token.position - (statement.rfind("\n", 0, token.position) + 1) + 1
    return GraphRefused(f"`{token.text}` {why}.", where=f"line {line}, column {column}", remedy=remedy)
