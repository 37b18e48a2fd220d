"""The rows of one run in the layer `decisions`, from its motives and records. How runs add up: `graph.decisions`."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.content import GraphContentError
from graph.schema import NODE, RELATIONSHIPS

SUBJECT_LABELS = tuple(one.target for one in RELATIONSHIPS if (one.source, one.type) == ("Motive", "CONCERNS"))
"""Labels of what a motive may concern; a subject such as `category/MILK` is the node MILK of the label Category."""

ABOUT_LABELS = tuple(one.target for one in RELATIONSHIPS if (one.source, one.type) == ("Decision", "ABOUT"))
"""Labels of what a decision may be about."""

MOTIVE_FACTS = ["strength", "starts_at", "until", "sentence", "evidence"]
"""What a run says about a customer's motive; the same words from another run are no news."""

_VERSION_DIGITS = 16


@dataclass(frozen=True)
class RunFacts:
    """What the graph says about a run.

    Attributes:
        run_id: Its id.
        as_of: The moment it knows the world at.
        code_version: Content of the code.
        playbook_digest: Content of the playbook.
        tables: Content digest per canonical table that it read.
        policies: Ids of the policies that it applied, the built-in ones included.
        policy_digest: Digest of the compiled policies.
        models: Digest per fitted model that it used.
    """

    run_id: str
    as_of: datetime
    code_version: str
    playbook_digest: str
    tables: Mapping[str, str]
    policies: tuple[str, ...]
    policy_digest: str
    models: Mapping[str, str] = field(default_factory=dict)


def run_tables(
    run: RunFacts, motives: pd.DataFrame, records: pd.DataFrame, is_kept: npt.NDArray[np.bool_]
) -> dict[str, pd.DataFrame]:
    """The rows that one run adds; the nodes of motives and their subjects are left to `motive_nodes` and `concerns`.

    Args:
        run: The run.
        motives: Of all customers that it decided.
        records: Of the same customers.
        is_kept: Which records become nodes, shape (records,).

    Raises:
        GraphContentError: A policy refused something and is not listed among those of the run.
    """
    made = records[is_kept].reset_index(drop=True)
    return {
        "Run": _run(run, records),
        "Decision": _decisions(run, made),
        "Customer HAS_MOTIVE Motive": _has_motive(run, motives),
        "Decision FOR Customer": _pairs(made, "customer_id"),
        "Decision CHOSE Asset": _pairs(made, "asset_id"),
        "Decision OFFERED Offer": _pairs(made, "offer_id"),
        "Decision ON Channel": _pairs(made, "channel_id"),
        "Decision BECAUSE Motive": _because(made, motives),
        "Decision REFUSED_BY PolicyVersion": _refused_by(run, made),
        "Decision WAS_GENERATED_BY Run": _pairs(made.assign(run_id=run.run_id), "run_id"),
        **_used(run, "TableVersion", "table", run.tables),
        **_used(run, "ModelVersion", "model", run.models),
        **_used(run, "PolicyVersion", "policy", dict.fromkeys(run.policies, run.policy_digest)),
    }


def motive_nodes(motive_ids: pd.Series) -> pd.DataFrame:
    """The nodes of motives, from their keys `play:subject`."""
    distinct = motive_ids.drop_duplicates().sort_values(ignore_index=True)
    before, after = _split(distinct, ":")
    return pd.DataFrame({"motive_id": distinct, "play": before, "subject": after})


def concerns(motives: pd.DataFrame, known: Mapping[str, pd.Index]) -> dict[str, pd.DataFrame]:
    """What each motive concerns, where that is a node.

    Args:
        motives: Rows of the label Motive.
        known: Keys of the labels of `SUBJECT_LABELS`.
    """
    kinds, keys = _split(motives["subject"], "/")
    pairs = pd.DataFrame({"from_key": motives["motive_id"], "to_key": keys})
    tables = {}
    for label in SUBJECT_LABELS:
        is_meant = (kinds == label.lower()) & keys.isin(known[label])
        tables[f"Motive CONCERNS {label}"] = pairs[is_meant].reset_index(drop=True)
    return tables


