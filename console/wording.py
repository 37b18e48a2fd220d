"""How numbers, dates and reasons read to a person. Programs get the same facts as JSON, in the words of the record."""

from collections.abc import Mapping
from datetime import date

SMALLEST_SHOWN_PCT = 0.01

# Kinds of reasons as the record has them; what some of them name stands behind a colon there, and here in place of {}.
NOTHING: Mapping[str, str] = {
    "no motive": "there was no reason to talk to them today",
    "no content answers": "there was a reason, and no content about it",
    "refused by policy": "all there was to say was refused, mostly by {}",
    "not worth it": "every message would have cost more than it can bring",
    "limits": "others make more of {}",
    "explored": "chance had it so, to learn what messages are worth",
}
GRADES: Mapping[str, str] = {
    "assumed": "a stated guess; no randomised test has measured it",
    "adjusted": "estimated from what happened, corrected for who was chosen",
    "randomised": "measured by a randomised test",
}


def money(amount: float, currency: str) -> str:
    """An amount with its currency."""
    return f"{number(amount)} {currency}"


def number(amount: float) -> str:
    """An amount with enough digits to see hundredths of cents; never minus nothing."""
    digits = 2 if abs(amount) >= 1 else 4
    return f"{round(amount, digits) + 0.0:,.{digits}f}"


def interval(low: float, high: float) -> str:
    """Two ends of an interval, with as many digits as the wider one has."""
    digits = 2 if max(abs(low), abs(high)) >= 1 else 4
    return f"{round(low, digits) + 0.0:,.{digits}f} and {round(high, digits) + 0.0:,.{digits}f}"


def cents(amount: float) -> str:
    """An amount to the cent, for columns of sums."""
    return f"{round(amount, 2) + 0.0:,.2f}"


def day_name(day: str) -> str:
    """`2017-11-13` as `Monday, 13 November 2017`."""
    moment = date.fromisoformat(day)
    return f"{moment:%A}, {moment.day} {moment:%B %Y}"


def sentence(text: str) -> str:
    """A sentence that begins with a capital; names that are written otherwise, such as iPhone, stay as they are."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.islower() else text


def nothing_because(reason: str, *, name: str | None = None) -> str:
    """Why nothing was said, in words: `limits: email capacity` ▸ `others make more of email capacity`.

    Args:
        reason: As the record has it.
        name: What to say in place of the policy or limit that it names.
    """
    kind, _, named = reason.partition(": ")
    return NOTHING.get(kind, reason).format(name or named)


def best_possible(value: float, bound: float) -> str:
    """How far from the certified bound a value lies."""
    if bound <= 0:
        return "there was nothing to gain"
    missing_pct = max(1 - value / bound, 0.0) * 100
    if missing_pct < SMALLEST_SHOWN_PCT:
        return f"less than {SMALLEST_SHOWN_PCT} % below it"
    return f"at most {missing_pct:.2f} % below it"


def one_more(limit: str, currency: str) -> str:
    """What one more unit of a limit is: a send of a capacity, a unit of money of a budget."""
    return f"one more {currency}" if limit.endswith("budget") else "one more send"


def assumed(names: list[str]) -> str:
    """What a playbook assumes, as a list in a sentence."""
    return ", ".join(name.replace(" pct", " percentage") for name in names)
