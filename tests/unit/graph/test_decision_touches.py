"""Whatever a decision touched is one hop away from it: on random worlds, against a plain search of each record."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.content import check_endpoints, whole_layer
from graph.decisions import KNOWN_LABELS, Findings, RunFacts, decision_tables
from graph.schema import NODE, RELATIONSHIP

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
POLICIES = ("consent", "margin")
SUBJECTS = ("Category", "Product", "Topic", "Campaign", "Account")
OWNERS = {"Customer WORKS_AT Account": ("Customer", "Account"), "Asset PART_OF Campaign": ("Asset", "Campaign")}

keys = st.sampled_from(("a", "b", "c/d", "é 'x'"))
subjects = st.tuples(st.sampled_from(SUBJECTS), keys).map("/".join)


@st.composite
def made_records(draw: st.DrawFn) -> pd.DataFrame:
    """One record per customer, some of which do nothing, with a path of its own."""
    rows = []
    for number in range(draw(st.integers(0, 6))):
        is_send = draw(st.booleans())
        subject = draw(subjects)
        between = draw(st.lists(st.tuples(subjects, subjects), max_size=3))
        path = [{"from": start, "type": "WITHIN", "to": end} for start, end in between]
        refused = draw(st.dictionaries(st.sampled_from(POLICIES), st.integers(1, 9)))
        sent = {
            "play": "due",
            "subject": subject[:1].lower() + subject[1:],
            "asset_id": draw(keys),
            "channel_id": draw(keys),
            "offer_id": draw(st.one_of(st.none(), keys)),
        }
        rows.append(
            {
                "decision_id": f"d{number}",
                "customer_id": f"c{number}",
                "verb": "send" if is_send else "none",
                "is_ghost": draw(st.booleans()),
                "none_reason": None if is_send else "no motive",
                **(sent if is_send else dict.fromkeys(sent)),
                "refusals": [{"policy": policy, "candidates": count} for policy, count in refused.items()],
                "evidence": json.dumps(path[:1]) if is_send else None,
                "link": json.dumps(path[1:]) if is_send and path[1:] else None,
            }
        )
    columns = ["decision_id", "customer_id", "verb", "is_ghost", "none_reason", "play", "subject"]
    return pd.DataFrame(rows, columns=[*columns, "asset_id", "channel_id", "offer_id", "refusals", "evidence", "link"])


@st.composite
def ownership(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    """Who works where and which asset belongs to which campaign."""
    workers = draw(st.dictionaries(st.sampled_from([f"c{number}" for number in range(6)]), keys))
    parts = draw(st.dictionaries(keys, keys))
    return {
        kind: pd.DataFrame({"from_key": list(pairs), "to_key": list(pairs.values())}, dtype=object)
        for kind, pairs in zip(OWNERS, (workers, parts), strict=True)
    }


def touched(record: Mapping[Any, Any], belonging: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    """What a reader of the record would say it touched, as label and key."""
    yield "Customer", record["customer_id"]
    yield "Asset", record["asset_id"]
    yield "Channel", record["channel_id"]
    yield "Run", "r1"
    if record["offer_id"]:
        yield "Offer", record["offer_id"]
    kind, _, key = record["subject"].partition("/")
    yield kind.capitalize(), key
    for step in [*json.loads(record["evidence"]), *json.loads(record["link"] or "[]")]:
        for end in (step["from"], step["to"]):
            label, _, key = end.partition("/")
            yield label, key
    for refused in record["refusals"]:
        yield "PolicyVersion", f"{refused['policy']}@{'2' * 16}"
    for (kind, pairs), name in zip(belonging.items(), ("customer_id", "asset_id"), strict=True):
        for owner in pairs.loc[pairs["from_key"] == record[name], "to_key"]:
            yield OWNERS[kind][1], owner


@given(records=made_records(), belonging=ownership())
@settings(deadline=None, max_examples=30)
def test_one_hop_leads_from_any_entity_to_every_decision_that_touched_it(
    records: pd.DataFrame, belonging: dict[str, pd.DataFrame]
) -> None:
    known = {label: pd.Index(["a", "b", "c/d", "é 'x'"], dtype=object) for label in KNOWN_LABELS}
    known["Customer"] = pd.Index([f"c{number}" for number in range(6)], dtype=object)
    facts = RunFacts("r1", AS_OF, "code", "playbook", {"customers": "1" * 64}, POLICIES, "2" * 64)
    sends = records[records["verb"] == "send"]
    motives = sends[["customer_id", "play", "subject"]].assign(
        strength=0.5, starts_at=AS_OF, until=AS_OF + timedelta(days=1), sentence="Due.", evidence="[]"
    )
    made = decision_tables(facts, Findings(motives, records), known=known, belonging=belonging)
    nodes = {label: pa.table({NODE[label].key: pa.array(found, pa.string())}) for label, found in known.items()}
    check_endpoints(whole_layer("decisions", made), nodes)

    one_hop = {
        (row.from_key, RELATIONSHIP[kind].target, row.to_key)
        for kind, frame in made.items()
        if kind.startswith("Decision ") and RELATIONSHIP[kind].type != "BECAUSE"
        for row in frame.itertuples()
    }
    expected = {
        (record["decision_id"], label, key)
        for record in sends.to_dict("records")
        for label, key in touched(record, belonging)
    }
    assert one_hop == expected
