"""The day sheet: what was decided today, on one page that a marketer understands."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from console.action_sheet import show_day_actions
from console.wording import (
    assumed,
    best_possible,
    cents,
    day_name,
    money,
    nothing_because,
    sentence,
)

Document = Mapping[str, Any]

WIDE = 100
COUNTS: Mapping[str, str] = {"sent": "sent", "held\nout": "held_out"}
AMOUNTS: Mapping[str, str] = {
    "touch\ncost": "cost",
    "margin": "margin",
    "lowest": "margin_low",
    "highest": "margin_high",
}


def show_day_sheet(
    screen: Console,
    day: Document,
    cards: Sequence[Document],
    *,
    able: Sequence[str] = (),
    unserved: Document | None = None,
    page: Path | None = None,
) -> None:
    """Print the sheet of one run.

    Args:
        screen: Where to; nothing is cut from 80 columns on.
        day: The object that `warrant run --format json` prints.
        cards: `warrant why` objects of a few customers.
        able: Who may see a customer's card, where nobody is named and therefore none is shown here.
        unserved: What was not said, as `warrant unserved` tells it.
        page: Where the sheet was written as a page.
    """
    screen.print()
    screen.rule(f"[bold]{escape(day['playbook'])}[/] · {day_name(day['as_of_day'])}")
    if "decide" not in day["seconds"]:
        screen.print(f"\nThe run {day['run_id']} is {day['state']}; nothing has been decided yet.")
        _data_notes(screen, day)
        return
    _headline(screen, day)
    _plays(screen, day)
    _reasons(screen, day)
    _refusals(screen, day)
    _prices(screen, day)
    _boosts(screen, day)
    if unserved is not None:
        _unserved(screen, unserved, day["currency"])
    show_day_actions(screen, day.get("actions"))
    for card in cards:
        _sample(screen, card, day["currency"])
    _data_notes(screen, day)
    _files(screen, day)
    if page is not None:
        screen.print(f"\nThe sheet as a page: {page}", markup=False, highlight=False, soft_wrap=True)
    _next(screen, day, cards, able)


def customer_rows(card: Document, currency: str) -> list[tuple[str, str]]:
    """A customer's decision as a few labels and lines."""
    action = card["action"]
    if action["verb"] == "none":
        return [("Nothing", nothing_because(str(action["none_reason"])))]
    label = "Not sent" if action["is_ghost"] else "Send"
    held_out = " (held out)" if action["is_ghost"] else ""
    worth = f"{money(card['value']['total'], currency)} expected"
    rows = [
        (label, f"“{action['title']}” by {action['channel']} at {action['send_at_local']}{held_out}"),
        ("Why now", sentence(card["motive"]["sentence"])),
        ("Worth", f"{worth}, confidence {card['confidence']:.2f} ({card['evidence_grade']})"),
    ]
    if card["alternatives"]:
        best = card["alternatives"][0]
        other = f"“{best['title']}” by {best['channel']}, {money(best['value'], currency)}"
        rows.append(("Next best", f"{other}: {best['why_not']}"))
    return rows


def labelled(rows: Sequence[tuple[str, str]], *, style: str = "bold") -> Table:
    """Labels and the lines that belong to them, each line wrapped beside its label."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, line in rows:
        grid.add_row(label, Text(line))
    return grid


def counted(counts: Mapping[str, int], meanings: Mapping[str, str]) -> Table:
    """Counts, highest first, each with its name and what that means."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        meaning = meanings.get(name, "")
        grid.add_row(f"{count:,}", Text.assemble((name, "bold"), (f"  {meaning}", "dim")) if meaning else Text(name))
    return grid


def _headline(screen: Console, day: Document) -> None:
    currency = day["currency"]
    value, bound = money(day["value"], currency), money(day["bound"], currency)
    screen.print(
        f"\n[bold]{day['customers']:,}[/] customers: [bold green]{day['sends']:,}[/] are sent something, "
        f"[bold]{day['none']:,}[/] are left in peace, [bold]{day['held_out']:,}[/] are held out to measure the effect.",
        highlight=False,
    )
    screen.print(
        f"Expected incremental margin [bold]{value}[/]. No choice that is allowed can expect more than {bound} "
        f"(certified); this one is {best_possible(day['value'], day['bound'])}.",
        highlight=False,
    )
    if (explored := day.get("exploration", {"customers": 0}))["customers"]:
        screen.print(
            f"Chance chose for [bold]{explored['customers']:,}[/] of them, to learn what the rest is worth; with what "
            f"is best for them they would bring {money(explored['cost'], currency)} more.",
            highlight=False,
        )
    if day["sends"]:
        average, cost = day["value"] / day["sends"], day["cost"] / day["sends"]
        screen.print(
            f"A send is worth {money(average, currency)} on average and costs {money(cost, currency)}. "
            "That is what the message itself is expected to add, not what the customer will spend.",
            style="dim",
            highlight=False,
        )


