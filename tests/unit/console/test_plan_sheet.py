from typing import Any

from rich.console import Console

from console.plan_sheet import show_plan

NOTE = "The first day is as it is decided. Every later day is a plan."


def day(date: str, *, sends: int = 0, is_decided: bool = False) -> dict[str, Any]:
    return {
        "day": date,
        "is_decided": is_decided,
        "sends": sends,
        "customers": sends,
        "value": 1.25 * sends,
        "cost": 0.001 * sends,
        "by_channel": {"email": sends} if sends else {},
        "by_play": {},
    }


def document(customer: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "playbook": "corner [shop]",
        "as_of_day": "2026-03-06",
        "horizon": 2,
        "currency": "EUR",
        "note": NOTE,
        "channels": ["email", "mail"],
        "days": [day("2026-03-06", sends=1_200, is_decided=True), day("2026-03-07")],
        "total": day("2026-03-06", sends=1_200),
        "customer": customer,
        "file": None,
    }


def shown(found: dict[str, Any]) -> list[str]:
    screen = Console(width=120, record=True)
    show_plan(screen, found)
    return [line.rstrip() for line in screen.export_text().splitlines()]


def test_the_calendar_has_a_line_per_day_and_a_column_per_channel_and_marks_what_is_decided() -> None:
    lines = shown(document())
    text = "\n".join(lines)
    assert "corner [shop] · plan of 2 days from Friday, 6 March 2026" in text
    heading = next(line for line in lines if line.startswith("Day"))
    assert heading.split() == ["Day", "email", "mail", "All", "Value", "EUR", "Cost", "EUR"]
    first, second = (next(line for line in lines if line.startswith(name)) for name in ("Fri", "Sat"))
    assert first.split() == ["Fri", "6", "Mar", "1,200", "·", "1,200", "1,500.00", "1.20", "decided"]
    assert second.split() == ["Sat", "7", "Mar", "·", "·", "·", "0.00", "0.00", "planned"]
    assert "1,200 messages to 1,200 customers" in text
    assert NOTE in text
    assert "Nothing has been stored or sent." in text


def test_a_customers_days_say_what_is_heard_and_why_or_why_nothing_is() -> None:
    heard = {
        "day": "2026-03-06",
        "channel_id": "email",
        "asset_id": "coffee",
        "title": "Time for coffee?",
        "motive_sentence": "buys coffee every 14 days and is due tomorrow.",
        "local_time": "09:00",
        "value": 1.25,
    }
    silent = {"day": "2026-03-07", "none_reason": "refused by policy: once-a-week", "because": "Nobody likes a flood."}
    text = "\n".join(shown(document({"customer_id": "c-1", "days": [heard, silent]})))
    assert "Customer c-1" in text
    assert "Time for coffee?" in text
    assert "Buys coffee every 14 days and is due tomorrow." in text
    assert "mostly by once-a-week: Nobody likes a flood" in text
