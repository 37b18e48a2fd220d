"""The page of one decision about a customer: one file that opens anywhere, with its pictures."""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from forecasting.frames import CADENCE
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.pages import write_page
from pipelines.pages.drawing import GREEN, GREY, ORANGE, Bar, Due, Purchase, bars, timeline
from pipelines.running import day_of_run
from pipelines.stored import canonical_tables, empty_table
from pipelines.telling import because, change_in_words, outcome_in_words

SHOWN_DAYS = 182
CATEGORY = "category/"
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

Card = Mapping[str, Any]


def customer_page(day: Day, card: Card) -> str:
    """The page as HTML.

    Args:
        day: Of the playbook.
        card: As `explain_customer` gives it.
    """
    from jinja2 import Environment, StrictUndefined

    day = day_of_run(day, card["run_id"])
    run = day.current_run()
    template = files("pipelines.pages").joinpath("customer.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.globals |= {
        "amount": amount,
        "change": lambda flip: change_in_words(flip, card["currency"]),
        "outcome": outcome_in_words,
        "because": because,
        "stage": lambda name: STAGES.get(name, name),
        "term": lambda name: TERMS.get(name, name.replace("_", " ")),
    }
    return environment.from_string(template).render(
        card=card,
        preview=_preview(day, card),
        timeline=_timeline(day, run, card),
        terms=_terms(card),
        others=_others(card),
        path=_path(card),
    )


def write_customer_page(day: Day, card: Card, path: Path) -> Path:
    """Write the page.

    Raises:
        UsageError: It cannot be written there.
    """
    return write_page(customer_page(day, card), path)


def amount(value: float | None) -> str:
    """With hundredths of cents below one; never minus nothing."""
    if value is None:
        return "—"
    digits = 2 if abs(value) >= 1 else 4
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _preview(day: Day, card: Card) -> dict[str, Any] | None:
    """What the customer would see: the content's title and text, its offer; None where nothing is said."""
    action = card["action"]
    if action["verb"] == "none":
        return None
    body = next((one.body for one in day.playbook.content if one.front.asset_id == action["asset_id"]), "")
    paragraphs = [part.strip() for part in body.split("\n\n") if part.strip()]
    return {
        "title": action["title"],
        "paragraphs": paragraphs,
        "offer": action["offer_id"],
        "channel": action["channel"],
    }


def _timeline(day: Day, run: RunRow, card: Card) -> str | None:
    """The customer's shopping days, what the motive is about standing out; None where nothing was bought."""
    subject = card["motive"]["subject"] if card["motive"] else _nearest_subject(card)
    customer_id = card["customer_id"]
    pin = run.pins.get("purchases")
    found = (
        empty_table("purchases")
        if pin is None
        else day.lake.read("purchases", pin.version, only={"customer_id": [customer_id]})
    )
    today = date.fromisoformat(card["as_of_day"])
    found = found[found["occurred_at"] < run.identity.as_of]
    found = found[found["occurred_at"] >= run.identity.as_of - pd.Timedelta(days=SHOWN_DAYS)]
    if found.empty:
        return None
    products = canonical_tables(day, run, ["products"])["products"].set_index("product_id")["category_id"]
    category = found["product_id"].map(products).astype(object)
    wanted = _category_of(subject, products)
    local = found["occurred_at"].dt.tz_convert(ZoneInfo(day.playbook.timezone)).dt.date
    is_about = (category == wanted).to_numpy() if wanted else [False] * len(found)
    rows = pd.DataFrame({"day": local.to_numpy(), "spent": found["net_value"].to_numpy(float), "is_about": is_about})
    days = rows.groupby(["is_about", "day"], as_index=False).agg(spent=("spent", "sum"))
    columns = (days[name].tolist() for name in ("day", "spent", "is_about"))
    purchases = [Purchase(*row) for row in zip(*columns, strict=True)]
    is_sent = card["action"]["verb"] == "send" and not card["action"]["is_ghost"]
    return timeline(
        purchases,
        today,
        about=str(subject).removeprefix(CATEGORY) if subject else "what the message is about",
        due=_due(day, run, customer_id, wanted) if wanted else None,
        sends_on=date.fromisoformat(card["action"]["send_at_local"][:10]) if is_sent else None,
    )


def _nearest_subject(card: Card) -> str | None:
    return card["alternatives"][0].get("subject") if card["alternatives"] else None


def _category_of(subject: str | None, products: "pd.Series[Any]") -> str | None:
    kind, _, key = (subject or "").partition("/")
    if kind == "category":
        return key
    return str(products[key]) if kind == "product" and key in products.index else None


def _due(day: Day, run: RunRow, customer_id: str, category_id: str) -> Due | None:
    """When the next purchase in a category is expected: the middle 80 % of the predicted interval."""
    only = {"run_id": [run.run_id], "customer_id": [customer_id], "category_id": [category_id]}
    found = day.lake.read_results(CADENCE, only=only)
    if found.empty:
        return None
    row = found.iloc[0]
    zone = ZoneInfo(day.playbook.timezone)
    ends = [
        row["last_at"] + pd.Timedelta(days=float(row[name])) for name in ("interval_low_days", "interval_high_days")
    ]
    if not all(pd.notna(end) for end in (*ends, row["due_at"])):
        return None
    low, middle, high = (pd.Timestamp(end).tz_convert(zone).date() for end in (ends[0], row["due_at"], ends[1]))
    return Due(low, middle, high)


def _terms(card: Card) -> str:
    if not card["value"]:
        return ""
    rows = [
        Bar(TERMS.get(name, name), value, colour=ORANGE if value < 0 else GREEN)
        for name, value in card["value"].items()
        if name not in ("total", "expected_margin_with_touch", "expected_margin_without")
    ]
    gain = card["value"]["expected_margin_with_touch"] + card["value"]["expected_margin_without"]
    rows = [
        Bar("margin that the message adds", gain),
        *rows,
        Bar(TERMS["total"], card["value"]["total"], colour="#2f6db3"),
    ]
    return bars([row for row in rows if row.amount], label="What the message is worth, term by term")


def _others(card: Card) -> str:
    own = card["action"]
    rows = []
    if own["verb"] == "send":
        rows.append(Bar(f"{own['title']} · {own['channel']}", card["value"]["total"], "chosen"))
    rows += [
        Bar(f"{one['title']} · {one['channel']}", one["value"], one["why_not"], GREY) for one in card["alternatives"]
    ]
    return bars(rows, label="The decision and its alternatives by what they are worth")


def _path(card: Card) -> str | None:
    """The path as a picture; None where nothing is said."""
    from pipelines.path_picture import path_address

    return path_address(card) if card["path"] else None
