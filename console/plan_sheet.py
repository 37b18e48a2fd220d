"""The plan of a horizon on one page: a calendar of days and channels, and one customer's days in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.wording import cents, day_name, money, nothing_because, sentence

Document = Mapping[str, Any]


def show_plan(screen: Console, found: Document) -> None:
    """Print the object of `warrant plan` for a person."""
    screen.print()
    screen.rule(f"[bold]{escape(found['playbook'])}[/] · plan of {_days(found['horizon'])} from {_day(found)}")
    _calendar(screen, found)
    total, currency = found["total"], found["currency"]
    screen.print(
        f"\nIf nothing changes, {total['sends']:,} messages to {total['customers']:,} customers, at a cost of "
        f"{money(total['cost'], currency)}.",
        highlight=False,
    )
    if found["customer"] is not None:
        _customer(screen, found["customer"], currency)
    if found["file"]:
        screen.print(f"Everybody's plan: {found['file']}", markup=False, highlight=False, soft_wrap=True)
    screen.print(f"\n{found['note']}", style="yellow", highlight=False)
    screen.print("Nothing has been stored or sent.", style="dim")


def _calendar(screen: Console, found: Document) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("Day")
    for channel in found["channels"]:
        table.add_column(escape(channel), justify="right")
    for heading in ("All", f"Value {found['currency']}", f"Cost {found['currency']}"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for day in found["days"]:
        counts = [day["by_channel"].get(channel, 0) for channel in found["channels"]]
        table.add_row(
            _short(day["day"]),
            *(f"{count:,}" if count else "·" for count in counts),
            f"{day['sends']:,}" if day["sends"] else "·",
            cents(day["value"]),
            cents(day["cost"]),
            "[green]decided[/]" if day["is_decided"] else "[dim]planned[/]",
        )
    screen.print()
    screen.print(table)


def _customer(screen: Console, customer: Document, currency: str) -> None:
    screen.print(f"\nCustomer {customer['customer_id']}", style="bold", markup=False, highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for day in customer["days"]:
        if "asset_id" in day:
            said = f"{escape(day['title'] or day['asset_id'])}\n[dim]{escape(sentence(day['motive_sentence']))}[/]"
            channel = escape(day["channel_id"])
            table.add_row(_short(day["day"]), day["local_time"], channel, said, money(day["value"], currency))
        else:
            because = f": {day['because'].rstrip('.')}" if day["because"] else ""
            table.add_row(
                _short(day["day"]), "·", "", f"[dim]{escape(nothing_because(day['none_reason']) + because)}[/]"
            )
    screen.print(table)


def _day(found: Document) -> str:
    return day_name(found["as_of_day"])


def _short(day: str) -> str:
    moment = date.fromisoformat(day)
    return f"{moment:%a} {moment.day:>2} {moment:%b}"


def _days(count: int) -> str:
    return "one day" if count == 1 else f"{count} days"
