"""Actions beyond messages for people: a part of the day sheet, a list, and one action in full."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from console.wording import money, number

Document = Mapping[str, Any]

STATUS: Mapping[str, str] = {
    "go": "to be done",
    "held": "held until a person agrees",
    "limited": "left out by a limit",
    "refused": "refused",
}


def show_day_actions(screen: Console, actions: Document | None) -> None:
    """The part of the day sheet about them; nothing where the playbook has none.

    Args:
        screen: Where to.
        actions: `actions` of `warrant run --format json`.
    """
    if not actions:
        return
    counts = ", ".join(f"{actions[name]:,} {words}" for name, words in STATUS.items() if actions[name])
    ghosts = f", {actions['ghosts']:,} for people who are held out" if actions["ghosts"] else ""
    screen.print(f"\n[bold]Beside messages[/]  {counts or 'nothing was called for'}{ghosts}", highlight=False)
    rows = [row for row in actions["by_rule"] if row["proposed"]]
    if rows:
        screen.print(Padding(_by_rule(rows), (0, 0, 0, 2)))
    if actions["refused_by"]:
        told = ", ".join(f"{count:,} by {name}" for name, count in actions["refused_by"].items())
        screen.print(f"  Not done: {told}.", style="dim", markup=False, highlight=False)
    if actions["withheld"]:
        told = ", ".join(f"{count:,} ({reason})" for reason, count in sorted(actions["withheld"].items()))
        screen.print(f"  Held back when they were to leave: {told}.", style="yellow", markup=False, highlight=False)
    files = [Path(name) for name in actions["files"] if name.endswith(".csv")]
    if files:
        told = ", ".join(f"{path.name} ({actions['delivered'][path.stem]:,})" for path in files)
        screen.print(f"  Files in {files[0].parent}: {told}", markup=False, highlight=False, soft_wrap=True)


def show_action_list(screen: Console, document: Document) -> None:
    """The actions of a run, a few lines each."""
    screen.print(f"\nRun {document['run_id']}, {document['as_of_day']}: {_many(document['found'])}", highlight=False)
    for card in document["actions"]:
        subject = card["subject"]
        title = f"{card['verb']} · {subject['kind']} {subject['id']}"
        screen.print(
            Text.assemble(("\n" + title, "bold"), f"  {STATUS[card['status']]}{_held_out(card)}"), soft_wrap=True
        )
        for line in (_parameters(card), card["reason"], _worth(card), _refused(card)):
            if line:
                screen.print(Padding(Text(line), (0, 0, 0, 2)))
        screen.print(f"  warrant why --action {card['action_id'][:12]}", style="dim", highlight=False, soft_wrap=True)
    if document["found"] > len(document["actions"]):
        screen.print(f"\n{len(document['actions'])} of {document['found']:,} are shown; see --limit.", highlight=False)
    if document["withheld"]:
        said = f"\n{document['withheld']:,} about single people are not shown to this role; name yourself with --actor."
        screen.print(said, style="yellow", highlight=False)


def show_action(screen: Console, card: Document) -> None:
    """One action in full."""
    subject, currency = card["subject"], card["currency"]
    rows = [
        (
            "Action",
            f"{card['verb']} on the {subject['kind']} {subject['id']}: {STATUS[card['status']]}{_held_out(card)}",
        ),
        ("What", _parameters(card) or card["meaning"]),
        ("Why", f"{card['reason']} (rule {card['rule']})"),
        ("Because of", "; ".join(f"{name} is {_said(value)}" for name, value in card["evidence"].items()) or "nothing"),
        ("Not done", _refused(card)),
        ("Worth", _worth(card)),
        *_against_no_change(card["counterfactual"], currency),
        ("If wrong", f"{card['consequence']['level']}: {card['consequence']['meaning']}"),
        ("Noticed", f"{card['detectability']['level']}: {card['detectability']['meaning']}"),
        ("Taken back", _inverse(card["inverse"])),
        ("Lawful basis", card["lawful_basis"] or ""),
        ("Leaves in", f"{card['leaves_through']}.csv" + ("; carried out" if card["is_carried_out"] else "")),
        ("Record", f"{card['action_id']}, digest {card['digest'][:12]}, run {card['run_id']}"),
    ]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, line in rows:
        if line:
            grid.add_row(label, Text(str(line)))
    screen.print(Panel(grid, title=f"{card['as_of_day']}", title_align="left", border_style="dim"))


def show_verbs(screen: Console, verbs: Sequence[Document]) -> None:
    """Everything that may be done at all."""
    for verb in verbs:
        screen.print(Text.assemble((f"\n{verb['verb']}", "bold"), f"  {verb['meaning']}"), soft_wrap=True)
        spends = "; spends" if verb["spends"] else ""
        subjects = ", ".join(verb["subjects"])
        undone = verb["inverse"] or f"nothing: {verb['cannot_be_undone_because']}"
        lines = [
            f"to: {subjects}; called by {verb['called_by']}; at most {verb['per_day']:,} a day{spends}",
            f"if wrong: {verb['consequence']}; noticed {verb['detectability']}; taken back by {undone}",
        ]
        for one in verb["parameters"]:
            needed = "" if one["required"] else ", may be left out"
            unit = f", {one['unit']}" if one["unit"] else ""
            lines.append(f"{one['name']}: {one['meaning']} ({one['kind']}{unit}{needed})")
        for line in lines:
            screen.print(Padding(Text(line), (0, 0, 0, 2)))


def _by_rule(rows: Sequence[Document]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "left"):
        grid.add_column(justify=justify, overflow="fold")
    for row in rows:
        others = ", ".join(f"{row[name]:,} {words}" for name, words in STATUS.items() if name != "go" and row[name])
        said = f"{row['rule']}{f'; {others}' if others else ''}"
        grid.add_row(f"{row['go']:,}", Text(f"{row['verb']} {row['subject']}"), Text(said))
    return grid


def _many(count: int) -> str:
    return f"{count:,} action{'' if count == 1 else 's'}"


def _held_out(card: Document) -> str:
    return " (held out: recorded, never carried out)" if card["is_ghost"] else ""


def _parameters(card: Document) -> str:
    return ", ".join(
        f"{one['name'].replace('_', ' ')} {_said(one['value'])}{_unit(one['unit'], card['currency'])}"
        for one in card["parameters"]
    )


def _unit(unit: str, currency: str) -> str:
    return f" {unit.replace('currency', currency)}" if unit else ""


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return "unknown" if value is None else str(value)


def _refused(card: Document) -> str:
    return "; ".join(f"{name}: {because}" for name, because in card["refused_by"].items())


def _worth(card: Document) -> str:
    value = card["value"]
    if value is None:
        return ""
    told = f"{money(value['expected'], card['currency'])} expected ({value['basis']})"
    if value["low"] is not None:
        told += f" a month, {number(value['low'])} to {number(value['high'])} at 90 %"
    if card["confidence"] is not None:
        told += f", confidence {card['confidence']:.2f} ({card['evidence_grade']})"
    return told


def _against_no_change(told: Document | None, currency: str) -> list[tuple[str, str]]:
    if told is None:
        return []
    if not told["is_known"]:
        return [("No change", f"cannot be told: {told['because']}")]
    return [
        (
            label,
            f"{money(told[name]['expected'], currency)}, {number(told[name]['low'])} to {number(told[name]['high'])}",
        )
        for label, name in (("Upside", "upside"), ("Downside", "downside"))
        if any(told[name].values())
    ]


def _inverse(inverse: Document) -> str:
    if "none_because" in inverse:
        return f"not at all: {inverse['none_because']}"
    told = ", ".join(f"{name} {_said(value)}" for name, value in inverse["parameters"].items())
    return f"{inverse['verb']} on the {inverse['subject_kind']} {inverse['subject_id']}{f': {told}' if told else ''}"
