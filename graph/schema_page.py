"""The reference page of the graph, written from the schema: `python -m graph.schema`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from graph.declarations import Kind, Property
from graph.schema import NODES, RELATIONSHIPS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "graph.md"

_HEAD = """\
# The reasoning graph

*Written from `graph/schema/` by `python -m graph.schema`. Do not edit this page; edit the schema.*

Times are UTC. Money is in the playbook's currency. A property without a value is absent. Whatever is marked *personal*
describes a person under a pseudonymous key: what stands in `identities` and `messages` never enters the graph. Columns
that a source adds to its customers do, and so do the reasons that people give for what they assert.

Two layers are loaded, each only where it changed. **knowledge** is what the tables say, loaded before a run decides;
**decisions** is what runs found and chose, loaded after. Both can be rebuilt from the lake.

- A *shopping day* is a local date with a sale of quantity and value above zero; spend is net of returns.
- `BOUGHT` a product is kept from the playbook's number of shopping days on (`graph: product_threshold_days`, 2 by
  default), from the first on where it is grown out of or used up (`depletion_days`), and only products that something
  refers to are here: bought on enough days, or named by an asset. All others are in the lake.
- `BOUGHT` is replaced when it changes. A belief (`INTERESTED_IN`, `PREFERS`, `OBJECTS_TO`, `TRIGGERED_BY`) is never
  overwritten: newer evidence closes it (`valid_to`) and opens the next, and without any it ends when its weight has
  faded, which is known from the start. Ask for `valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)` to
  get what is believed at a time.
- Decisions to do nothing are counts on their run; the record of every decision is in the lake.
- The path of a decision is literal:

```cypher
(:Customer)-[:HAS_MOTIVE]->(:Motive)-[:CONCERNS]->(:Category)<-[:ABOUT]-(:Asset)<-[:CHOSE]-(:Decision)
```
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(_lines())


def write_page() -> None:
    """Write the page to its place in the documentation."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Nodes\n"
    for node in NODES:
        yield f"### {node.label}\n"
        yield f"{node.doc} {_marks(node)}\n"
        key = Property(node.key, "text", "key", is_required=True, is_indexed=True)
        yield from _table((key, *node.properties))
        if node.has_attributes:
            yield "Further flat properties come with the data.\n"
    yield "## Relationships\n"
    for relationship in RELATIONSHIPS:
        yield f"### (:{relationship.source})-[:{relationship.type}]->(:{relationship.target})\n"
        yield f"{relationship.doc} {_marks(relationship)}\n"
        if relationship.identity:
            yield f"One per pair and {', '.join(f'`{name}`' for name in relationship.identity)}.\n"
        if relationship.properties:
            yield from _table(relationship.properties)


def _marks(kind: Kind) -> str:
    return f"*Layer {kind.layer}, {kind.sensitivity}.*"


def _table(properties: Sequence[Property]) -> Iterator[str]:
    yield "| property | type | always there | indexed | meaning |"
    yield "|---|---|---|---|---|"
    for one in properties:
        required, indexed = ("yes" if is_so else "" for is_so in (one.is_required, one.is_indexed))
        yield f"| `{one.name}` | {one.type} | {required} | {indexed} | {one.doc} |"
    yield ""
