r"""Which statements of people only read: decided by their words, because a server cannot be asked.

The embedded server writes in a session for reading and calls every statement a write when explained; Neo4j lets a
session for reading load files. So a statement is cut into tokens, and refused as soon as one of them could write.
Texts, quoted names and comments are not words. A name that looks like a writing word is taken for a name only where
a clause cannot stand: after `:`, `$` or the dot of a property, and as the key of a map. Anything doubtful is refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graph.errors import GraphRefused

ALLOWED_PROCEDURES: Final = frozenset({"db.labels", "db.relationshiptypes", "db.propertykeys"})

_STARTS: Final = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL", "SHOW"})
_SHOWN: Final = frozenset({"INDEX", "INDEXES", "CONSTRAINT", "CONSTRAINTS"})
_NEVER: Final = frozenset(
    (
        *("CREATE", "INSERT", "MERGE", "SET", "DELETE", "DETACH", "NODETACH", "REMOVE", "FOREACH", "LOAD", "USE"),
        *("DROP", "ALTER", "RENAME", "GRANT", "REVOKE", "DENY", "DEFINE", "TRUNCATE", "IMPORT", "EXPORT"),
        *("TRANSACTIONS", "PERIODIC", "TERMINATE"),
    )
)

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
_PROPERTY_OWNER_END: Final = frozenset(")]}{,")


@dataclass(frozen=True)
class _Token:
    kind: str  # text, quoted, number, word or symbol: the groups of _TOKEN
    text: str
    position: int

    @property
    def end(self) -> int:
        return self.position + len(self.text)

    def is_symbol(self, symbols: str) -> bool:
        return self.kind == "symbol" and self.text in symbols


def refuse_writes(statement: str) -> None:
    """Let a statement pass that only reads.

    Raises:
        GraphRefused: When it could write, call a procedure outside the allow-list, load a file, or hold several
            statements; the message names the word and its place.
    """
    tokens = tuple(_tokens(statement))
    if tokens and tokens[-1].is_symbol(";"):
        tokens = tokens[:-1]
    _check_start(statement, tokens)
    for index, token in enumerate(tokens):
        if token.is_symbol(";"):
            raise _refusal(statement, token, "starts a second statement", "Ask one question at a time.")
        if token.kind == "word" and not _is_name(tokens, index):
            _check_word(statement, tokens, index)


def _tokens(statement: str) -> Iterator[_Token]:
    r"""Cut the statement into tokens without spaces and comments.

    Raises:
        GraphRefused: Where servers may cut differently: `\u` escapes, which Neo4j resolves before it cuts; marks
            that are not closed; characters without a shape; numbers that run into a word.
    """
    escape = re.search(r"\\[uU]", statement)
    if escape:
        token = _Token("symbol", escape.group(), escape.start())
        raise _refusal(statement, token, "may hide a word", "Write the character itself, or pass it as a $parameter.")
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup
        if kind == "comment":
            _check_comment(statement, match)
        elif kind is not None and kind != "space":
            token = _Token(kind, match.group(), match.start())
            _check_shape(statement, token)
            yield token


def _check_comment(statement: str, comment: re.Match[str]) -> None:
    is_line = comment.group().startswith("//")
    ends_doubtfully = statement[comment.end() :].startswith("\r") and not statement[comment.end() :].startswith("\r\n")
    if is_line and (ends_doubtfully or _DOUBTFUL_LINE_END.search(comment.group())):
        token = _Token("symbol", "//", comment.start())
        raise _refusal(statement, token, "is a comment with an unusual end of line", "End the line with a newline.")


def _check_shape(statement: str, token: _Token) -> None:
    if token.kind == "symbol":
        if token.text in "'\"`":
            raise _refusal(statement, token, "is not closed", "Close the quotation.")
        if token.text == "/" and statement.startswith("/*", token.position):
            raise _refusal(statement, token, "starts a comment that is not closed", "Close it with */.")
        if token.text == "\\" or unicodedata.category(token.text).startswith("C"):
            raise _refusal(statement, token, "is no character of a question", "Remove it, or put it into a text.")
    if token.kind == "number" and re.match(r"\w", statement[token.end : token.end + 1]):
        raise _refusal(statement, token, "runs into a word", "Put a space after the number.")
    if token.kind == "word" and not token.text.isidentifier():
        raise _refusal(statement, token, "is an unusual name", f"If it is one, quote it: `{token.text}`.")


def _check_start(statement: str, tokens: Sequence[_Token]) -> None:
    if not tokens:
        raise GraphRefused("There is no question.", where="the statement", remedy="Write one, such as MATCH … RETURN.")
    first = tokens[0]
    if first.text.upper() not in _STARTS:
        starts = ", ".join(sorted(_STARTS))
        raise _refusal(statement, first, "does not start a question", f"Questions start with one of {starts}.")
    is_show = first.text.upper() == "SHOW"
    if is_show and not (len(tokens) > 1 and tokens[1].text.upper() in _SHOWN):
        raise _refusal(statement, first, "may show INDEXES and CONSTRAINTS only", "Ask with MATCH … RETURN.")


def _check_word(statement: str, tokens: Sequence[_Token], index: int) -> None:
    token = tokens[index]
    spellings = _spellings(token.text)
    if spellings & _NEVER:
        raise _refusal(
            statement,
            token,
            "could write, and questions only read",
            f"Ask with MATCH … RETURN. If it is a name here, quote it: `{token.text}`.",
        )
    if "CALL" in spellings:
        _check_call(statement, tokens, index)


def _check_call(statement: str, tokens: Sequence[_Token], index: int) -> None:
    """Allow subqueries, whose words are checked like any others, and procedures of the allow-list."""
    called = tokens[index + 1 :]
    if called and called[0].is_symbol("{("):
        return
    name = ""
    for position, part in enumerate(called):
        is_dot = part.is_symbol(".")
        if (position % 2 == 0 and part.kind == "word") or (position % 2 == 1 and is_dot):
            name += part.text
        else:
            break
    if name.lower() not in ALLOWED_PROCEDURES:
        raise _refusal(
            statement,
            tokens[index],
            f"calls `{name or (called[0].text if called else '')}`, which is not known to only read",
            "Call db.labels, db.relationshipTypes or db.propertyKeys, or ask with MATCH … RETURN.",
        )


def _is_name(tokens: Sequence[_Token], index: int) -> bool:
    """Whether the word stands where only a name can: a label, a property, a parameter, or the key of a map."""
    if index == 0:
        return False
    token, previous = tokens[index], tokens[index - 1]
    if previous.is_symbol(":"):
        return True
    if previous.is_symbol("$"):
        return previous.end == token.position
    if previous.is_symbol(".") and index > 1:
        owner = tokens[index - 2]
        return owner.kind in ("word", "quoted") or (owner.kind == "symbol" and owner.text in _PROPERTY_OWNER_END)
    is_key = index + 1 < len(tokens) and tokens[index + 1].is_symbol(":")
    return is_key and previous.is_symbol("{,")


def _spellings(word: str) -> set[str]:
    """What a server could read the word as, whichever way it ignores case: to some, a long s is an S."""
    composed = unicodedata.normalize("NFKC", word)
    spellings = {word.upper(), composed.upper(), composed.casefold().upper(), composed.lower().upper()}
    stripped = "".join(
        letter for letter in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(letter)
    )
    return spellings | {stripped.upper(), stripped.casefold().upper()}


def _refusal(statement: str, token: _Token, why: str, remedy: str) -> GraphRefused:
    line = statement.count("\n", 0, token.position) + 1
    column = token.position - (statement.rfind("\n", 0, token.position) + 1) + 1
    return GraphRefused(f"`{token.text}` {why}.", where=f"line {line}, column {column}", remedy=remedy)
