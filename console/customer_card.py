"""The customer card: one decision in four blocks, what went in, how it was reasoned, what is done, what it is worth."""

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
from console.wording import GRADES, assumed, day_name, interval, money, nothing_because, number, sentence

Card = Mapping[str, Any]

TERMS: Mapping[str, str] = {
    "expected_margin_with_touch": "margin expected with the message",
    "expected_margin_without": "margin expected without it",
    "offer_redeemed": "the offer, for everybody who redeems it",
    "risk_of_opt_out": "the risk of an opt-out",
    "touch": "sending it",
    "total": "worth of the message",
}
SHOWN_CHANGES = 3
STAGES: Mapping[str, str] = {
    "motives": "reasons to talk",
    "candidates": "messages that answer one",
    "eligible": "allowed by every policy",
    "affordable": "worth more than nothing, and within the limits",
    "shortlisted": "not beaten by another one on the same channel",
}


def show_customer_card(screen: Console, card: Card, currency: str, *, audience: str | None = None) -> None:
    """Print the object of `warrant why` for a person; nothing is cut from 80 columns on.

    Args:
        screen: Where to.
        card: The object.
        currency: The playbook's.
        audience: Only the sentences for a marketer, a customer or an auditor.
    """
    screen.print()
    screen.rule(f"[bold]customer {escape(card['customer_id'])}[/] · {day_name(card['as_of_day'])}")
    screen.print()
    if audience is not None:
        for said in card["said"][audience]:
            screen.print(said, markup=False, highlight=False)
        if "not" in card:
            _not_taken(screen, card, currency)
        return
    if "not" in card:
        _not_taken(screen, card, currency)
        screen.print()
    screen.print(labelled(_decision(card)))
    _heading(screen, "Input")
    screen.print(labelled(_input(card)))
    _heading(screen, "Reasoning")
    screen.print(labelled(_reasoning(card)))
    if card["path"]:
        _path(screen, card)
    _considered(screen, card)
    _heading(screen, "Action")
    screen.print(labelled(_action(card)))
    _heading(screen, "Economic impact")
    screen.print(labelled(_worth(card, currency)))
    if card["value"]:
        _value(screen, card, currency)
    _alternatives(screen, card, currency)
    _changes(screen, card, currency)
    _versions(screen, card)


def _heading(screen: Console, name: str) -> None:
    screen.print()
    screen.rule(f"[bold]{name}[/]", align="left", style="dim")


def _decision(card: Card) -> list[tuple[str, str]]:
    action = card["action"]
    if action["verb"] == "none":
        return [("Decision", f"Say nothing: {nothing_because(str(action['none_reason']))}.")]
    verb = "Would send" if action["is_ghost"] else "Send"
    return [
        ("Decision", f"{verb} “{action['title']}” by {action['channel']}"),
        ("Why now", sentence(card["motive"]["sentence"])),
    ]


def _input(card: Card) -> list[tuple[str, str]]:
    evidence = card["blocks"]["input"]["evidence"]
    tables = card["blocks"]["input"]["tables"]
    rows = [("Known at", f"the beginning of {day_name(card['as_of_day'])}, from {len(tables)} tables")]
    for place, step in enumerate(evidence):
        confidence = "" if step["confidence"] is None else f", confidence {step['confidence']:.2f}"
        rows.append(("" if place else "Signals", f"{step['type']} {step['to']}{confidence}"))
        rows += [("", f"  {_row(one)}") for one in step["rests_on"]]
    findings = card["health"]["findings"]
    said = f"{card['health']['level']}, " + (findings[0]["sentence"] if findings else "nothing found")
    fields = card["fields"]
    if fields["withheld"]:
        permitted = ", ".join(fields["permitted"]) or "nothing"
        rows += [("Withheld", ", ".join(fields["withheld"])), ("Permitted", permitted)]
    return [*rows, ("Graph", said)]


def _row(found: Card) -> str:
    """A row that evidence rests on: its key, its day, and what it says."""
    row = found["row"]
    day = str(row.get("occurred_at") or row.get("recorded_at") or row.get("asserted_at") or "")[:10]
    said = [str(row[name]) for name in ("name", "statement", "product_id", "topic") if name in row]
    return " · ".join([found["key"], *([day] if day else []), *said])


def _reasoning(card: Card) -> list[tuple[str, str]]:
    if not card["motive"]:
        return [("Motive", "none that was followed")]
    grade = card["evidence_grade"]
    rows = [
        ("Motive", f"{card['motive']['play']}, about {card['motive']['subject']}"),
        ("Confidence", f"{card['confidence']:.2f} that it is worth more than nothing{_lowered(card)}"),
        ("Evidence", f"{grade}: {GRADES.get(grade, '')}"),
    ]
    return [*rows, ("Assumed", assumed(card["assumed"]))] if card["assumed"] else rows


def _under(remit: Mapping[str, Any]) -> str:
    """The agent that a decision was made in the name of, and who answers for it."""
    triggers = f"; it asks a person because of {', '.join(remit['triggers'])}" if remit["triggers"] else ""
    return f"{remit['agent']}, for whom {remit['owner'] or 'nobody in the playbook any more'} answers{triggers}"


