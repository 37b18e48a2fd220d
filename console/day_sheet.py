"""The day sheet: what was decided today, on one page that a marketer understands."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

TOP_REASONS = 6


def show_day_sheet(screen: Console, day: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> None:
    """Print the sheet of one run.

    Args:
        screen: Where to.
        day: The object that `warrant run --format json` prints.
        cards: `warrant why` objects of a few customers.
    """
    screen.print()
    screen.rule(f"[bold]{escape(day['playbook'])}[/] · {day['as_of_day']} · run {day['run_id']}")
    _headline(screen, day)
    if day["plays"]:
        screen.print(_plays_table(day))
        screen.print(_grade_note(day), style="dim")
    _reasons(screen, "Why nothing was said", day["none_by_reason"], day["none"])
    _refusals(screen, day)
    _prices(screen, day)
    for card in cards:
        screen.print(
            Panel(
                customer_lines(card, day["currency"]),
                title=f"customer {escape(card['customer_id'])}",
                title_align="left",
            )
        )
    _data_notes(screen, day)
    _files(screen, day)
    _next(screen, day, cards)


def customer_lines(card: Mapping[str, Any], currency: str) -> str:
    """A customer's decision in three or four lines of rich text."""
    action = card["action"]
    if action["verb"] == "none":
        return f"[bold]nothing[/]: {escape(str(action['none_reason']))}"
    verdict = "would have been sent (held out)" if action["is_ghost"] else "send"
    what = f"{escape(action['title'])} [dim]by[/] {escape(action['channel'])} [dim]at[/] {action['send_at_local']}"
    worth = f"{money(card['value']['total'], currency)} [dim]expected, confidence[/] {card['confidence']:.2f}"
    lines = [
        f"[bold]{verdict}[/] {what}",
        f"[dim]because[/] {escape(card['motive']['sentence'])}",
        f"[dim]worth[/] {worth} [dim]({card['evidence_grade']})[/]",
    ]
    if card["alternatives"]:
        best = card["alternatives"][0]
        other = f"{escape(best['title'])} by {escape(best['channel'])}, {money(best['value'], currency)}"
        lines.append(f"[dim]next best[/] {other}: {escape(best['why_not'])}")
    return "\n".join(lines)


def money(amount: float, currency: str) -> str:
    """An amount with enough digits to see cents of cents."""
    digits = 2 if abs(amount) >= 1 else 4
    return f"{amount:,.{digits}f} {currency}"


def _headline(screen: Console, day: Mapping[str, Any]) -> None:
    screen.print(
        f"[bold]{day['customers']:,}[/] customers: [bold green]{day['sends']:,}[/] sends, "
        f"[bold]{day['none']:,}[/] left in peace, [bold]{day['held_out']:,}[/] held out to measure the effect."
    )
    share = (
        f"{day['value'] / day['bound']:.4f} of what any choice could reach" if day["bound"] > 0 else "nothing to gain"
    )
    screen.print(
        f"Expected incremental margin [bold]{money(day['value'], day['currency'])}[/], {share} "
        f"(certified bound {money(day['bound'], day['currency'])})."
    )
    if day["sends"]:
        screen.print(
            f"A send is worth {money(day['value'] / day['sends'], day['currency'])} on average and costs "
            f"{money(day['cost'] / day['sends'], day['currency'])}: a matter of cents per household.",
            style="dim",
        )


def _plays_table(day: Mapping[str, Any]) -> Table:
    table = Table(title=None, header_style="bold", pad_edge=False)
    for heading in ("play", "channel"):
        table.add_column(heading)
    for heading in ("eligible", "sent", "held out", "cost", "incremental margin", "95 % interval"):
        table.add_column(heading, justify="right")
    table.add_column("evidence")
    for row in day["plays"]:
        table.add_row(
            row["play"],
            row["channel"],
            f"{row['eligible']:,}",
            f"{row['sent']:,}",
            f"{row['held_out']:,}",
            f"{row['cost']:.2f}",
            f"{row['margin']:.2f}",
            f"{row['margin_low']:.2f} to {row['margin_high']:.2f}",
            row["evidence_grade"],
        )
    return table


def _grade_note(day: Mapping[str, Any]) -> str:
    assumed = ", ".join(day["assumed"])
    return (
        "Eligible counts customers for whom the play had something allowed and worth saying on that channel. "
        + (
            "Evidence `assumed` is a stated prior, not a measured effect. "
            if day["evidence_grade"] == "assumed"
            else ""
        )
        + (f"Assumed numbers of this playbook: {assumed}." if assumed else "")
    )


def _reasons(screen: Console, title: str, reasons: Mapping[str, int], total: int) -> None:
    if not reasons:
        return
    screen.print(f"\n[bold]{title}[/] ({total:,} customers)")
    for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_REASONS]:
        screen.print(f"  {count:>7,}  {escape(reason)}", highlight=False)


def _refusals(screen: Console, day: Mapping[str, Any]) -> None:
    refused = {policy: count for policy, count in day["refused_by_policy"].items() if count}
    if not refused:
        return
    screen.print("\n[bold]What policies refused[/] (candidates: content × channel for a customer)")
    for policy, count in sorted(refused.items(), key=lambda pair: (-pair[1], pair[0])):
        screen.print(f"  {count:>7,}  {escape(policy)}", highlight=False)


def _prices(screen: Console, day: Mapping[str, Any]) -> None:
    binding = {limit: price for limit, price in day["shadow_prices"].items() if price > 0}
    if binding:
        screen.print("\n[bold]Limits that bind[/]")
    for limit, price in sorted(binding.items()):
        screen.print(
            f"  {escape(limit)}: one more unit would be worth {money(price, day['currency'])}", highlight=False
        )


def _data_notes(screen: Console, day: Mapping[str, Any]) -> None:
    quarantined = {table: rows for table, rows in day["quarantined"].items() if rows}
    if quarantined:
        counts = ", ".join(f"{table} {rows:,}" for table, rows in sorted(quarantined.items()))
        screen.print(f"\nQuarantined rows, each with its reason: {counts}.", style="yellow")
    if day["withheld"]:
        counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(day["withheld"].items()))
        screen.print(f"Withheld at export: {counts}.", style="yellow")


def _files(screen: Console, day: Mapping[str, Any]) -> None:
    if day["files"]:
        screen.print("\n[bold]Files for the channels[/]")
    for path in day["files"]:
        screen.print(f"  {path}", markup=False, highlight=False, soft_wrap=True)
    if not day["files"]:
        screen.print(f"\nNothing has been delivered: the run is {day['state']}.")


def _next(screen: Console, day: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> None:
    screen.print("\n[bold]What to try next[/]")
    if day["state"] != "delivered":
        screen.print(f"  warrant deliver {day['run_id']}", markup=False, highlight=False)
    if cards:
        screen.print(f"  warrant why --customer {cards[0]['customer_id']}", markup=False, highlight=False)
    screen.print(
        '  warrant query "MATCH (c:Customer)-[:HAS_MOTIVE]->(m:Motive) RETURN m.play, count(*) AS customers"',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    screen.print(f"  warrant replay {day['run_id']}", markup=False, highlight=False)
