"""Lineage: what every fact, run and decision was made from, and what came of it, as a directed graph without circles.

source file ▸ table version ▸ fact kind and rule ▸ view ▸ forecasts ▸ run ▸ decision ▸ export batch ▸ outcome, with
customers, assets, policies, playbook and code beside them. Edges lead from what something was made from to what it
became. Nothing here reads a file or a server: `Traced` holds what one run left behind.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from graph.errors import GraphError
from graph.lineage_sources import FACT_SOURCES, kind_of

if TYPE_CHECKING:
    from networkx import DiGraph

Direction = Literal["up", "down", "both"]

STAGES = (
    "source",
    "table",
    "row",
    "fact",
    "view",
    "model",
    "code",
    "playbook",
    "policy",
    "run",
    "customer",
    "asset",
    "decision",
    "batch",
    "outcome",
)
"""Kinds of nodes, in the order in which one becomes the other."""

_DIGITS = 16


class UnknownSubjectError(GraphError):
    """Nothing in the lineage goes by that name."""

    exit_code = 2


@dataclass(frozen=True, eq=False)
class Traced:
    """What one run left behind.

    Attributes:
        run_id: Its id.
        as_of: The moment it knows the world at.
        code: Version of the code.
        playbook: Digest of the playbook.
        tables: Content digest per canonical table.
        sources: Files and stores that each table is read from.
        facts: How many there are of each kind that it related.
        rules: Per kind of belief the rules behind it and the tables that their evidence is from.
        view: Digest of the view.
        models: Digest per forecast, and `model_tables` what they were fitted on.
        policies: Ids of the policies that it applied, with `policy_digest` for all of them.
        decisions: decision_id, customer_id, verb, is_ghost, asset_id, refused_by (mapping of policy to candidates),
            path (list of relationships).
        rows: Per decision the keys of single rows that its evidence rests on, such as `signals/s-17`.
        batches: Batch id and channel per delivered decision.
        outcomes: outcome_id, decision_id, name, occurred_at.
    """

    run_id: str
    as_of: datetime
    code: str
    playbook: str
    tables: Mapping[str, str]
    sources: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, int]
    view: str
    policies: tuple[str, ...]
    policy_digest: str
    decisions: pd.DataFrame
    rules: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    model_tables: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: pd.DataFrame | None = None


def lineage(runs: Iterable[Traced]) -> "DiGraph":
    """The lineage of some runs: nodes `kind/key` with `kind` and `text`, edges from causes to effects."""
    import networkx as nx

    graph = nx.DiGraph()
    for run in runs:
        _add_facts(graph, run)
        _add_run(graph, run)
        _add_decisions(graph, run)
    return graph


def find(graph: "DiGraph", subject: str) -> list[str]:
    """The nodes that a subject such as `customer/1`, `table/purchases` or `decision/20a2` means, in order.

    Raises:
        UnknownSubjectError: There is none.
    """
    kind, _, key = subject.partition("/")
    if subject in graph:
        return [subject]
    found = sorted(node for node in graph if node.startswith((f"{subject}@", f"{subject} by ")))
    if not found and kind in ("run", "decision", "outcome", "batch") and key:
        found = sorted(node for node in graph if node.startswith(subject))
    if not found:
        raise UnknownSubjectError(
            f"nothing here goes by `{subject}`.",
            where="lineage",
            remedy=f"Write it like customer/1; kinds are {', '.join(STAGES)}.",
        )
    return found


def ancestors(graph: "DiGraph", nodes: Iterable[str]) -> set[str]:
    """What the nodes were made from, near and far."""
    import networkx as nx

    nodes = list(nodes)
    return set().union(*(nx.ancestors(graph, node) for node in nodes)) - set(nodes)


def descendants(graph: "DiGraph", nodes: Iterable[str]) -> set[str]:
    """What came of the nodes, near and far."""
    import networkx as nx

    nodes = list(nodes)
    return set().union(*(nx.descendants(graph, node) for node in nodes)) - set(nodes)


def around(graph: "DiGraph", subject: str, direction: Direction = "both") -> "DiGraph":
    """The part of a lineage above or below a subject, the subject included.

    Raises:
        UnknownSubjectError: There is no such subject.
    """
    nodes = find(graph, subject)
    above = ancestors(graph, nodes) if direction != "down" else set()
    below = descendants(graph, nodes) if direction != "up" else set()
    return graph.subgraph({*nodes, *above, *below})


def in_order(graph: "DiGraph", nodes: Iterable[str]) -> list[str]:
    """Nodes by stage, then by name."""
    return sorted(nodes, key=lambda node: (STAGES.index(graph.nodes[node]["kind"]), node))


def _add_facts(graph: "DiGraph", run: Traced) -> None:
    """Sources, tables, facts and the view."""
    for table, digest in run.tables.items():
        node = _put(graph, "table", f"{table}@{digest[:_DIGITS]}", f"{table}, content {digest[:8]}")
        for source in run.sources.get(table, ()):
            graph.add_edge(_put(graph, "source", source, source), node)
    view = _put(graph, "view", run.view[:_DIGITS], f"the view {run.view[:8]} that the run decided from")
    for kind, count in run.facts.items():
        for fact, text, tables in _facts(run, kind):
            node = _put(graph, "fact", fact, f"{text}: {count:,} in all" if count else text)
            for table in tables:
                if table in run.tables:
                    graph.add_edge(_table(run, table), node)
            graph.add_edge(node, view)


def _facts(run: Traced, kind: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """A kind of facts, by rule where it has rules: key, text and the tables it is made from."""
    sources = FACT_SOURCES.get(kind, ())
    for rule, named in run.rules.get(kind, {}).items():
        yield f"{kind} by {rule}@{run.run_id}", f"{kind}, by the rule {rule}", [*named] or sources
    if not run.rules.get(kind):
        yield f"{kind}@{run.run_id}", kind, sources


def _add_run(graph: "DiGraph", run: Traced) -> None:
    """The run and everything that it used."""
    node = _put(graph, "run", run.run_id, f"the run for {run.as_of.isoformat()}")
    used = [f"view/{run.view[:_DIGITS]}", *(_table(run, table) for table in run.tables)]
    used.append(_put(graph, "code", run.code[:_DIGITS], f"code {run.code[:8]}"))
    used.append(_put(graph, "playbook", run.playbook[:_DIGITS], f"playbook {run.playbook[:8]}"))
    for policy in run.policies:
        policy_node = _put(graph, "policy", _policy(run, policy), f"policy {policy}")
        graph.add_edge(f"playbook/{run.playbook[:_DIGITS]}", policy_node)
        used.append(policy_node)
    for model, digest in run.models.items():
        model_node = _put(graph, "model", f"{model}@{digest[:_DIGITS]}", f"forecast {model}")
        for table in run.model_tables:
            if table in run.tables:
                graph.add_edge(_table(run, table), model_node)
        used.append(model_node)
    graph.add_edges_from((each, node) for each in used)


def _add_decisions(graph: "DiGraph", run: Traced) -> None:
    """Decisions with what they are for, what they chose and rest on, who refused what, and what came of them."""
    for record in run.decisions.to_dict("records"):
        decision_id = str(record["decision_id"])
        decision = _put(graph, "decision", decision_id, _said(record))
        graph.add_edge(f"run/{run.run_id}", decision)
        for node in _beside(graph, run, record):
            graph.add_edge(node, decision)
        for step in record["path"]:
            if (kind := kind_of(step)) is not None:
                graph.add_edge(_fact(graph, run, kind, step.get("properties", {}).get("rule")), decision)
        _add_rows(graph, run, decision_id, f"customer/{record['customer_id']}")
        if decision_id in run.batches:
            batch, channel = run.batches[decision_id]
            graph.add_edge(decision, _put(graph, "batch", batch, f"batch {batch} for {channel}"))
    if run.outcomes is not None:
        _add_outcomes(graph, run, run.outcomes)


def _add_rows(graph: "DiGraph", run: Traced, decision_id: str, customer: str) -> None:
    """The single rows that a decision's evidence rests on, which are facts about its customer."""
    for key in run.rows.get(decision_id, ()):
        row = _put(graph, "row", key, key)
        if (table := key.split("/", 1)[0]) in run.tables:
            graph.add_edge(_table(run, table), row)
        graph.add_edges_from((row, effect) for effect in (customer, f"decision/{decision_id}"))