def about(made: pd.DataFrame, belonging: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What each decision is about, one hop away, with the role that it plays.

    The subject of its motive; whatever else lies on its literal path; the account of its customer and the campaign of
    its asset. What is several of these has the first role.

    Args:
        made: decision_id, customer_id, asset_id and subject of decisions; where they are known, evidence of its motive
            and link from its subject to the asset (JSON lists of relationships).
        belonging: Pairs `from_key`, `to_key` of the kinds `Customer WORKS_AT Account` and `Asset PART_OF Campaign`.
    """
    subjects, keys = _split(made["subject"].fillna("/"), "/")
    labels = subjects.str[:1].str.upper() + subjects.str[1:]
    of_account = _belongs(made, "customer_id", belonging.get("Customer WORKS_AT Account"))
    of_campaign = _belongs(made, "asset_id", belonging.get("Asset PART_OF Campaign"))
    paths = [(at, text) for part in ("evidence", "link") if part in made for at, text in _texts(made, part)]
    on_path = [(at, *node) for at, text in paths for node in _nodes(json.loads(text))]
    found = pd.concat(
        [
            pd.DataFrame({"from_key": made["decision_id"], "label": labels, "to_key": keys, "role": "subject"}),
            pd.DataFrame(on_path, columns=["from_key", "label", "to_key"]).assign(role="path"),
            of_account.assign(label="Account", role="account"),
            of_campaign.assign(label="Campaign", role="campaign"),
        ],
        ignore_index=True,
    ).drop_duplicates(["from_key", "label", "to_key"])
    return {
        f"Decision ABOUT {label}": found[found["label"] == label].drop(columns="label").reset_index(drop=True)
        for label in ABOUT_LABELS
    }


def _texts(made: pd.DataFrame, part: str) -> Iterator[tuple[str, str]]:
    """Of decisions that have this part of a path, their ids and the part."""
    there = made[made[part].notna()]
    return zip(there["decision_id"], there[part], strict=True)


def _nodes(path: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Label and key of everything on a path."""
    for step in path:
        for end in (step["from"], step["to"]):
            label, _, key = end.partition("/")
            yield label, key


def _belongs(made: pd.DataFrame, name: str, pairs: pd.DataFrame | None) -> pd.DataFrame:
    """What the decisions' customers or assets belong to."""
    if pairs is None:
        return pd.DataFrame({"from_key": [], "to_key": []}, dtype=object)
    owned = made[["decision_id", name]].merge(pairs[["from_key", "to_key"]], left_on=name, right_on="from_key")
    return owned[["decision_id", "to_key"]].set_axis(["from_key", "to_key"], axis="columns")


def _split(texts: pd.Series, separator: str) -> tuple[pd.Series, pd.Series]:
    """What stands before the first separator and what after it."""
    parts = [str(text).partition(separator) for text in texts]
    before, after = ([part[place] for part in parts] for place in (0, 2))
    return pd.Series(before, texts.index, dtype=object), pd.Series(after, texts.index, dtype=object)


def _run(run: RunFacts, records: pd.DataFrame) -> pd.DataFrame:
    is_held_out = records["is_ghost"].astype(bool)
    is_send = records["verb"] == "send"
    counts = {
        "customers": len(records),
        "sends": int((is_send & ~is_held_out).sum()),
        "nothing": int((~is_send & ~is_held_out).sum()),
        "held_out": int(is_held_out.sum()),
        "ghosts": int((is_send & is_held_out).sum()),
    }
    reasons = records.loc[~is_send & ~is_held_out, "none_reason"].map(_property_name).value_counts().sort_index()
    about = {
        "run_id": run.run_id,
        "as_of": pd.Timestamp(run.as_of),
        "code_version": run.code_version,
        "playbook_digest": run.playbook_digest,
    }
    return pd.DataFrame([about | counts | {str(name): int(count) for name, count in reasons.items()}])


def _property_name(reason: str) -> str:
    return "nothing_" + re.sub(r"[^a-z0-9]+", "_", str(reason).lower()).strip("_")


def _decisions(run: RunFacts, made: pd.DataFrame) -> pd.DataFrame:
    node = NODE["Decision"]
    told = [name for name in (node.key, *(one.name for one in node.properties)) if name in made.columns]
    return made[told].assign(run_id=run.run_id, as_of=pd.Timestamp(run.as_of))


def _has_motive(run: RunFacts, motives: pd.DataFrame) -> pd.DataFrame:
    ends = {"from_key": motives["customer_id"], "to_key": _motive_id(motives)}
    found = motives[MOTIVE_FACTS].assign(**ends, found_by=run.run_id, first_found_at=pd.Timestamp(run.as_of))
    return found.reset_index(drop=True)


def _because(made: pd.DataFrame, motives: pd.DataFrame) -> pd.DataFrame:
    because = made.loc[made["play"].notna(), ["decision_id", "customer_id", "play", "subject"]]
    because = because.merge(
        motives[["customer_id", "play", "subject", "strength"]], on=["customer_id", "play", "subject"], how="left"
    )
    return pd.DataFrame(
        {"from_key": because["decision_id"], "to_key": _motive_id(because), "weight": because["strength"]}
    )


def _motive_id(frame: pd.DataFrame) -> pd.Series:
    return frame["play"].astype(object) + ":" + frame["subject"].astype(object)


def _refused_by(run: RunFacts, made: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (decision, refused["policy"], refused["candidates"])
        for decision, refusals in zip(made["decision_id"], made["refusals"], strict=True)
        for refused in refusals
    ]
    frame = pd.DataFrame(rows, columns=["from_key", "policy", "count"])
    if unlisted := sorted(set(frame["policy"]) - set(run.policies)):
        raise GraphContentError(
            f"The policies {', '.join(unlisted)} refused something and are not listed.",
            where=f"run {run.run_id}",
            remedy="List every policy that the run applied, the built-in ones included.",
        )
    versions = {policy: _version_id(policy, run.policy_digest) for policy in run.policies}
    return frame.assign(to_key=frame["policy"].map(versions)).drop(columns="policy")


def _used(run: RunFacts, label: str, name: str, digests: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The nodes of one sort of version, and that the run used them."""
    keys = [_version_id(what, digest) for what, digest in digests.items()]
    versions = pd.DataFrame({"version_id": keys, name: list(digests), "digest": list(digests.values())})
    used = pd.DataFrame({"from_key": [run.run_id] * len(keys), "to_key": keys})
    return {label: versions, f"Run USED {label}": used}


def _version_id(what: str, digest: str) -> str:
    return f"{what}@{digest[:_VERSION_DIGITS]}"


def _pairs(made: pd.DataFrame, target: str) -> pd.DataFrame:
    if target not in made:
        return pd.DataFrame({"from_key": [], "to_key": []}, dtype=object)
    pairs = made[["decision_id", target]].set_axis(["from_key", "to_key"], axis="columns")
    return pairs[pairs["to_key"].notna()].reset_index(drop=True)