def _plays(screen: Console, day: Document) -> None:
    rows = [row for row in day["plays"] if row["eligible"] or row["sent"] or row["held_out"]]
    silent = sorted({row["play"] for row in day["plays"]} - {row["play"] for row in rows})
    if rows:
        screen.print()
        screen.print(_plays_table(rows, is_wide=screen.width >= WIDE))
    if silent:
        screen.print(f"\nPlays with nothing to say today: {', '.join(silent)}.", highlight=False)
    if rows:
        screen.print(Padding(_notes(day), (1, 0, 0, 0)))


def _plays_table(rows: Sequence[Document], *, is_wide: bool) -> Table:
    has_grades = len({row["evidence_grade"] for row in rows}) > 1
    gap = (0, 2 if is_wide else 0, 0, 0)
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", padding=gap, pad_edge=False, show_edge=False, show_footer=True
    )
    table.add_column("play", "together", overflow="fold")
    table.add_column("channel", overflow="fold")
    table.add_column("eligible", justify="right", no_wrap=True)
    for heading, name in COUNTS.items():
        table.add_column(heading, f"{sum(row[name] for row in rows):,}", justify="right", no_wrap=True)
    for heading, name in AMOUNTS.items():
        table.add_column(heading, cents(sum(row[name] for row in rows)), justify="right", no_wrap=True)
    if has_grades:
        table.add_column("evidence", overflow="fold")
    for row in rows:
        table.add_row(
            Text(row["play"]),
            Text(row["channel"]),
            f"{row['eligible']:,}",
            *(f"{row[name]:,}" for name in COUNTS.values()),
            *(cents(row[name]) for name in AMOUNTS.values()),
            *([row["evidence_grade"]] if has_grades else []),
        )
    return table


def _notes(day: Document) -> RenderableType:
    eligible = "eligible: customers for whom the play had something allowed and worth saying on that channel."
    margin = f"margin: the expected incremental margin in {day['currency']}, all costs taken off."
    ends = (
        "lowest and highest: its 95 % interval. What is uncertain about an effect is the same for every customer, "
        "so the ends add up and do not average out."
    )
    lines = [eligible, "held out: who would have been sent it.", margin, ends]
    if day["evidence_grade"] == "assumed":
        lines.append("How much a message changes is assumed, not measured: the interval is that of the assumption.")
    if day["assumed"]:
        lines.append(f"The playbook assumes: {assumed(day['assumed'])}.")
    return Text("\n".join(lines), style="dim")


def _reasons(screen: Console, day: Document) -> None:
    if not day["none_by_reason"]:
        return
    screen.print(f"\n[bold]Why nothing was said[/] to {day['none']:,} customers", highlight=False)
    meanings = {reason: nothing_because(reason, name="it") for reason in day["none_by_reason"]}
    screen.print(Padding(counted(day["none_by_reason"], meanings), (0, 0, 0, 2)))


def _refusals(screen: Console, day: Document) -> None:
    refused = {policy: count for policy, count in day["refused_by_policy"].items() if count}
    if refused:
        screen.print(
            "\n[bold]What policies refused[/], counted in messages that somebody might have got on some channel"
        )
        screen.print(Padding(counted(refused, day["policy_reasons"]), (0, 0, 0, 2)))
    for policy, what in day["unreadable_policies"].items():
        text = f"The policy {policy} does not fit today's data, and refused whatever it might refuse: {what}"
        screen.print(text, style="yellow", markup=False, highlight=False)
    for who, count in day["held"].items():
        screen.print(f"\n[bold]{count:,}[/] sends wait for {escape(who)}, and are not delivered", highlight=False)
    for policy, count in day["minimised"].get("by_policy", {}).items():
        text = f"The policy {policy} withheld what may not be known of {count:,} customers, before anything was decided"
        screen.print(text, markup=False, highlight=False)
    for found in day["parity"]:
        style = "bold red" if found["is_breached"] else ""
        text = f"{found['policy']}: {found['text']}" + (" Nothing is delivered." if found["is_breached"] else "")
        screen.print(text, style=style, markup=False, highlight=False)


