"""Deciding customer by customer over a NetworkX graph, in an environment of its own: run by `decide_rivals`.

    python -m benchmarks.decide_rival_networkx FOLDER CUSTOMERS

For each of some customers, spread over all: the topics they are interested in, the assets about these, the channels
that they agreed to and the asset fits, each of the twenty policies on each candidate until one refuses, the value of
what is left, and the best two of each channel. Building the graph is not counted, and no limit is looked at. Prints one
line of JSON, with the candidates and the most valuable one of each customer.
"""

import heapq
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import networkx as nx
import numpy as np
import polars as pl

from benchmarks.rival_rules import OF_CUSTOMER_AND_CHANNEL, in_words, written
from benchmarks.rival_tables import attributes, caps, codes, table

EACH = 2
NOT_REACHED = dict.fromkeys(OF_CUSTOMER_AND_CHANNEL, False)


def main() -> int:
    """Measure and print."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    total = len(table(folder, "customers"))
    customers = [total * place // count for place in range(count)]
    graph, reached = graph_of(folder, customers), reached_by(folder, customers)
    rules = [compile(in_words(condition), policy, "eval") for policy, condition in written(codes(folder)).items()]
    factors = np.load(folder / "factors.npz")
    gain = {name: factors[name] for name in factors.files}
    began = time.perf_counter()
    found = [looked_at(graph, ("customer", customer), reached, rules, gain) for customer in customers]
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "customers": customers,
                "seconds": round(seconds, 2),
                "customers_per_second": round(count / seconds, 1),
                "candidates": [met for met, _, _ in found],
                "allowed": [allowed for _, allowed, _ in found],
                "best": [best for _, _, best in found],
            }
        )
    )
    return 0


def graph_of(folder: Path, customers: list[int]) -> Any:
    """Customers, topics, assets and channels with their columns, and what links them."""
    graph: Any = nx.DiGraph()
    of_customer, of_asset = attributes(folder)
    costs = table(folder, "assets").select("asset", "expected_cost")
    for row in of_customer.filter(pl.col("customer").is_in(customers)).iter_rows(named=True):
        graph.add_node(("customer", row["customer"]), **row)
    for row in of_asset.join(costs, on="asset").iter_rows(named=True):
        graph.add_node(("asset", row["asset"]), **row)
    for row in table(folder, "channels").iter_rows(named=True):
        graph.add_node(("channel", row["channel"]), **row)
    for name, source, target in (("interests", "customer", "topic"), ("consents", "customer", "channel")):
        links = table(folder, name).filter(pl.col("customer").is_in(customers))
        graph.add_edges_from(((source, one), (target, other)) for one, other in links.iter_rows())
    graph.add_edges_from((("topic", topic), ("asset", asset)) for asset, topic in table(folder, "about").iter_rows())
    graph.add_edges_from((("asset", asset), ("channel", where)) for asset, where in table(folder, "fits").iter_rows())
    return graph


def reached_by(folder: Path, customers: list[int]) -> dict[tuple[int, int], dict[str, bool]]:
    """The caps that some customers have reached, by customer and channel."""
    rows = caps(folder).filter(pl.col("customer").is_in(customers)).iter_rows(named=True)
    return {(row["customer"], row["channel"]): row for row in rows}


def looked_at(
    graph: Any,
    node: tuple[str, int],
    reached: Mapping[tuple[int, int], Mapping[str, bool]],
    rules: list[CodeType],
    gain: Mapping[str, Any],
) -> tuple[int, int, float | None]:
    """How many candidates a customer has, how many are allowed, and what the most valuable of these is worth."""
    customer = node[1]
    agreed, assets = set(), set()
    for neighbour in graph.successors(node):
        if neighbour[0] == "channel":
            agreed.add(neighbour)
        else:
            assets.update(graph.successors(neighbour))
    own = gain["customer_factor"][customer]
    level = gain["intercept"] + gain["customer_effect"][customer]
    best: dict[int, list[tuple[float, int]]] = {}
    met, allowed = 0, 0
    for asset in assets:
        of_asset = graph.nodes[asset]
        for channel in graph.successors(asset):
            met += 1
            if channel not in agreed:
                continue
            caps_reached = reached.get((customer, channel[1]), NOT_REACHED)
            row = {**graph.nodes[node], **of_asset, **caps_reached, "channel": channel[1]}
            if any(eval(rule, {}, row) for rule in rules):  # noqa: S307 -- the benchmark's own rules
                continue
            allowed += 1
            costs, place = graph.nodes[channel], channel[1]
            factor = gain["asset_factor"][asset[1]] + gain["channel_factor"][place]
            value = level + gain["asset_effect"][asset[1]] + gain["channel_effect"][place] + float(own @ factor)
            value -= of_asset["expected_cost"] + costs["touch_cost"] + costs["opt_out_cost"]
            heapq.heappush(best.setdefault(place, []), (float(value), asset[1]))
            if len(best[place]) > EACH:
                heapq.heappop(best[place])
    return met, allowed, max((max(kept)[0] for kept in best.values()), default=None)


if __name__ == "__main__":
    sys.exit(main())
