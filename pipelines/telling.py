"""A decision told in words: for the marketer who answers for it, the customer it is about, and the auditor."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from decisioning.alternatives import SMALLEST_LEAD

Card = Mapping[str, Any]

SHOWN_FLIPS = 3
REASONS: Mapping[str, str] = {
    "no motive": "there was no reason to talk to them that day",
    "no content answers": "there was a reason to talk, and no content about it",
    "refused by policy": "everything there was to say was refused, mostly by {}",
    "not worth it": "every message would have cost more than it can bring",
    "limits": "others make more of {}",
    "explored": "chance had it so, to learn what messages are worth",
}
CUSTOMER_REASONS: Mapping[str, str] = {
    "no motive": "we had no reason to write to you that day",
    "no content answers": "we had nothing to say that would have been of use to you",
    "refused by policy": "our rules did not allow it",
    "not worth it": "it would not have been worth your while, or ours",
    "limits": "we do not write to everybody every day, and others came first",
    "explored": "chance had it so, to see what our messages change",
}
AUDIENCES = ("marketer", "customer", "auditor")
SHARE = ", as a share"
MOST_DIGITS, NEAR_ENOUGH = 12, 1e-4
MAKERS = ("code", "playbook", "policies", "view")


def told(card: Card) -> dict[str, list[str]]:
    """The decision in sentences, by audience.

    Args:
        card: As `explain_customer` gives it.
    """
    return {"marketer": for_marketer(card), "customer": for_customer(card), "auditor": for_auditor(card)}


def for_marketer(card: Card) -> list[str]:
    """What is done and why, what it is worth, what came next, and what would have changed it."""
    return [*_what(card), *_worth(card), *_runner_up(card), *_flips(card), *_next(card)]


def for_customer(card: Card) -> list[str]:
    """What a person has a right to know: what was decided about them, from which data, and what they can do."""
    action, motive = card["action"], card["motive"]
    day = _day(card["as_of_day"])
    if action["verb"] == "none" or action["is_ghost"]:
        kind = "held out" if action["is_ghost"] else str(action["none_reason"]).partition(":")[0]
        because = CUSTOMER_REASONS.get(
            kind, "you are in a group to whom we write nothing, to see what our messages change"
        )
        said = [f"On {day} we wrote you nothing: {because}."]
    else:
        said = [f"On {day} we decided to send you “{action['title']}” by {action['channel']}."]
        said.append(f"Our reason: {_begin(motive['sentence'])}")
    used = _used(card)
    if used:
        said.append(f"For this we looked at {_listed(used)}.")
    said.append(
        "You can ask us for all that we know of you, have it put right or erased, and tell us at any time not to write."
    )
    return said


def for_auditor(card: Card) -> list[str]:
    """What it takes to check the decision: identity, versions, constraints, grades, and what deciding again gave."""
    versions = card["versions"]
    tables = sum(name.startswith("table ") for name in versions)
    said = [
        f"Decision {card['decision_id']} of run {card['run_id']}, decided from what was known at {card['as_of']}.",
        f"Made with {', '.join(f'{name} {versions[name][:12]}' for name in MAKERS)} and {tables} tables by digest.",
    ]
    funnel = card["funnel"]
    stages = ", ".join(f"{count:,} {stage}" for stage, count in funnel.items())
    said.append(f"Funnel: {stages}.")
    for policy, count in card["refused_by"].items():
        said.append(f"{policy} refused {count:,}: {card['policy_reasons'].get(policy, '')}")
    if card["confidence"] is not None:
        said.append(
            f"Confidence {card['confidence']:.2f}, evidence {card['evidence_grade']}; {_chance(card)} (arm "
            f"{card['arm']})."
        )
    if card["is_reproduced"]:
        count = len(card["flips"])
        said.append(
            "Deciding this customer again from the stored inputs, all others taking part by their bids, gives this "
            f"record; each of the {count} changes that turn it was decided in the same way."
        )
    else:
        said.append(card["flip_reason"])
    return said


def change_in_words(flip: Mapping[str, Any], currency: str) -> str:  # noqa: PLR0911 - one sentence per kind
    """A change that turns the decision, as the end of a sentence that begins with `if`."""
    what, was, becomes = flip["what"], flip["from"], flip["to"]
    kind = flip["kind"]
    if kind == "term" and what.endswith(SHARE):
        share, before = _apart(100 * becomes, 100 * was)
        return f"{what.removesuffix(SHARE)} were {share} % instead of {before} % ({_by(flip)})"
    if kind == "term":
        cost, before = _apart(becomes, was)
        return f"{what} were {cost} {currency} instead of {before} {currency} ({_by(flip)})"
    if kind == "attribute":
        known, before = _apart(becomes, was)
        return (
            f"their {what} were {known}, which is not known"
            if was is None
            else f"their {what} were {known} instead of {before}"
        )
    if kind == "consent":
        return f"{what} were {becomes}"
    if kind == "touch":
        return (
            "they had been sent one message more the day before" if becomes else "their last message had not been sent"
        )
    if kind in ("cap", "limit"):
        most, before = _apart(becomes, was)
        return f"{what} were {most} instead of {before} ({_by(flip)})"
    if kind == "policy":
        return f"the policy {what} did not hold"
    if kind == "belief":
        return f"it were not believed that they {_belief(what)}"
    if kind == "stock":
        return f"there were any {what.removeprefix('stock of ')} left"
    return f"{what} were {becomes} instead of {was}"


def outcome_in_words(becomes: Mapping[str, Any]) -> str:
    """What would be decided then."""
    if becomes["verb"] == "none":
        return f"nothing would be sent ({because(str(becomes['none_reason']))})"
    return f"“{becomes['title']}” would be sent by {becomes['channel']}"


def because(reason: str) -> str:
    """A reason for silence in words."""
    kind, _, named = reason.partition(": ")
    return REASONS.get(kind, reason).format(named)


def _what(card: Card) -> list[str]:
    action = card["action"]
    if action["verb"] == "none":
        return [f"Nothing is sent to customer {card['customer_id']}: {because(str(action['none_reason']))}."]
    verb = "would be sent (held out, so it never is)" if action["is_ghost"] else "is sent"
    whom = f"to customer {card['customer_id']} by {action['channel']} at {action['send_at_local']}"
    return [f"“{action['title']}” {verb} {whom}.", _begin(card["motive"]["sentence"])]


def _chance(card: Card) -> str:
    if card["propensity"] is None:
        return "how probable that was cannot be told: a limit without room changed it"
    return f"chosen with probability {card['propensity']:g}"


def _worth(card: Card) -> list[str]:
    if not card["value"]:
        return []
    currency, forecast = card["currency"], card["forecast"]
    worth = f"{_plain(card['value']['total'])} {currency}"
    ends = f"95 % between {_plain(forecast['total_low'])} and {_plain(forecast['total_high'])}"
    said = [f"It is expected to bring {worth} that would not come without it, {ends}; {card['evidence_grade']}."]
    if boost := card.get("boost"):
        said.append(f"It was ranked {_plain(boost['amount'])} {currency} higher, by {boost['because']}")
    return said


def _runner_up(card: Card) -> list[str]:
    second = card.get("runner_up")
    if not second:
        return []
    if card.get("is_explored") and card["action"]["verb"] != "none":
        lead = f", {_plain(abs(second['margin']))} {card['currency']} ahead" if second["margin"] is not None else ""
        best = f"“{second['title']}” by {second['channel']}{lead}"
        return [f"Chance chose it among the best few, to learn what they are worth; the best was {best}."]
    margin = "" if second["margin"] is None else f", {_lead(abs(second['margin']), card['currency'])}"
    if card["action"]["verb"] == "none":
        return [f"Nearest to being said was “{second['title']}” by {second['channel']}: {second['why_not']}."]
    if second["title"] is None:
        return [f"The runner-up was to say nothing{margin}."]
    return [f"The runner-up was “{second['title']}” by {second['channel']}{margin}."]


def _lead(margin: float, currency: str) -> str:
    """How far behind a runner-up is; what four digits do not show is a tie."""
    return "just as good" if margin < SMALLEST_LEAD else f"{_plain(margin)} {currency} behind"


def _flips(card: Card) -> list[str]:
    if not card["flips"]:
        return [card["flip_reason"]] if card["flip_reason"] else []
    currency = card["currency"]
    said = []
    for place, flip in enumerate(card["flips"][:SHOWN_FLIPS]):
        lead = "The smallest change that turns it: if" if not place else "Or if"
        said.append(f"{lead} {change_in_words(flip, currency)}, {outcome_in_words(flip['becomes'])}.")
    return said


def _next(card: Card) -> list[str]:
    following = card.get("next_contact")
    if not following:
        return []
    if following["at"] is None:
        return [f"No next message can be dated: {following['reason']}."]
    held = f", held until then by {', '.join(following['held_by'])}" if following["held_by"] else ""
    return [f"They may next be written to at {following['at_local']} by {following['channel']}{held}."]


def _used(card: Card) -> list[str]:
    """The kinds of data behind a decision, in a customer's words."""
    tables = {
        str(row["key"]).partition("/")[0] for step in card["blocks"]["input"]["evidence"] for row in step["rests_on"]
    }
    words = {
        "purchases": "what you bought",
        "signals": "what you looked at and did on our pages",
        "assertions": "what you told one of us",
        "messages": "what you wrote to us",
        "memberships": "your membership",
        "consents": "your consent",
    }
    return sorted({words.get(table, f"our table {table}") for table in tables})


