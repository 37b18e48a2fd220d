"""The reference page of the plays, written from their declarations: `python -m decisioning.plays_page`."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from decisioning.play import Play, Threshold, Trace
from decisioning.plays import available
from decisioning.settings import OrderSettings

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "plays.md"

_HEAD = """\
# The plays

*Written from `decisioning/plays/` by `python -m decisioning.plays_page`. Do not edit this page; edit the plays.*

A play finds reasons to talk to customers now. `plays.yaml` switches plays on by naming them; a playbook without that
file has all of them on. A play whose tables have no rows finds nothing, and `warrant check` says which and why. Every
threshold below may be changed:

```yaml
plays:
  abandoned-intent:
    thresholds: {wait_hours: 2}
    answers: [reminder, cart-guide]        # kinds of assets, and assets by id, that answer it
    order:                                 # which messages come first, the first entry whose condition holds
      - when: customer.urgency_score >= 50
        first: [shipping, bundle]          # assets by id, kinds of offers, kinds of assets, topics
        last: [discount]
        because: In a hurry, and not for the price.
```

How an order works is told in [How a decision is made](../concepts/decisions.md); how a play is added in
[Add a play](../guides/add-a-play.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, _summary(), *(_play(play) for play in available().values())])


def write_page() -> None:
    """Write the page anew."""
    PAGE.write_text(page(), encoding="utf-8")


def _summary() -> str:
    rows = [
        f"| [{play.name}](#{play.name}) | {', '.join(play.subject_kinds)} | {_list(play.requires)} |"
        for play in available().values()
    ]
    return "\n".join(["| play | motives are about a | needs |", "|---|---|---|", *rows, ""])


def _play(play: Play) -> str:
    return "\n".join([f"## {play.name}", "", _doc(play), "", *_declared(play), ""])


def _doc(play: Play) -> str:
    """What the file says at its head: what the play finds, and the sentence it produces."""
    return inspect.cleandoc(sys.modules[type(play).__module__].__doc__ or "")


def _declared(play: Play) -> Iterator[str]:
    yield from _thresholds(play.defaults)
    yield f"- Rests on: {'; '.join(_trace(trace) for trace in play.traces) or 'what the playbook states'}."
    if play.facts:
        yield f"- Facts: {_list(play.facts)}."
    for order in play.orders:
        yield f"- Order: {_order(order)}"
    if play.is_for_new_products:
        yield "- Leaves out messages about products that the customer already bought."
    if play.is_for_products_in_stock:
        yield "- Leaves out messages about products that are out of stock."


def _thresholds(stated: Mapping[str, Threshold]) -> Iterator[str]:
    if stated:
        yield "| threshold | default | meaning |"
        yield "|---|---|---|"
        yield from (f"| `{name}` | {one.default:g} | {one.meaning} |" for name, one in stated.items())
        yield ""


def _trace(trace: Trace) -> str:
    start = f":{trace.start_label if trace.start is not None else 'Customer'}"
    end = f":{trace.end_label}" if trace.end is not None else "subject"
    return f"`({start})-[:{trace.type}]->({end})`"


def _order(order: OrderSettings) -> str:
    if order.is_stepwise:
        return f"concessions step by step, each counted as tried for {order.tried_days:g} days. {order.because}"
    parts = [f"{name} {_list(each)}" for name, each in (("first", order.first), ("last", order.last)) if each]
    return f"{', '.join(parts)}. {order.because}"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    write_page()
