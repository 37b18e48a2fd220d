"""What runs found and chose, as the layer `decisions`: motives, sends and ghosts, the run and the versions it used.

Decisions to do nothing are counts on their run; every record is in the lake. The layer is the fold of all runs: each
adds to what the runs before it left, so it can be rebuilt by projecting the runs of the lake one after the other.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

from graph.content import normal_form
from graph.decision_rows import SUBJECT_LABELS, RunFacts, concerns, motive_nodes, run_tables
from graph.declarations import Kind, Relationship
from graph.load import LoadReport, load, loaded_tables
from graph.read_content import read_keys
from graph.schema import KINDS, NODE, kinds_of
from graph.store import GraphStore

__all__ = ["RunFacts", "decision_tables", "project_run"]

Tables = Mapping[str, pd.DataFrame]


def project_run(
    store: GraphStore,
    state_folder: Path,
    run: RunFacts,
    *,
    motives: pd.DataFrame,
    records: pd.DataFrame,
    kept_days: float | None = None,
    report: Callable[[str], None] | None = None,
) -> LoadReport:
    """Write a decided run into the graph, beside the runs before it.

    Args:
        store: The graph, its layer `knowledge` loaded.
        state_folder: Where the content loaded last is kept, the same as for `knowledge`.
        run: The run.
        motives: As `decision_tables` takes them.
        records: As `decision_tables` takes them.
        kept_days: As `decision_tables` takes it.
        report: Told, in sentences, what is being written.
    """
    known = {label: read_keys(store, NODE[label]) for label in ("Customer", "Asset", "Channel", *SUBJECT_LABELS)}
    earlier = loaded_tables(store, state_folder, "decisions")
    tables = decision_tables(run, motives=motives, records=records, known=known, earlier=earlier, kept_days=kept_days)
    return load(store, state_folder, "decisions", tables, report=report)


def decision_tables(
    run: RunFacts,
    *,
    motives: pd.DataFrame,
    records: pd.DataFrame,
    known: Mapping[str, pd.Index],
    earlier: Tables | None = None,
    kept_days: float | None = None,
) -> dict[str, pd.DataFrame]:
    """The rows that the layer `decisions` should hold after a run.

    Runs before it stay; this very run is replaced. A run speaks for all customers that it decided: their motives are
    those that it found, unless a run for a later moment has spoken.

    Args:
        run: The run.
        motives: customer_id, play, subject (`category/…`, `product/…`, `campaign/…`), strength, starts_at, until,
            sentence, evidence.
        records: One row per customer: decision_id, customer_id, verb, is_ghost, play, subject, asset_id, channel_id,
            none_reason, refused_by (JSON object) and the properties of the label Decision.
        known: Keys of the nodes that there are, of the labels Customer, Asset, Channel, Category, Product and Campaign.
            What runs say about others is left out, since the graph may know a later day than the run; so is a motive's
            link to a subject that is no node.
        earlier: The layer as it was, None or empty for none.
        kept_days: Leave out decisions of runs whose as_of lies further back; None keeps all.

    Returns:
        One table per kind of the layer.

    Raises:
        GraphContentError: A policy refused something and is not listed among those of the run.
    """
    mine = _of_what_is_there(run_tables(run, motives, records), known)
    kept = _kept(earlier or {}, run, known, kept_days)
    merged = {name: _joined(name, kept.get(name), frame) for name, frame in mine.items()}
    merged["Customer HAS_MOTIVE Motive"] = _standing(merged["Customer HAS_MOTIVE Motive"], run, records)
    named = [merged[name]["to_key"] for name in ("Customer HAS_MOTIVE Motive", "Decision BECAUSE Motive")]
    merged["Motive"] = motive_nodes(pd.concat(named))
    return merged | concerns(merged["Motive"], known) | _used_versions(merged)


def _kept(
    earlier: Tables, run: RunFacts, known: Mapping[str, pd.Index], kept_days: float | None
) -> dict[str, pd.DataFrame]:
    """What stays of the runs before: their decisions and motives, as far as the nodes they name are still there."""
    if not earlier:
        return {}
    kept = _of_what_is_there({kind.kind: earlier[kind.kind] for kind in kinds_of("decisions")}, known)
    runs = kept["Run"][kept["Run"]["run_id"] != run.run_id]
    if kept_days is not None:
        runs = runs[runs["as_of"] >= pd.Timestamp(run.as_of) - timedelta(days=kept_days)]
    decisions = kept["Decision"][kept["Decision"]["run_id"].isin(runs["run_id"])]
    told = {"Run": pd.Index(runs["run_id"]), "Decision": pd.Index(decisions["decision_id"])}
    motives = kept["Customer HAS_MOTIVE Motive"]
    return {name: _between(told, KINDS[name], frame) for name, frame in kept.items()} | {
        "Run": runs,
        "Decision": decisions,
        "Customer HAS_MOTIVE Motive": motives[motives["run_id"] != run.run_id],
    }


def _of_what_is_there(tables: Tables, known: Mapping[str, pd.Index]) -> dict[str, pd.DataFrame]:
    """What is said about nodes that there are; a decision for a customer who is gone goes with them."""
    there = {name: _between(known, KINDS[name], frame) for name, frame in tables.items()}
    decisions = there["Decision"]
    decisions = decisions[decisions["decision_id"].isin(there["Decision FOR Customer"]["from_key"])]
    made = {"Decision": pd.Index(decisions["decision_id"])}
    return {name: _between(made, KINDS[name], frame) for name, frame in there.items()} | {"Decision": decisions}


def _between(nodes: Mapping[str, pd.Index], kind: Kind, frame: pd.DataFrame) -> pd.DataFrame:
    """The relationships whose ends are among the nodes, where nodes of that label are given; other rows all stay."""
    if isinstance(kind, Relationship):
        for label, end in ((kind.source, "from_key"), (kind.target, "to_key")):
            if label in nodes:
                frame = frame[frame[end].isin(nodes[label])]
    return frame


def _joined(name: str, kept: pd.DataFrame | None, mine: pd.DataFrame) -> pd.DataFrame:
    """Earlier rows and those of this run; the same node or pair once, as this run says it."""
    kind = KINDS[name]
    tables = [normal_form(kind, frame) for frame in (kept, mine) if frame is not None]
    joined: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas(integer_object_nulls=True)
    key = list(kind.key_columns)
    if name == "Customer HAS_MOTIVE Motive":
        key = [*key, "run_id"]  # which of two runs speaks for a customer is decided afterwards
    return joined.drop_duplicates(key, keep="last", ignore_index=True)


def _standing(motives: pd.DataFrame, run: RunFacts, records: pd.DataFrame) -> pd.DataFrame:
    """The motives of the run that knows most about each customer."""
    is_mine = motives["run_id"] == run.run_id
    is_later = ~is_mine & (motives["as_of"] > pd.Timestamp(run.as_of))
    was_decided = motives["from_key"].isin(records["customer_id"])
    has_later = motives["from_key"].isin(motives.loc[is_later, "from_key"])
    stands = (is_mine & ~has_later) | (~is_mine & (is_later | ~was_decided))
    return motives[stands].reset_index(drop=True)


def _used_versions(merged: Tables) -> dict[str, pd.DataFrame]:
    """The versions that a run of the layer used."""
    used = {}
    for label in ("TableVersion", "ModelVersion", "PolicyVersion"):
        versions = merged[label]
        used[label] = versions[versions["version_id"].isin(merged[f"Run USED {label}"]["to_key"])]
    return used