def _belief(what: str) -> str:
    kind, _, about = what.partition(" ")
    words = {
        "INTERESTED_IN": "are interested in",
        "PREFERS": "prefer",
        "OBJECTS_TO": "do not want to hear about",
        "TRIGGERED_BY": "are moved to act by",
    }
    return f"{words.get(kind, kind)} {about}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _begin(text: str) -> str:
    first = text.split(" ", 1)[0]
    said = text[:1].upper() + text[1:] if first.islower() else text
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _by(flip: Mapping[str, Any]) -> str:
    """By how much a number would have to change."""
    if not flip["from"]:
        return "instead of none"
    return f"{100 * flip['size']:.3g} % {'less' if flip['to'] < flip['from'] else 'more'}"


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart; never fewer than people see of amounts."""
    said = _plain(one), _plain(other)
    if said[0] != said[1] and not _is_cut(one, said[0]):
        return said
    for digits in range(2, MOST_DIGITS):
        said = f"{one:,.{digits}f}", f"{other:,.{digits}f}"
        if said[0] != said[1] and not _is_cut(one, said[0]):
            break
    return said


def _is_cut(value: Any, said: str) -> bool:
    """Whether so many digits say another number, by more than a hundredth of a per cent."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return False
    return abs(float(said.replace(",", "")) / value - 1.0) > NEAR_ENOUGH


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "none" if value is None else str(value)
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    digits = 2 if abs(value) >= 1 else 4
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _day(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{found.day} {found:%B %Y}"
