"""What runs found and chose, as the layer `decisions`: motives, sends and ghosts, the run and the versions it used.

Decisions to do nothing are counts on their run; every record is in the lake. The layer is the fold of all runs: each
adds to what the runs before it left, so it can be rebuilt by projecting the runs of the lake one after the other.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

from graph.action_rows import decided_for, with_actions
from graph.content import normal_form
from graph.decision_retention import EVERYTHING, Retention
from graph.decision_rows import (
    ABOUT_LABELS,
    SUBJECT_LABELS,
    RunFacts,
    about,
    concerns,
    motive_nodes,
    run_tables,
)
from graph.declarations import Kind, Relationship
from graph.load import LoadReport, load, loaded_tables
from graph.read_content import read_keys, read_kinds
from graph.schema import KINDS, NODE, RELATIONSHIP, kinds_of
from graph.store import GraphStore

__all__ = ["Findings", "Retention", "RunFacts", "decision_tables", "project_run"]

Tables = Mapping[str, pd.DataFrame]

HAS_MOTIVE = "Customer HAS_MOTIVE Motive"
NEWS_IN_STRENGTH = 0.1
NEWS_IN_TIME = timedelta(days=1)
BELONGING = ("Customer WORKS_AT Account", "Asset PART_OF Campaign")
KNOWN_LABELS = tuple(dict.fromkeys(("Customer", "Asset", "Offer", "Channel", *SUBJECT_LABELS, *ABOUT_LABELS)))


@dataclass(frozen=True, eq=False)
class Findings:
    """What a run leaves for the graph, as it lies in the lake.

    Attributes:
        motives: customer_id, play, subject (`category/…`, `product/…`, `campaign/…`), strength, starts_at, until,
            sentence, evidence.
        records: One row per customer: decision_id, customer_id, verb, is_ghost, play, subject, asset_id, channel_id,
            none_reason, refusals (list of policy and candidates) and the properties of the label Decision; where they
            are known, offer_id, evidence and link (JSON lists of relationships).
        outcomes: `graph.decision_outcomes.OUTCOME_COLUMNS`: all that is known by now, by this run or a later one. None:
            those of the layer stay.
        decided_later: Customers whom a run for a later moment has decided; it speaks for them, this one does not.
        asked_for: Ids of decisions to have in the graph whatever the retention says.
        actions: Actions beside messages, as `graph.action_rows.with_actions` takes them; all of them stay.
    """

    motives: pd.DataFrame
    records: pd.DataFrame
    outcomes: pd.DataFrame | None = None
    decided_later: Collection[str] = ()
    asked_for: Collection[str] = ()
    actions: pd.DataFrame | None = None


def project_run(
    store: GraphStore,
    state_folder: Path,
    run: RunFacts,
    findings: Findings,
    *,
    retention: Retention = EVERYTHING,
    report: Callable[[str], None] | None = None,
) -> LoadReport:
    """Write a decided run into the graph, beside the runs before it.

    Args:
        store: The graph, its layer `knowledge` loaded.
        state_folder: Where the content loaded last is kept, the same as for `knowledge`.
        run: The run.
        findings: What it found and decided.
        retention: Which decisions stay.
        report: Told, in sentences, what is being written.
    """
    tables = decision_tables(
        run,
        findings,
        known=read_keys(store, KNOWN_LABELS),
        belonging={
            name: table.to_pandas()
            for name, table in read_kinds(store, [RELATIONSHIP[kind] for kind in BELONGING]).items()
        },
        earlier=loaded_tables(store, state_folder, "decisions"),
        retention=retention,
    )
    return load(store, state_folder, "decisions", tables, report=report)


def decision_tables(
    run: RunFacts,
    findings: Findings,
    *,
    known: Mapping[str, pd.Index],
    belonging: Tables | None = None,
    earlier: Tables | None = None,
    retention: Retention = EVERYTHING,
) -> dict[str, pd.DataFrame]:
    """The rows that the layer `decisions` should hold after a run.

    Runs before it stay; this very run is replaced, except for decisions that somebody had asked for. A run speaks for
    all customers that it decided and no later run did: their motives are those that it found. A motive that is no news
    stays the row that it was, with the run that found it so first.

    Args:
        run: The run.
        findings: What it found and decided.
        known: Keys of the nodes that there are, of the labels of `KNOWN_LABELS`. What runs say about others is left
            out, since the graph may know a later day than the run; so is a link to a subject that is no node.
        belonging: Pairs of the kinds of `BELONGING`, which decide what a decision is about besides its own path.
        earlier: The layer as it was, None or empty for none.
        retention: Which decisions stay.

    Returns:
        One table per kind of the layer.

    Raises:
        GraphContentError: A policy refused something and is not listed among those of the run.
    """
    is_kept = retention.kept(findings.records, {*findings.asked_for, *_present(earlier, findings.records)})
    made = findings.records[is_kept]
    rows = run_tables(run, findings.motives, findings.records, is_kept) | about(made, belonging or {})
    mine = _of_what_is_there(with_actions(rows, run, findings.actions), known)
    kept = _kept(earlier or {}, run, known, retention)
    motives = _standing(kept.get(HAS_MOTIVE), mine.pop(HAS_MOTIVE), findings)
    merged = {name: _joined(KINDS[name], kept.get(name), frame) for name, frame in mine.items()}
    merged[HAS_MOTIVE] = motives
    named = [merged[name]["to_key"] for name in (HAS_MOTIVE, "Decision BECAUSE Motive")]
    merged["Motive"] = motive_nodes(pd.concat(named))
    outcomes = _outcomes(findings.outcomes, kept, merged["Decision"]["decision_id"])
    return merged | concerns(merged["Motive"], known) | _used_versions(merged) | outcomes


def _present(earlier: Tables | None, records: pd.DataFrame) -> "pd.Series[str]":
    """The decisions that the layer has already as they were made: by the sample, or because somebody asked for them."""
    if not earlier:
        return pd.Series([], dtype=object)
    return records[["decision_id", "verb"]].merge(earlier["Decision"][["decision_id", "verb"]])["decision_id"]


def _kept(
    earlier: Tables, run: RunFacts, known: Mapping[str, pd.Index], retention: Retention
) -> dict[str, pd.DataFrame]:
    """What stays of the runs before: their decisions and motives, as far as the nodes they name are still there."""
    if not earlier:
        return {}
    kept = _of_what_is_there({kind.kind: earlier[kind.kind] for kind in kinds_of("decisions")}, known)
    runs = kept["Run"][kept["Run"]["run_id"] != run.run_id]
    if (oldest := retention.oldest(run.as_of)) is not None:
        runs = runs[runs["as_of"] >= oldest]
    decisions = kept["Decision"][kept["Decision"]["run_id"].isin(runs["run_id"])]
    told = {"Run": pd.Index(runs["run_id"]), "Decision": pd.Index(decisions["decision_id"])}
    return {name: _between(told, KINDS[name], frame) for name, frame in kept.items()} | {
        "Run": runs,
        "Decision": decisions,
    }


def _of_what_is_there(tables: Tables, known: Mapping[str, pd.Index]) -> dict[str, pd.DataFrame]:
    """What is said about nodes that there are; a decision for a customer who is gone goes with them."""
    there = {name: _between(known, KINDS[name], frame) for name, frame in tables.items()}
    decisions = there["Decision"]
    decisions = decisions[decisions["decision_id"].isin(decided_for(there))]
    made = {"Decision": pd.Index(decisions["decision_id"])}
    return {name: _between(made, KINDS[name], frame) for name, frame in there.items()} | {"Decision": decisions}


def _between(nodes: Mapping[str, pd.Index], kind: Kind, frame: pd.DataFrame) -> pd.DataFrame:
    """The relationships whose ends are among the nodes, where nodes of that label are given; other rows all stay."""
    if isinstance(kind, Relationship):
        for label, end in ((kind.source, "from_key"), (kind.target, "to_key")):
            if label in nodes:
                frame = frame[frame[end].isin(nodes[label])]
    return frame


def _joined(kind: Kind, kept: pd.DataFrame | None, mine: pd.DataFrame) -> pd.DataFrame:
    """Earlier rows and those of this run; the same node or pair once, as this run says it."""
    tables = [normal_form(kind, frame) for frame in (kept, mine) if frame is not None]
    joined: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas(integer_object_nulls=True)
    return joined.drop_duplicates(list(kind.key_columns), keep="last", ignore_index=True)


def _standing(kept: pd.DataFrame | None, mine: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """The motives that stand: this run's for the customers it speaks for, the earlier ones for all others."""
    kind = KINDS[HAS_MOTIVE]
    said = findings.records["customer_id"]
    spoken_for = pd.Index(said[~said.isin(findings.decided_later)])
    found: pd.DataFrame = normal_form(kind, mine[mine["from_key"].isin(spoken_for)]).to_pandas()
    if kept is None:
        return found
    before: pd.DataFrame = normal_form(kind, kept).to_pandas()
    known = found[[*kind.key_columns]].merge(before, on=list(kind.key_columns), how="left")
    is_old = _says_the_same(found, known)
    told = found.mask(is_old, known[found.columns]) if is_old.any() else found
    return pd.concat([before[~before["from_key"].isin(spoken_for)], told], ignore_index=True)


