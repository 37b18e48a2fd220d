"""What a change of settings would bring, on one page: value, reach, money, who gains and loses, and the limits."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from console.wording import cents, day_name, interval, money, number

Document = Mapping[str, Any]

GROUPS: Mapping[str, str] = {
    "gain": "hear something, and did not before",
    "lose": "hear nothing any more",
    "better": "hear something that is worth more",
    "lesser": "hear something that is worth less",
    "other": "hear something else of the same worth",
}
SHOWN = 3


def show_settings(screen: Console, settings: Mapping[str, Any]) -> None:
    """Print every setting that can be changed, with its present value."""
    for name, value in settings.items():
        screen.print(f"{name}={'none' if value is None else value}", markup=False, highlight=False, soft_wrap=True)


def show_simulation(screen: Console, found: Document) -> None:
    """Print the object of `warrant simulate` for a person."""
    currency = found["currency"]
    screen.print()
    screen.rule(f"[bold]{escape(found['playbook'])}[/] · {day_name(found['as_of_day'])} · what if")
    screen.print()
    for change in found["changes"]:
        was, becomes = (_value(change[side]) for side in ("from", "to"))
        screen.print(f"  {change['setting']}: {was} ▸ {becomes}", markup=False, highlight=False)
    if not found["is_as_decided"]:
        text = f"Code or playbook are not those of the run {found['run_id']}: compared with how they decide it now."
        screen.print(f"\n{text}", style="yellow", highlight=False)
    _verdict(screen, found)
    _totals(screen, found, currency)
    _customers(screen, found["customers"], currency)
    _limits(screen, found["limits"], currency)
    screen.print("\nNothing has been written or sent. To commit to it, change the playbook, and run.", style="dim")


def sentences(found: Document) -> list[str]:
    """The change in value with its upside and downside, in words."""
    currency, difference = found["currency"], found["difference"]
    value = difference["value"]
    if not difference["value"] and not any(found["customers"][name]["count"] for name in GROUPS):
        return ["Nothing would change."]
    said = [f"The day would be worth {money(abs(value), currency)} {'more' if value >= 0 else 'less'}."]
    ends = interval(difference["low"], difference["high"])
    upside, downside = found["upside"]["value"], found["downside"]["value"]
    said.append(
        f"Upside {_signed(upside, currency)}, downside {_signed(downside, currency)}: the ends of the 95 % interval "
        f"({ends}), what a message changes being uncertain for everybody alike."
    )
    if found["after"]["evidence_grade"] == "assumed":
        said.append("What a message changes is assumed, not measured: the interval is that of the assumption.")
    return said


def _verdict(screen: Console, found: Document) -> None:
    screen.print()
    first, *rest = sentences(found)
    screen.print(first, style="bold", highlight=False)
    for said in rest:
        screen.print(said, highlight=False)


def _totals(screen: Console, found: Document, currency: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("")
    for heading in ("now", "then", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    was, becomes, difference = found["before"], found["after"], found["difference"]
    for name, label in (
        ("value", f"expected margin, {currency}"),
        ("bound", f"at best possible, {currency}"),
        ("cost", f"spent on touches, {currency}"),
    ):
        table.add_row(label, cents(was[name]), cents(becomes[name]), f"{becomes[name] - was[name]:+,.2f}")
    table.add_row("customers reached", *_counts(was["sends"], becomes["sends"]))
    for channel in difference["by_channel"]:
        counts = _counts(was["by_channel"].get(channel, 0), becomes["by_channel"].get(channel, 0))
        table.add_row(f"  by {channel}", *counts)
    table.add_row("customers left in peace", *_counts(was["none"], becomes["none"]))
    screen.print()
    screen.print(table)


def _customers(screen: Console, customers: Document, currency: str) -> None:
    screen.print("\n[bold]Who gains and who loses[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, meaning in GROUPS.items():
        group = customers[name]
        if group["count"]:
            grid.add_row(f"{group['count']:,}", f"{meaning}, {_signed(group['value'], currency)}")
            for sample in group["samples"][:SHOWN]:
                grid.add_row("", f"  {sample['customer_id']}: {_what(sample['before'])} ▸ {_what(sample['after'])}")
    grid.add_row(f"{customers['unchanged']:,}", "as before")
    screen.print(Padding(grid, (0, 0, 0, 2)))


def _limits(screen: Console, limits: list[Document], currency: str) -> None:
    if not limits:
        return
    screen.print("\n[bold]What the limits are worth[/]")
    for limit in limits:
        was, becomes = (_worth(limit, limit[side], currency) for side in ("before", "after"))
        said = was if was == becomes else f"now {was}; then {becomes}"
        screen.print(f"  {limit['limit']}: {said}", markup=False, highlight=False)


def _worth(limit: Document, price: float | None, currency: str) -> str:
    if price is None:
        return "there is no such limit"
    if not price:
        return "it does not bind"
    if price < 0:
        return f"its last unit costs {money(-price, currency)}"
    return f"{_one_more(limit, currency)} would bring {money(price, currency)}"


def _one_more(limit: Document, currency: str) -> str:
    if limit["unit"] is None:
        return f"one more {currency}" if limit["limit"].endswith("budget") else "one more send"
    from decisioning.price_words import one_more

    return one_more(limit["unit"], currency)


def _what(sent: Document | None) -> str:
    return f"“{sent['title']}” by {sent['channel']} ({number(sent['value'])})" if sent else "nothing"


def _counts(was: int, becomes: int) -> tuple[str, str, str]:
    return f"{was:,}", f"{becomes:,}", f"{becomes - was:+,}"


def _signed(amount: float, currency: str) -> str:
    return f"{'+' if amount >= 0 else '-'}{money(abs(amount), currency)}"


def _value(value: Any) -> str:
    return "none" if value is None else str(value)
