"""The customer card: one decision with its sentence, evidence, path, value, alternatives and refusals."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.day_sheet import money


def show_customer_card(screen: Console, card: Mapping[str, Any], currency: str) -> None:
    """Print the object of `warrant why` for a person."""
    screen.rule(f"[bold]customer {escape(card['customer_id'])}[/] · {card['as_of_day']} · run {card['run_id']}")
    _action(screen, card, currency)
    if card["motive"]:
        _motive(screen, card)
    if card["path"]:
        _path(screen, card)
    if card["value"]:
        screen.print(_value_table(card, currency))
        screen.print(
            f"Confidence that this is worth more than nothing: {card['confidence']:.2f}; evidence: "
            f"[bold]{card['evidence_grade']}[/]" + _grade_meaning(card["evidence_grade"]),
            highlight=False,
        )
    _funnel(screen, card)
    _alternatives(screen, card, currency)
    _versions(screen, card)


def _action(screen: Console, card: Mapping[str, Any], currency: str) -> None:
    action = card["action"]
    if action["verb"] == "none":
        screen.print(f"Decision: [bold]say nothing[/], because {escape(str(action['none_reason']))}.")
        return
    held = " [yellow](held out: recorded, never sent)[/]" if action["is_ghost"] else ""
    screen.print(
        f"Decision: [bold]send “{escape(action['title'])}”[/] by {escape(action['channel'])} at "
        f"{action['send_at_local']}, valid until {action['expires_at_local']}{held}",
        highlight=False,
    )
    screen.print(
        f"Worth {money(card['value']['total'], currency)} in expectation; decision {card['decision_id']}", style="dim"
    )


def _motive(screen: Console, card: Mapping[str, Any]) -> None:
    motive = card["motive"]
    screen.print(f"\n[bold]Why now[/]  {escape(motive['sentence'])}", highlight=False)
    screen.print(f"  {motive['play']}: {motive['subject']}", style="dim", markup=False, highlight=False)
    for fact in motive["evidence"]:
        screen.print(f"  · {fact}", markup=False, highlight=False, soft_wrap=True)


def _path(screen: Console, card: Mapping[str, Any]) -> None:
    screen.print("\n[bold]The path in the graph[/]")
    for step in card["path"]:
        screen.print(
            f"  ({step['from']}) -[:{step['type']}]-> ({step['to']})", markup=False, highlight=False, soft_wrap=True
        )


def _value_table(card: Mapping[str, Any], currency: str) -> Table:
    table = Table(title=f"\nWhat it is worth, in {currency}", title_justify="left", header_style="bold", pad_edge=False)
    table.add_column("part")
    table.add_column("amount", justify="right")
    for part, amount in card["value"].items():
        table.add_row(part.replace("_", " "), "" if amount is None else f"{amount:,.4f}", end_section=part == "total")
    return table


def _grade_meaning(grade: str) -> str:
    return " (a stated prior; nothing here was measured by a randomised test)" if grade == "assumed" else ""


def _funnel(screen: Console, card: Mapping[str, Any]) -> None:
    funnel = " ▸ ".join(f"{count:,} {stage}" for stage, count in card["funnel"].items())
    screen.print(f"\n[bold]Considered[/]  {funnel}", highlight=False)
    for policy, count in card["refused_by"].items():
        screen.print(f"  refused by {policy}: {count:,} candidates", markup=False, highlight=False)


def _alternatives(screen: Console, card: Mapping[str, Any], currency: str) -> None:
    if not card["alternatives"]:
        return
    screen.print("\n[bold]Alternatives[/]")
    for other in card["alternatives"]:
        screen.print(
            f"  {other['title']} by {other['channel']}: {money(other['value'], currency)}, {other['why_not']}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _versions(screen: Console, card: Mapping[str, Any]) -> None:
    versions = ", ".join(f"{name} {str(version)[:12]}" for name, version in card["versions"].items())
    screen.print(f"\n{versions}", style="dim", markup=False, highlight=False)
