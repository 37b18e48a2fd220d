"""From a text to words: what identifies people is masked first, so that no model ever sees or keeps it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NAME: Final = r"(?:(?:[A-Z][a-zà-ÿ'’-]+|[A-Z]\.?)(?!\w)\s?){1,4}"
"""Up to four capitalised words or initials."""

MASKS: Final = (
    (re.compile(r"https?://\S+|www\.\S+"), " xxurl "),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+"), " xxemail "),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b"), " xxaccount "),
    (re.compile(r"(?<!\w)@\w+"), " xxname "),
    # a name after a title or the words that introduce one; only written like a name, so that `I am ANGRY` stays
    (re.compile(rf"\b(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+{NAME}"), " xxname "),
    (
        re.compile(
            r"(?P<before>\b(?:[Mm]y name is|[Mm]y name's|[Tt]his is|I am|I'm|[Rr]egards,?|[Ss]incerely,?|[Yy]ours,?|"
            rf"[Dd]ear|[Hh]i|[Hh]ello)\s+){NAME}"
        ),
        r"\g<before>xxname ",
    ),
    (re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"), " xxdate "),
    (re.compile(r"(?<!\w)\+?\d[\d ()/.-]{6,}\d"), " xxphone "),
    (
        re.compile(r"[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:[$€£]|eur|usd|euros?|dollars?|pounds?)\b", re.IGNORECASE),
        " xxmoney ",
    ),
    (re.compile(r"\d+"), " xxnumber "),
)
"""What is taken out of a text, in this order, and what stands in its place."""

QUOTED: Final = re.compile(r"(?m)^[ \t]*>.*$")
NEGATIONS: Final = frozenset(
    {"not", "no", "never", "nobody", "nothing", "none", "neither", "nor", "without", "cannot", "cant", "hardly"}
    | {f"{verb}nt" for verb in ("do", "does", "did", "is", "was", "are", "were", "wo", "would", "could", "should")}
    | {"hasnt", "havent", "hadnt"}
)
REACH: Final = 3
"""A negation turns the next so many words."""

_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
_STRETCHED: Final = re.compile(r"(\w)\1{2,}")


def masked(text: str) -> str:
    """The text in one Unicode form, without quotations and without what identifies people."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("`", "'")
    text = QUOTED.sub(" ", text)
    for pattern, stand_in in MASKS:
        text = pattern.sub(stand_in, text)
    return text


def words(text: str) -> list[str]:
    """The words of a masked text in small letters, without apostrophes; `soooo` is `soo`."""
    plain = _STRETCHED.sub(r"\1\1", text.casefold().replace("'", ""))
    return _WORD.findall(plain)


class Keywords:
    """Finds the keywords of several labels in the words of a text.

    A keyword is one word, a phrase, or the beginning of a (last) word followed by `*`.

    Args:
        lists: Keywords of each label.
    """

    def __init__(self, lists: Sequence[Sequence[str]]) -> None:
        self.labels = len(lists)
        self._whole: dict[str, list[_Keyword]] = {}
        self._begun: dict[str, list[_Keyword]] = {}
        for label, keywords in enumerate(lists):
            for keyword in keywords:
                first, *rest = keyword.removesuffix("*").casefold().replace("'", "").split()
                found = _Keyword(label, tuple(rest), keyword.endswith("*"))
                index = self._begun if found.is_stem and not rest else self._whole
                index.setdefault(first, []).append(found)

    def counts(self, tokens: Sequence[str]) -> list[int]:
        """How many keywords of each label stand in the words, then how many behind a negation; 2 × labels numbers."""
        counts = [0] * (2 * self.labels)
        for start, token in enumerate(tokens):
            found = [
                *self._whole.get(token, ()),
                *(one for end in range(1, len(token) + 1) for one in self._begun.get(token[:end], ())),
            ]
            for keyword in found:
                if keyword.goes_on(tokens[start + 1 : start + 1 + len(keyword.rest)]):
                    is_negated = any(one in NEGATIONS for one in tokens[max(0, start - REACH) : start])
                    counts[keyword.label + self.labels * is_negated] += 1
        return counts


@dataclass(frozen=True)
class _Keyword:
    label: int
    rest: tuple[str, ...]
    is_stem: bool

    def goes_on(self, tokens: Sequence[str]) -> bool:
        """Whether the words behind the first one are those of the phrase."""
        if not self.rest or not self.is_stem:
            return tuple(tokens) == self.rest
        return (
            len(tokens) == len(self.rest)
            and tuple(tokens[:-1]) == self.rest[:-1]
            and tokens[-1].startswith(self.rest[-1])
        )
