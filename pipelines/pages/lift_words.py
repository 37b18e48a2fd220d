"""The verdict on a comparison in words that need no statistics."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecasting.evidence.comparisons import Lifts

Facts = Mapping[str, Any]


def number(value: float, unit: str, *, signed: bool = False) -> str:
    """An amount with its unit, to the cent where that says something."""
    digits = 2 if abs(value) < 1000 else 0  # noqa: PLR2004 - cents of thousands say nothing
    shown = round(value, digits) + 0.0  # never minus nothing
    return f"{shown:{'+' if signed else ''},.{digits}f}" + (f" {unit}" if unit else "")


def short(estimate: Facts | None) -> str:
    """`+224 ±20`, for columns."""
    if estimate is None:
        return "—"
    return f"{round(estimate['value']) + 0:+,} ±{round(half_width(estimate)):,}"


def half_width(estimate: Facts) -> float:
    """Half the width of its interval."""
    return float(estimate["high"] - estimate["low"]) / 2


def give_or_take(estimate: Facts, unit: str) -> str:
    """`+223.70 USD, give or take 20.10`."""
    return f"{number(estimate['value'], unit, signed=True)}, give or take {number(half_width(estimate), '')}"


def verdict(one: Facts) -> list[str]:
    """What may be said of one comparison, the conclusion first."""
    return _SAID[one["verdict"]](one)


def overall(comparisons: Sequence[Facts]) -> str:
    """One sentence about all of them."""
    if not comparisons:
        return "Nothing has been sent yet, so there is nothing to compare."
    found = [one for one in comparisons if one["verdict"] == "lift"]
    harmful = [one for one in comparisons if one["verdict"] == "loss"]
    nothing = [one for one in comparisons if one["verdict"] == "none_found"]
    parts = []
    if found:
        parts.append(f"A lift is shown for {_names(found)}.")
    if harmful:
        parts.append(f"A loss is shown for {_names(harmful)}.")
    if nothing:
        parts.append(f"Fair comparisons of {_names(nothing)} found no effect that stands out from chance.")
    unknown = len(comparisons) - len(found) - len(harmful) - len(nothing)
    if unknown == len(comparisons):
        whole = "the one comparison" if unknown == 1 else f"any of the {unknown} comparisons"
        is_drawn = any(one["kind"] == "experiment" for one in comparisons)
        because = "." if is_drawn else ": nobody drew by lot who was sent something."
        return f"No lift can be claimed from {whole}{because}"
    if unknown:
        parts.append(f"Of the other {unknown}, no lift can be claimed.")
    return " ".join(parts)


def settling(lifts: Lifts, *, effect_pct: float, unit: str) -> list[str]:
    """The test that would settle it, in words.

    Args:
        lifts: With the sizes of tests.
        effect_pct: The effect that it should find.
        unit: Of the outcome, such as the currency.
    """
    size, who = lifts.settling, lifts.drawn_unit
    if size is None:
        return ["How large a test must be cannot be said: nothing was counted before that could tell."]
    effect = f"{effect_pct:g} % ({number(size.effect, unit)} each)"
    weeks, per_arm = _weeks(size.weeks), f"{size.units_per_arm:,}"
    if size.is_possible:
        said = f"A test settles whether it changes what {who} bring by {effect}: draw {size.units:,} of the "
        said += f"{lifts.households:,} {who} by lot, send it to {per_arm} of them and nothing to the other "
        return [f"{said}{per_arm}, for {weeks}."]
    said = f"To find an effect of {effect}, {per_arm} {who} would have to get it and {per_arm} "
    told = [
        f"{said}nothing, for {weeks}; there are {lifts.households:,} in all.",
        f"All of them, half by lot, for {weeks}, would show an effect of {100 * size.detectable:.1f} % or more.",
    ]
    larger = [other for other in lifts.sizes if other.is_possible and other.share > size.share]
    return told + [
        f"An effect of {100 * other.share:g} % takes {other.units:,} of them, half by lot, and {_weeks(other.weeks)}."
        for other in larger[:1]
    ]


def _cannot_tell(one: Facts) -> list[str]:
    unit, naive, before = one["unit"], one["naive"], one["pre_period"]
    days = f"{one['days']:g} days"
    gap = f"Those who got it brought {number(abs(naive['value']), unit)} {_more(naive)} in these {days} than those who "
    if before is None:
        known = "Whether they did so before it, nobody can say: the data begin too late."
        return ["No lift can be claimed.", f"{gap}did not. {known}"]
    said = ["No lift can be claimed."]
    already = f"they brought {number(abs(before['value']), unit)} {_more(before)}"
    said.append(f"{gap}did not. In the {days} before, when nothing of it had been sent, {already}.")
    if _is_real(naive) and _is_real(before) and naive["value"] * before["value"] > 0:
        said.append("So the difference says who is chosen, not what it does to them.")
    return [*said, *_about_the_change(one)]


def _about_the_change(one: Facts) -> list[str]:
    """Whether the gap changed, and why that is not enough."""
    change, unit = one["difference_in_differences"], one["unit"]
    if change is None:
        return []
    said = [f"The gap changed by {give_or_take(change, unit)}."]
    if not one["placebos"]:
        return [*said, "Whether it changes by itself, nobody can say: the data begin too late."]
    moved = one["placebos"][0]
    earlier = "The same calculation one period earlier, when it can only find nothing, gives"
    told = "it finds something, so it cannot be trusted" if _is_real(moved) else "nothing, as it should be"
    said.append(f"{earlier} {give_or_take(moved, unit)}: {told}.")
    if _is_real(change) and not _is_real(moved):
        said.append(
            "The change looks like an effect, but other comparisons of the time before find something or are too rough "
            "to vouch for it."
        )
    return said


def _shown(one: Facts) -> list[str]:
    effect, unit = one["effect"], one["unit"]
    base = effect["untreated_mean"]
    share = f", {100 * effect['value'] / base:+.1f} % of what they bring without it" if base > 0 else ""
    gain = "It brings more" if one["verdict"] == "lift" else "It brings less"
    return [
        f"{gain}: {give_or_take(effect, unit)} each in {one['days']:g} days{share}.",
        f"This is {_HOW[one['grade']]}.",
    ]


def _none_found(one: Facts) -> list[str]:
    effect, unit = one["effect"], one["unit"]
    ends = f"{number(effect['low'], unit, signed=True)} and {number(effect['high'], unit, signed=True)}"
    return [
        f"No effect was found: {give_or_take(effect, unit)} each in {one['days']:g} days, which chance alone explains.",
        f"This is {_HOW[one['grade']]}. Anything between {ends} is still possible.",
    ]


def _nothing(one: Facts) -> list[str]:
    return ["There is nothing to compare.", *one["reasons"]]


def _weeks(count: int) -> str:
    return f"{count} week{'' if count == 1 else 's'}"


def _names(comparisons: Sequence[Facts]) -> str:
    names = list(dict.fromkeys(one["name"] for one in comparisons))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_real(estimate: Facts) -> bool:
    return bool(estimate["low"] > 0 or estimate["high"] < 0)


def _more(estimate: Facts) -> str:
    return "more" if estimate["value"] >= 0 else "less"


_SAID = {
    "cannot_tell": _cannot_tell,
    "lift": _shown,
    "loss": _shown,
    "none_found": _none_found,
    "nothing_to_compare": _nothing,
}
_HOW = {
    "randomised": "measured: it was drawn by lot who got it",
    "adjusted": "estimated from who happened to get it, against others who were alike before; nobody drew lots",
    "assumed": "assumed",
}
