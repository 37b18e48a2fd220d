"""Small pictures as inline SVG: a timeline of purchases and bars of amounts. Letters stay letters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

GREEN, ORANGE, BLUE, GREY, PALE, INK = "#2a7f62", "#c8702a", "#2f6db3", "#8a949c", "#e3e7ea", "#22282d"
WIDTH = 880
LEFT, RIGHT = 16, 16
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Purchase:
    """One shopping day: when, what was spent, and whether it is about what the message is about."""

    day: date
    spent: float
    is_about: bool


@dataclass(frozen=True)
class Due:
    """When the next purchase is expected: the first and last likely day, and the likeliest."""

    low: date
    day: date
    high: date


def timeline(purchases: Sequence[Purchase], today: date, *, about: str, due: Due | None, sends_on: date | None) -> str:
    """Purchases as dots on a line of days, the band in which the next one is due, today and the day of sending.

    Args:
        purchases: Shopping days, in any order.
        today: The day of the decision.
        about: What the message is about, in words.
        due: Of the next purchase of that, None where no rhythm is known.
        sends_on: None where nothing is sent.
    """
    first = min((one.day for one in purchases), default=today - timedelta(days=28))
    last = max([today + timedelta(days=7), *([due.high] if due else []), *([sends_on] if sends_on else [])])
    last = min(last, today + timedelta(days=120))
    span = max((last - first).days, 1)
    height, base = 168, 104

    def at(day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (min(day, last) - first).days / span

    parts = [_svg(height, "Purchases, and when the next one is due")]
    if due is not None and due.high >= first:
        low, high = at(max(due.low, first)), at(due.high)
        parts.append(
            f'<rect x="{low:.1f}" y="{base - 46}" width="{max(high - low, 3):.1f}" height="70" fill="{GREEN}" '
            f'opacity=".16"/><line x1="{at(due.day):.1f}" x2="{at(due.day):.1f}" y1="{base - 46}" y2="{base + 24}" '
            f'stroke="{GREEN}" stroke-dasharray="4 3"/>'
        )
        parts.append(_text(_within((low + high) / 2, 150), base - 54, f"due {_span(due)}", GREEN))
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" stroke="{GREY}"/>')
    parts += _months(first, last, at, base)
    most = max((one.spent for one in purchases if one.is_about), default=1.0) or 1.0
    for one in sorted(purchases, key=lambda one: (one.is_about, one.day)):
        if one.is_about:
            radius = 4 + 5 * (max(one.spent, 0.0) / most) ** 0.5
            parts.append(f'<circle cx="{at(one.day):.1f}" cy="{base}" r="{radius:.1f}" fill="{BLUE}" opacity=".85">')
            parts.append(f"<title>{one.day}: {one.spent:,.2f}</title></circle>")
        else:
            x = at(one.day)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base - 6}" y2="{base + 6}" stroke="{GREY}"/>')
    for begins, ends in ((20, base - 68), (base - 46, base + 24)):  # between them stands when it is due
        parts.append(f'<line x1="{at(today):.1f}" x2="{at(today):.1f}" y1="{begins}" y2="{ends}" stroke="{INK}"/>')
    parts.append(_text(_within(at(today), 40), 14, "today", INK))
    if sends_on is not None:
        x = at(sends_on)
        parts.append(f'<path d="M{x:.1f} {base - 16} l7 -14 h-14 z" fill="{ORANGE}"><title>sent</title></path>')
    legend = [(BLUE, about), (GREY, "anything else"), *([(ORANGE, "this message")] if sends_on else [])]
    parts.append(_legend(legend, height - 8))
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True)
class Bar:
    """One amount with its name, and a note that stands behind it."""

    name: str
    amount: float
    note: str = ""
    colour: str = GREEN


def bars(rows: Sequence[Bar], *, label: str, digits: int = 4) -> str:
    """Amounts as bars to the right of zero and, where negative, to the left of it."""
    if not rows:
        return ""
    step, names, notes = 30, 300, 250
    room = WIDTH - names - notes - LEFT - RIGHT
    low, high = min(0.0, *(row.amount for row in rows)), max(0.0, *(row.amount for row in rows))
    scale = room / ((high - low) or 1.0)
    zero = names + LEFT - low * scale
    height = step * len(rows) + 10
    parts = [_svg(height, label)]
    parts.append(f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="2" y2="{height - 4}" stroke="{GREY}"/>')
    for place, row in enumerate(rows):
        y = place * step + 8
        length = abs(row.amount) * scale
        start = zero if row.amount >= 0 else zero - length
        parts.append(_text(names, y + 14, _cut(row.name, 44), INK, anchor="end"))
        parts.append(
            f'<rect x="{start:.1f}" y="{y}" width="{max(length, 1):.1f}" height="18" rx="2" fill="{row.colour}">'
        )
        parts.append(f"<title>{escape(row.name)}: {row.amount:,.{digits}f}</title></rect>")
        said = f"{row.amount:,.{digits}f}" + (f" · {row.note}" if row.note else "")
        parts.append(_text(WIDTH - RIGHT - notes + 8, y + 14, _cut(said, 42), INK, anchor="start"))
    return "".join([*parts, "</svg>"])


def _svg(height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="13">'
    )


def _text(x: float, y: float, text: str, colour: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend(entries: Sequence[tuple[str, str]], y: int) -> str:
    parts, x = [], float(LEFT)
    for colour, text in entries:
        parts.append(f'<circle cx="{x + 5:.1f}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(_text(x + 15, y, _cut(text, 48), INK, anchor="start"))
        x += 46 + 8.2 * min(len(text), 48)
    return "".join(parts)


def _months(first: date, last: date, at: Callable[[date], float], base: int) -> list[str]:
    """A tick where a month begins, with its name where there is room."""
    parts = []
    day = date(first.year, first.month, 1)
    every = max(1, round((last - first).days / 30.4 / 12))
    while day <= last:
        if day >= first and (day.month - 1) % every == 0:
            x = at(day)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 8}" stroke="{GREY}"/>')
            name = MONTHS[day.month - 1] + (f" {day.year}" if day.month == 1 else "")
            parts.append(_text(_within(x, 7.0 * len(name)), base + 38, name, GREY))
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return parts


def _within(x: float, width: float) -> float:
    return min(max(x, LEFT + width / 2), WIDTH - RIGHT - width / 2)


def _span(due: Due) -> str:
    return f"{due.low.day} {MONTHS[due.low.month - 1]} – {due.high.day} {MONTHS[due.high.month - 1]}"


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