def _add_outcomes(graph: "DiGraph", run: Traced, outcomes: pd.DataFrame) -> None:
    for outcome in outcomes.to_dict("records"):
        if (decision := f"decision/{outcome['decision_id']}") in graph:
            text = f"{outcome['name']} at {outcome['occurred_at'].isoformat()}"
            node = _put(graph, "outcome", str(outcome["outcome_id"]), text)
            graph.add_edge(decision, node)
            if (delivered := run.batches.get(str(outcome["decision_id"]))) is not None:
                graph.add_edge(f"batch/{delivered[0]}", node)


def _beside(graph: "DiGraph", run: Traced, record: Mapping[Any, Any]) -> Iterator[str]:
    """The customer, the asset and the policies of a decision."""
    for kind, key, table in (
        ("customer", record["customer_id"], "customers"),
        ("asset", record["asset_id"], "assets"),
    ):
        if isinstance(key, str):
            node = _put(graph, kind, key, key)
            if table in run.tables:
                graph.add_edge(_table(run, table), node)
            if kind == "customer":
                graph.add_edges_from((fact, node) for fact in _about_customers(run))
            yield node
    for policy in record["refused_by"]:
        yield _put(graph, "policy", _policy(run, policy), f"policy {policy}")


def _about_customers(run: Traced) -> Iterator[str]:
    """The facts that are known of customers: whatever starts at one."""
    for kind in run.facts:
        if kind.split(" ", 1)[0] == "Customer":
            yield from (f"fact/{key}" for key, _, _ in _facts(run, kind))


def _fact(graph: "DiGraph", run: Traced, kind: str, rule: object) -> str:
    """The node of the facts of a kind, of their rule where that is known."""
    by_rule = f"fact/{kind} by {rule}@{run.run_id}"
    if by_rule in graph or rule in run.rules.get(kind, {}):
        return by_rule
    node = f"{kind}@{run.run_id}"
    if f"fact/{node}" not in graph:
        _put(graph, "fact", node, kind)
        tables = [table for table in FACT_SOURCES.get(kind, ()) if table in run.tables]
        graph.add_edges_from((_table(run, table), f"fact/{node}") for table in tables)
    return f"fact/{node}"


def _said(record: Mapping[Any, Any]) -> str:
    what = f"send {record['asset_id']}" if record["verb"] == "send" else "do nothing"
    return f"{what} for {record['customer_id']}" + (", held out" if record["is_ghost"] else "")


def _table(run: Traced, table: str) -> str:
    return f"table/{table}@{run.tables[table][:_DIGITS]}"


def _policy(run: Traced, policy: str) -> str:
    return f"{policy}@{run.policy_digest[:_DIGITS]}"


def _put(graph: "DiGraph", kind: str, key: str, text: str) -> str:
    node = f"{kind}/{key}"
    graph.add_node(node, kind=kind, text=text)
    return node
