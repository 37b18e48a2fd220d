r"""Which statements of people only read: decided by their words, because a server cannot be asked.

The embedded server writes in a session for reading and calls every statement a write when explained; Neo4j lets a
session for reading load files. So a statement is cut into tokens (`graph.tokens`), and refused as soon as one of them
could write. Texts, quoted names and comments are not words. A name that looks like a writing word is taken for a name
only where a clause cannot stand: after `:`, `$` or the dot of a property, and as the key of a map. Functions are those
of `graph.reading_functions` only, because an extension of the server may do anything. Whatever is doubtful is refused.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from graph.errors import GraphRefused
from graph.reading_functions import BEFORE_A_BRACKET, FUNCTIONS
from graph.tokens import Token, refusal, tokens_of

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

_CALL: Final = frozenset({"CALL"})
_PROPERTY_OWNER_END: Final = frozenset(")]}{,")


def refuse_writes(statement: str) -> None:
    """Let a statement pass that only reads.

    Raises:
        GraphRefused: When it could write, call a procedure outside the allow-list, load a file, or hold several
            statements; the message names the word and its place.
    """
    tokens = tuple(tokens_of(statement))
    if tokens and tokens[-1].is_symbol(";"):
        tokens = tokens[:-1]
    _check_start(statement, tokens)
    for index, token in enumerate(tokens):
        if token.is_symbol(";"):
            raise refusal(statement, token, "starts a second statement", "Ask one question at a time.")
        if token.kind == "word" and not _is_name(tokens, index):
            _check_word(statement, tokens, index)
        if token.is_symbol("("):
            _check_function(statement, tokens, index)


def without_semicolon(statement: str) -> str:
    """The same question without its closing semicolon, which not every server takes before a comment."""
    tokens = tuple(tokens_of(statement))
    if not (tokens and tokens[-1].is_symbol(";")):
        return statement
    return f"{statement[: tokens[-1].position]} {statement[tokens[-1].end :]}"


def _check_start(statement: str, tokens: Sequence[Token]) -> None:
    if not tokens:
        raise GraphRefused("There is no question.", where="the statement", remedy="Write one, such as MATCH … RETURN.")
    first = tokens[0]
    if first.text.upper() not in _STARTS:
        starts = ", ".join(sorted(_STARTS))
        raise refusal(statement, first, "does not start a question", f"Questions start with one of {starts}.")
    is_show = first.text.upper() == "SHOW"
    if is_show and not (len(tokens) > 1 and tokens[1].text.upper() in _SHOWN):
        raise refusal(statement, first, "may show INDEXES and CONSTRAINTS only", "Ask with MATCH … RETURN.")


def _check_word(statement: str, tokens: Sequence[Token], index: int) -> None:
    token = tokens[index]
    spellings = _spellings(token.text)
    if spellings & _NEVER:
        raise refusal(
            statement,
            token,
            "could write, and questions only read",
            f"Ask with MATCH … RETURN. If it is a name here, quote it: `{token.text}`.",
        )
    if "SHOW" in spellings and index > 0:
        raise refusal(statement, token, "may only start a question", f"If it is a name here, quote it: `{token.text}`.")
    if "CALL" in spellings:
        _check_call(statement, tokens, index)


def _check_call(statement: str, tokens: Sequence[Token], index: int) -> None:
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
        raise refusal(
            statement,
            tokens[index],
            f"calls `{name or (called[0].text if called else '')}`, which is not known to only read",
            "Call db.labels, db.relationshipTypes or db.propertyKeys, or ask with MATCH … RETURN.",
        )


def _check_function(statement: str, tokens: Sequence[Token], bracket: int) -> None:
    """Allow a bracket that starts a pattern or an expression, and calls of known functions and procedures."""
    first = bracket - 1
    if first < 0 or tokens[first].kind not in ("word", "quoted"):
        return
    while first > 1 and tokens[first - 1].is_symbol(".") and tokens[first - 2].kind in ("word", "quoted"):
        first -= 2
    called = tokens[first:bracket]
    name = "".join(part.text for part in called).lower()
    if first > 0 and tokens[first - 1].is_word(_CALL) and name in ALLOWED_PROCEDURES:
        return
    is_word_of_cypher = len(called) == 1 and called[0].is_word(BEFORE_A_BRACKET)
    if not is_word_of_cypher and name not in FUNCTIONS:
        raise refusal(
            statement,
            called[0],
            f"calls `{name}`, which is not known to only compute",
            "Call functions of Cypher itself; functions of extensions are refused.",
        )


def _is_name(tokens: Sequence[Token], index: int) -> bool:
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
