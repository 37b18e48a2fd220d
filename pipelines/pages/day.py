"""The page of a day: what was decided, what was not said and why, what the limits are worth. It names no customer."""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from decisioning.boosts import boost_sentences
from decisioning.price_words import price_sentences
from pipelines.pages import write_page
from pipelines.pages.customer import amount
from pipelines.pages.drawing import BLUE, GREY, ORANGE, Bar, bars
from pipelines.telling import because

PAGE = "day.html"
MOST_BRIEFS = 12

Document = Mapping[str, Any]


def day_page(document: Document, unserved: Document | None) -> str:
    """The page as HTML.

    Args:
        document: The object of `warrant run`, of a run that has decided.
        unserved: What was not said, as `unserved_of` gives it; None where that was not measured.
    """
    from jinja2 import Environment, StrictUndefined

    template = files("pipelines.pages").joinpath("day.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"amount": amount, "because": because}
    rows = [row for row in document["plays"] if row["eligible"] or row["sent"] or row["held_out"]]
    currency = document["currency"]
    binding = price_sentences(document, currency, lambda price: f"{amount(price)} {currency}")
    refused = sorted(((name, count) for name, count in document["refused_by_policy"].items() if count), key=_most)
    return environment.from_string(template).render(
        day=document,
        day_name=_day_name(document["as_of_day"]),
        rows=rows,
        margins=bars(
            [
                Bar(f"{row['play']} · {row['channel']}", row["margin"], f"{row['sent']:,} sent")
                for row in rows
                if row["sent"]
            ],
            label="Expected incremental margin by play and channel",
            digits=2,
        ),
        gap_pct=100 * max(1 - document["value"] / document["bound"], 0.0) if document["bound"] > 0 else 0.0,
        binding=binding,
        favoured=boost_sentences(document, lambda cost: f"{amount(cost)} {currency}"),
        refused=refused,
        reasons=sorted(document["none_by_reason"].items(), key=_most),
        unserved=unserved,
        causes=_causes(unserved),
        briefs=[row for row in unserved["rows"] if row["play"]][:MOST_BRIEFS] if unserved else [],
    )


def write_day_page(document: Document, unserved: Document | None, folder: Path) -> Path:
    """Write the page into the folder of a run's exports.

    Raises:
        UsageError: It cannot be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write_page(day_page(document, unserved), folder / PAGE)


def _causes(unserved: Document | None) -> str:
    """Customers who were sent nothing, by what stood in the way."""
    if not unserved:
        return ""
    rows = [
        Bar(
            row["cause"],
            float(row["customers"]),
            f"{amount(row['value'])} {unserved['currency']}",
            _colour(row["cause"]),
        )
        for row in unserved["by_cause"]
    ]
    return bars(rows, label="Customers without a message, by cause", digits=0)


def _colour(cause: str) -> str:
    if cause in ("no reason to talk", "not worth it"):
        return GREY
    return BLUE if cause == "limits" else ORANGE


def _most(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _day_name(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{found:%A}, {found.day} {found:%B %Y}"
