"""The picture of a decision shows its literal path, and what was refused in grey."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UsageError
from pipelines.path_picture import COLOURS, GREY, KNOWN_ABOUT, decision_graph, draw_path

Document = dict[str, Any]
MOTIVE = "Motive/favourites:category/TEA"


def step(start: str, kind: str, end: str, **properties: object) -> Document:
    return {"from": start, "type": kind, "to": end} | ({"properties": properties} if properties else {})


@pytest.fixture
def card() -> Document:
    return {
        "customer_id": "ann <&> $5",
        "as_of_day": "2026-03-06",
        "run_id": "0123456789abcdef",
        "currency": "EUR",
        "confidence": 0.6,
        "evidence_grade": "assumed",
        "value": {"total": 1.5},
        "action": {"verb": "send", "is_ghost": False, "title": "$1.00 off tea", "channel": "email"},
        "motive": {"sentence": "Tea is a favourite."},
        "path": [
            step("Customer/ann <&> $5", "INTERESTED_IN", "Category/TEA", confidence=0.875, rule="repeat-purchase"),
            step("Customer/ann <&> $5", "HAS_MOTIVE", MOTIVE),
            step(MOTIVE, "CONCERNS", "Category/TEA"),
            step("Asset/tea-time", "ABOUT", "Category/TEA"),
            step("Asset/tea-time", "FITS", "Channel/email"),
        ],
        "alternatives": [
            {"title": "Half price", "channel": "email", "value": 2.0, "why_not": "refused by no-deep-discounts"}
        ],
    }


@pytest.fixture
def silence(card: Document) -> Document:
    action = {"verb": "none", "is_ghost": False, "none_reason": "refused by policy: no-deep-discounts"}
    return card | {"path": [], "motive": None, "value": None, "confidence": None, "action": action}


def words(path: Path) -> str:
    """Every word written in an SVG, in order."""
    return " ".join(" ".join(ET.fromstring(path.read_text()).itertext()).split())  # noqa: S314 -- our own file


def test_every_step_of_the_path_is_an_arrow_and_every_label_has_its_colour(card: Document) -> None:
    graph = decision_graph(card)
    assert {(source, target) for source, target in graph.edges() if not target.startswith("Alternative")} == {
        (one["from"], one["to"]) for one in card["path"]
    }
    colours = {node.split("/")[0]: data["colour"] for node, data in graph.nodes(data=True)}
    assert colours == {
        **{label: COLOURS[label] for label in ("Customer", "Motive", "Asset", "Channel")},
        "Category": KNOWN_ABOUT,
        "Alternative": GREY,
    }


def test_no_two_boxes_lie_on_each_other(card: Document) -> None:
    card["path"].insert(0, step("Customer/ann <&> $5", "BOUGHT", "Product/green", count=3))
    card["path"].append(step("Asset/tea-time", "CARRIES", "Offer/half"))
    card["alternatives"] *= 3
    places = [data["place"] for _, data in decision_graph(card).nodes(data=True)]
    assert len(set(places)) == len(places)


def test_the_picture_says_evidence_with_confidence_and_why_alternatives_were_refused(
    card: Document, tmp_path: Path
) -> None:
    path = draw_path(card, tmp_path / "why.svg")
    text = words(path)
    for said in (
        "Tea is a favourite.",
        "ann <&> $5",
        "INTERESTED_IN",
        "confidence 0.875",
        "HAS_MOTIVE",
        "$1.00 off tea",
        "refused by no-deep-discounts",
        "worth 1.5000 EUR · confidence 0.60 (assumed)",
    ):
        assert said in text


def test_the_same_decision_gives_the_same_file(card: Document, tmp_path: Path) -> None:
    one, other = (draw_path(card, tmp_path / name).read_bytes() for name in ("one.svg", "other.svg"))
    assert one == other
    assert draw_path(card, tmp_path / "why.PNG").read_bytes().startswith(b"\x89PNG")


def test_doing_nothing_and_ghosts_have_pictures_too(card: Document, silence: Document, tmp_path: Path) -> None:
    text = words(draw_path(silence, tmp_path / "silence.svg"))
    assert "say nothing (refused by policy: no-deep-discounts)" in text
    assert "Half price by email" in text
    card["action"]["is_ghost"] = True
    assert "held out: recorded, never sent" in words(draw_path(card, tmp_path / "ghost.svg"))


@pytest.mark.parametrize("name", ["why.pdf", "why", "nowhere/why.svg"])
def test_an_ending_or_folder_that_is_none_is_said(card: Document, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        draw_path(card, tmp_path / name)
