"""A model's card as a page for people, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def card_page(card: Mapping[str, Any], digest: str) -> str:
    """The page.

    Args:
        card: The content of `card.json`.
        digest: The model's hash.
    """
    verdict = "It beats what it has to beat." if card["is_better"] else "It does NOT beat what it has to beat."
    parts = [
        f"# {card['name']}: {card['subject']}",
        f"Model `{digest}` of the playbook `{card['playbook']}`. {verdict}",
        _facts(card),
    ]
    if card["notes"]:
        parts.append("## Before you trust it\n\n" + "\n".join(f"- {note}" for note in card["notes"]))
    parts.append("## Scores\n\n" + _table(card["scores"], ("model", "metric", "value", "low", "high", "rows")))
    if card["against"]:
        columns = ("rival", "metric", "difference", "low", "high", "wins")
        parts.append("## Against each rival\n\nOurs minus the rival's.\n\n" + _table(card["against"], columns))
    data = [{"table": table, "content": digest} for table, digest in sorted(card["data"].items())]
    parts.append("## Learnt from\n\n" + _table(data, ("table", "content")))
    settings = [{"setting": name, "value": value} for name, value in sorted(card["parameters"].items())]
    parts.append("## Settings\n\n" + _table(settings, ("setting", "value")))
    return "\n\n".join(parts) + "\n"


def _facts(card: Mapping[str, Any]) -> str:
    return (
        f"- Learnt from rows before {card['trained_until']}; judged on those from then until {card['as_of']}.\n"
        f"- Splits: {card['splits']}\n"
        f"- Seed {card['seed']}, code `{card['code_version'][:16]}`."
    )


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    lines = [_line(columns), _line("---" for _ in columns)]
    return "\n".join([*lines, *(_line(_said(row.get(column)) for column in columns) for row in rows)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
