"""The schema that is drawn for people is the schema: every relationship, and no other."""

import itertools
import re
from pathlib import Path

from graph.schema import RELATIONSHIPS

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "reasoning-graph.md"
ARROW = re.compile(r'\s*--\s*"?([^"]+?)"?\s*-->\s*')


def drawn() -> set[tuple[str, str, str]]:
    """Source, type and target of every arrow of the picture."""
    text = PAGE.read_text(encoding="utf-8")
    picture = text.split("```mermaid")[1].split("```")[0]
    found = set()
    for line in picture.splitlines():
        parts = ARROW.split(line.strip())
        ends, names = parts[::2], parts[1::2]
        for (left, right), name in zip(itertools.pairwise(ends), names, strict=True):
            for source, type_, target in itertools.product(left.split(" & "), name.split(" · "), right.split(" & ")):
                found.add((source, type_, target))
    return found


def test_the_picture_shows_every_relationship_of_the_schema_and_no_other() -> None:
    assert drawn() == {(kind.source, kind.type, kind.target) for kind in RELATIONSHIPS}