def _prices(screen: Console, day: Document) -> None:
    from decisioning.price_words import price_sentences

    said = price_sentences(day, day["currency"], lambda amount: money(amount, day["currency"]))
    if not said:
        return
    screen.print("\n[bold]Limits that bind[/]")
    for text in said:
        screen.print(f"  {text}", markup=False, highlight=False)


def _boosts(screen: Console, day: Document) -> None:
    from decisioning.boosts import boost_sentences

    said = boost_sentences(day, lambda amount: money(amount, day["currency"]))
    if said:
        screen.print("\n[bold]What people favour[/]")
    for text in said:
        screen.print(f"  {text}", markup=False, highlight=False)


def _unserved(screen: Console, found: Document, currency: str) -> None:
    """What kept the customers without a send from being served, and the fix that would bring most."""
    if not found["rows"]:
        return
    screen.print("\n[bold]What was not said[/], by what stood in the way, and what it would have been worth")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in found["by_cause"]:
        grid.add_row(f"{row['customers']:,}", money(row["value"], currency), row["cause"])
    screen.print(Padding(grid, (0, 0, 0, 2)))
    best = next((row for row in found["rows"] if row["value"] > 0), None)
    if best:
        said = (
            f"  Most would come of {best['play']}, {best['subject']}: {best['fix']} `warrant unserved` shows the rest."
        )
        screen.print(said, markup=False, highlight=False)


def _sample(screen: Console, card: Document, currency: str) -> None:
    title = f"customer {escape(card['customer_id'])}"
    screen.print()
    screen.print(Panel(labelled(customer_rows(card, currency)), title=title, title_align="left", border_style="dim"))


def _data_notes(screen: Console, day: Document) -> None:
    quarantined = {table: rows for table, rows in sorted(day["quarantined"].items()) if rows}
    if quarantined:
        counts = ", ".join(f"{rows:,} of {table}" for table, rows in quarantined.items())
        screen.print(
            f"\nRows that could not be used: {counts}. `warrant check` says why.", style="yellow", highlight=False
        )
    if forgotten := sum(day.get("forgotten", {}).values()):
        said = f"\nRows of people who were erased, left out: {forgotten:,}. The sources still have them."
        screen.print(said, style="yellow", highlight=False)
    if (health := day.get("health")) and health["findings"]:
        worst = health["findings"][0]
        said = (
            f"\nThe graph's health is at the level {health['level']}: {worst['sentence']}. Every confidence is "
            f"multiplied by {health['trust']:.2f}; see warrant graph health."
        )
        screen.print(said, style="yellow", markup=False, highlight=False)
    if contested := day.get("identities", {}).get("contested", 0):
        said = f"\nIdentities that cannot be told apart: {contested:,}. `warrant identity contested` shows them."
        screen.print(said, style="yellow", highlight=False)
    if day["withheld"]:
        counts = ", ".join(f"{count:,} ({reason})" for reason, count in sorted(day["withheld"].items()))
        screen.print(f"\nHeld back when they were to leave: {counts}.", style="yellow", markup=False, highlight=False)


def _files(screen: Console, day: Document) -> None:
    if not day["files"]:
        screen.print(f"\nNothing has been delivered: the run is {day['state']}.")
        return
    files = [Path(name) for name in day["files"]]
    screen.print("\n[bold]Files for the channels[/]")
    screen.print(f"  {files[0].parent}", markup=False, highlight=False, soft_wrap=True)
    rows = [
        (f"    {channel}", f"{_sends(count)}: {', '.join(_names(files, channel))}")
        for channel, count in sorted(day["delivered"].items())
    ]
    screen.print(labelled(rows, style=""))


def _names(files: Sequence[Path], channel: str) -> list[str]:
    return [path.name for path in files if path.name.startswith(f"{channel}.")]


def _sends(count: int) -> str:
    return f"{count:,} send{'' if count == 1 else 's'}"


def _next(screen: Console, day: Document, cards: Sequence[Document], able: Sequence[str]) -> None:
    commands = [f"warrant deliver {day['run_id']}"] if day["state"] != "delivered" else []
    if cards:
        commands.append(f"warrant why --customer {cards[0]['customer_id']}")
    elif able and day["sends"]:
        commands.append(f"warrant why --customer ID --actor {able[0]}")
    commands += [
        'warrant query "MATCH (:Customer)-[:HAS_MOTIVE]->(m:Motive) RETURN m.play, count(*) AS customers"',
        f"warrant replay {day['run_id']}",
    ]
    screen.print("\n[bold]What to try next[/]")
    for command in commands:
        screen.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