def _says_the_same(found: pd.DataFrame, known: pd.DataFrame) -> "pd.Series[bool]":
    """Which motives are no news: as strong as they were known to be, as long, in the same words, for the same reasons.

    Strength and end move a little with every day and every fit; the run's own numbers are in the lake and, as the
    weight of BECAUSE, beside its decisions.
    """
    is_close = (found["strength"] - known["strength"]).abs() < NEWS_IN_STRENGTH
    is_as_long = (found["until"] - known["until"]).abs() < NEWS_IN_TIME
    same: pd.Series[bool] = known["found_by"].notna()
    same &= is_close | (found["strength"].isna() & known["strength"].isna())
    same &= is_as_long | (found["until"].isna() & known["until"].isna())
    for name in ("sentence", "evidence"):
        same &= (found[name] == known[name]) | (found[name].isna() & known[name].isna())
    return same


def _outcomes(told: pd.DataFrame | None, kept: Tables, decisions: "pd.Series[str]") -> dict[str, pd.DataFrame]:
    """The outcomes of the decisions in the layer, as the newest word on them has it."""
    node, relationship = "Outcome", "Outcome OF Decision"
    if told is None:
        pairs = kept.get(relationship, pd.DataFrame({"from_key": [], "to_key": []}, dtype=object))
        nodes = kept.get(node, pd.DataFrame({NODE[node].key: []}, dtype=object))
    else:
        pairs = told[["outcome_id", "decision_id"]].set_axis(["from_key", "to_key"], axis="columns")
        nodes = told.drop(columns="decision_id")
    pairs = pairs[pairs["to_key"].isin(decisions)]
    return {node: nodes[nodes[NODE[node].key].isin(pairs["from_key"])], relationship: pairs}


def _used_versions(merged: Tables) -> dict[str, pd.DataFrame]:
    """The versions that a run of the layer used."""
    used = {}
    for label in ("TableVersion", "ModelVersion", "PolicyVersion"):
        versions = merged[label]
        used[label] = versions[versions["version_id"].isin(merged[f"Run USED {label}"]["to_key"])]
    return used
