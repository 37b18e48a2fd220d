"""The customer card: one decision with its reason, path, value, alternatives and refusals."""

import json
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.day_sheet import counted, labelled
from console.wording import GRADES, day_name, interval, money, nothing_because, sentence

Card = Mapping[str, Any]

TERMS: Mapping[str, str] = {
    "expected_margin_with_touch": "margin expected with the message",
    "expected_margin_without": "margin expected without it",
    "offer_redeemed": "the offer, for everybody who redeems it",
    "risk_of_opt_out": "the risk of an opt-out",
    "touch": "sending it",
    "total": "worth of the message",
}
STAGES: Mapping[str, str] = {
    "motives": "reasons to talk",
    "candidates": "messages that answer one",
    "eligible": "allowed by every policy",
    "affordable": "worth more than nothing, and within the limits",
    "shortlisted": "not beaten by another one on the same channel",
}


def show_customer_card(screen: Console, card: Card, currency: str) -> None:
    """Print the object of `warrant why` for a person; nothing is cut from 80 columns on."""
    screen.print()
    screen.rule(f"[bold]customer {escape(card['customer_id'])}[/] · {day_name(card['as_of_day'])}")
    screen.print()
    screen.print(labelled(_decision(card, currency)))
    if card["path"]:
        _path(screen, card)
    if card["value"]:
        _value(screen, card, currency)
    _considered(screen, card)
    _alternatives(screen, card, currency)
    _versions(screen, card)


def _decision(card: Card, currency: str) -> list[tuple[str, str]]:
    action = card["action"]
    held_out = [("Held out", "This customer is in the holdout group: recorded to measure the effect, never sent.")]
    ghost = held_out if action["is_ghost"] else []
    if action["verb"] == "none":
        return [("Decision", f"Say nothing: {nothing_because(str(action['none_reason']))}."), *ghost]
    verb = "Would send" if action["is_ghost"] else "Send"
    forecast = card["forecast"]
    ends = interval(forecast["total_low"], forecast["total_high"])
    grade = card["evidence_grade"]
    return [
        ("Decision", f"{verb} “{action['title']}” by {action['channel']}"),
        ("When", f"{action['send_at_local']}, valid until {action['expires_at_local']}"),
        *ghost,
        ("Why now", sentence(card["motive"]["sentence"])),
        ("Motive", f"{card['motive']['play']}, about {card['motive']['subject']}"),
        ("Worth", f"{money(card['value']['total'], currency)} expected, 95 % between {ends}"),
        ("Confidence", f"{card['confidence']:.2f} that it is worth more than nothing{_lowered(card)}"),
        ("Evidence", f"{grade}: {GRADES.get(grade, '')}"),
        ("Record", f"{card['decision_id']} of run {card['run_id']}"),
    ]


def _lowered(card: Card) -> str:
    """By what the confidence was lowered, the finding that lowered it most."""
    findings = card["health"]["findings"]
    if not findings:
        return ""
    worst = min(findings, key=lambda one: one["trust"])
    return f"; times {card['health']['trust']:.2f}, because {worst['sentence']}"


def _path(screen: Console, card: Card) -> None:
    screen.print("\n[bold]From the customer to the message, as it stands in the graph[/]")
    for step in card["path"]:
        facts = ", ".join(f"{name}: {_plain(value)}" for name, value in step.get("properties", {}).items())
        relation = f"[:{step['type']}{' {' + facts + '}' if facts else ''}]"
        text = f"  ({step['from']})-{relation}->({step['to']})"
        screen.print(text, markup=False, highlight=False, soft_wrap=True)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(screen: Console, card: Card, currency: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", show_footer=True)
    total = f"{card['value']['total'] + 0.0:,.4f}"
    table.add_column("What it is worth", TERMS["total"], footer_style="bold", overflow="fold")
    table.add_column(currency, total, justify="right", footer_style="bold", no_wrap=True)
    for term, amount in card["value"].items():
        if term != "total":
            table.add_row(TERMS.get(term, term.replace("_", " ")), f"{amount:,.4f}")
    screen.print()
    screen.print(table)
    basis = card["forecast"]["margin_basis"]
    if basis == "revenue":
        screen.print("Margins are not known: these amounts are revenue.", style="yellow")


def _considered(screen: Console, card: Card) -> None:
    if not card["funnel"]["motives"]:
        return
    screen.print("\n[bold]What was considered[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for stage, count in card["funnel"].items():
        grid.add_row(f"{count:,}", STAGES.get(stage, stage))
    screen.print(Padding(grid, (0, 0, 0, 2)))
    if card["refused_by"]:
        screen.print("\n[bold]What policies refused[/], in messages")
        screen.print(Padding(counted(card["refused_by"], card["policy_reasons"]), (0, 0, 0, 2)))


def _alternatives(screen: Console, card: Card, currency: str) -> None:
    if not card["alternatives"]:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("What else there was", overflow="fold", ratio=3)
    table.add_column("by", overflow="fold")
    table.add_column(f"worth {currency}", justify="right", no_wrap=True)
    table.add_column("why not", overflow="fold", ratio=3)
    for other in card["alternatives"]:
        table.add_row(Text(other["title"]), Text(other["channel"]), f"{other['value']:,.4f}", Text(other["why_not"]))
    screen.print()
    screen.print(table)


def _versions(screen: Console, card: Card) -> None:
    makers = {name: version for name, version in card["versions"].items() if not name.startswith("table ")}
    said = ", ".join(f"{name} {str(version)[:12]}" for name, version in makers.items())
    tables = len(card["versions"]) - len(makers)
    text = f"Run {card['run_id']}, decided with {said} and {tables} tables; --format json names each version."
    screen.print(f"\n{text}", style="dim", markup=False, highlight=False)