def _action(card: Card) -> list[tuple[str, str]]:
    action = card["action"]
    held_out = ("Held out", "This customer is in the holdout group: recorded to measure the effect, never sent.")
    rows = [("Record", f"{card['decision_id']} of run {card['run_id']}")]
    if action["is_ghost"]:
        rows = [held_out, *rows]
    if action["verb"] == "none":
        return [("What", "nothing"), *rows]
    when = f"{action['send_at_local']}, valid until {action['expires_at_local']}"
    if card.get("remit"):
        rows = [("Remit", _under(card["remit"])), *rows]
    if card["held"]:
        who, policies = (", ".join(card["held"][name]) for name in ("needs", "by"))
        waits = f"for {who}, by the policy {policies}; not delivered until then"
        rows = [("Waits", waits), *rows]
    if (lawful := card.get("lawful_basis")) is not None:
        told = (
            f"{lawful['basis'] or 'not stated'} on {lawful['channel']}, from {lawful['source'] or 'an unnamed source'}"
        )
        rows = [("Basis", f"{told}, recorded {str(lawful['recorded_at'])[:10]}"), *rows]
    return [("What", f"“{action['title']}” by {action['channel']}"), ("When", when), *rows]


def _worth(card: Card, currency: str) -> list[tuple[str, str]]:
    came = ", ".join(f"{one['name']} on {one['occurred_at'][:10]}" for one in card["outcomes"])
    outcomes = [("Came of it", came)] if came else []
    if not card["value"]:
        best = card["alternatives"][0] if card["alternatives"] else None
        missed = f"; the best there was: {money(best['value'], currency)}, {best['why_not']}" if best else ""
        return [("Worth", f"nothing gained, nothing spent{missed}"), *outcomes]
    ends = interval(card["forecast"]["total_low"], card["forecast"]["total_high"])
    never = "; never realised, since it is not sent" if card["action"]["is_ghost"] else ""
    worth = f"{money(card['value']['total'], currency)} expected, 95 % between {ends}{never}"
    paid = ", ".join(f"{name} {price:,.4f}" for name, price in card["shadow_price"].items() if price)
    boost = card.get("boost")
    favoured = (
        f"{money(boost['amount'], currency)} on top of that, which is no margin: {boost['because']}" if boost else ""
    )
    ranked = [("Ranked by", favoured)] if boost else []
    return [
        ("Worth", worth),
        *ranked,
        *([("Uses up", f"of limits that others want: {paid}")] if paid else []),
        *outcomes,
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
        table.add_row(Text(other["title"]), Text(other["channel"]), number(other["value"]), Text(other["why_not"]))
    screen.print()
    screen.print(table)


def _not_taken(screen: Console, card: Card, currency: str) -> None:
    """Why the asset that was asked for was not sent, and what would have made it the choice."""
    from pipelines.telling import change_in_words

    asked = card["not"]
    by = f" by {asked['channel']}" if asked["channel"] else ""
    screen.print(f"[bold]Why not “{escape(asked['title'])}”{escape(by)}?[/]", highlight=False)
    screen.print(f"  {asked['stage']}: {asked['sentence']}", markup=False, highlight=False)
    parts = asked.get("parts")
    if parts:
        terms = ", ".join(
            f"{TERMS[name]} {amount:,.4f}" for name, amount in parts.items() if name != "total" and amount
        )
        screen.print(f"  Worth {money(parts['total'], currency)}: {terms}.", style="dim", markup=False, highlight=False)
    for flip in asked["flips"][:SHOWN_CHANGES]:
        said = f"  It would have been sent if {change_in_words(flip, currency)}."
        screen.print(said, markup=False, highlight=False)
    if not asked["flips"] and asked["stage"] != "chosen":
        screen.print("  No single change was found that would have made it so.", style="dim")


def _changes(screen: Console, card: Card, currency: str) -> None:
    """What would have changed the decision, and when the customer may be written to next."""
    from pipelines.telling import change_in_words, outcome_in_words

    if "flips" not in card:
        return
    screen.print("\n[bold]What would have changed it[/], each decided again")
    if not card["flips"]:
        screen.print(f"  {card['flip_reason']}", markup=False, highlight=False)
    for flip in card["flips"][:SHOWN_CHANGES]:
        said = f"  If {change_in_words(flip, currency)}: {outcome_in_words(flip['becomes'])}."
        screen.print(said, markup=False, highlight=False)
    if following := card["next_contact"]:
        when = following["at_local"]
        said = f"from {when} on, by {following['channel']}" if when else following["reason"]
        held = f" (held until then by {', '.join(following['held_by'])})" if following["held_by"] and when else ""
        screen.print(f"\n[bold]Next contact[/] {escape(said)}{escape(held)}", highlight=False)


def _versions(screen: Console, card: Card) -> None:
    makers = {name: version for name, version in card["versions"].items() if not name.startswith("table ")}
    said = ", ".join(f"{name} {str(version)[:12]}" for name, version in makers.items())
    tables = len(card["versions"]) - len(makers)
    text = f"Run {card['run_id']}, decided with {said} and {tables} tables; --format json names each version."
    screen.print(f"\n{text}", style="dim", markup=False, highlight=False)
