"""How the motives and decisions of a run become rows of the graph, and how runs add up."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from graph.content import GraphContentError, check_endpoints, whole_layer
from graph.decision_retention import EVERYTHING, Retention
from graph.decisions import KNOWN_LABELS, Findings, RunFacts, decision_tables
from graph.schema import NODE

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN = {label: pd.Index([], dtype=object) for label in KNOWN_LABELS} | {
    "Customer": pd.Index(["ann", "bob", "cid"]),
    "Category": pd.Index(["FOOD/DAIRY", "TEA"]),
    "Product": pd.Index(["milk"]),
    "Campaign": pd.Index(["spring"]),
    "Asset": pd.Index(["dairy-week", "tea-time"]),
    "Channel": pd.Index(["email"]),
}


def run(name: str = "r1", *, days: int = 0, policies: tuple[str, ...] = ("consent", "margin")) -> RunFacts:
    return RunFacts(
        run_id=name,
        as_of=AS_OF + timedelta(days=days),
        code_version="code-1",
        playbook_digest="playbook-1",
        tables={"customers": "1" * 64, "purchases": name * 32},
        policies=policies,
        policy_digest="2" * 64,
        models={"cadence": "3" * 64},
    )


def motives(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "play", "subject"])
    return frame.assign(
        strength=0.5,
        starts_at=pd.Timestamp(AS_OF),
        until=pd.Timestamp(AS_OF) + timedelta(days=7),
        sentence="Milk is due.",
        evidence="[]",
    )


DUE = ("replenishment-due", "category/FOOD/DAIRY")
HAS_MOTIVE = "Customer HAS_MOTIVE Motive"


def record(customer: str, run_id: str = "r1", **changed: object) -> dict[str, object]:
    return {
        "decision_id": f"{run_id}-{customer}",
        "customer_id": customer,
        "verb": "send",
        "is_ghost": False,
        "arm": "treated",
        "play": DUE[0],
        "subject": DUE[1],
        "motive_sentence": "Milk is due.",
        "asset_id": "dairy-week",
        "asset_version": "1",
        "offer_id": None,
        "channel_id": "email",
        "send_at": pd.Timestamp(AS_OF),
        "expires_at": pd.Timestamp(AS_OF) + timedelta(days=1),
        "none_reason": None,
        "value": 1.5,
        "confidence": 0.6,
        "evidence_grade": "assumed",
        "propensity": 1.0,
        "touch_cost": 0.01,
        "margin_to_runner_up": 0.2,
        "refusals": [],
        "evidence": None,
        "link": None,
    } | changed


def refusals(**candidates: int) -> list[dict[str, object]]:
    return [{"policy": policy, "candidates": count} for policy, count in candidates.items()]


def nothing(customer: str, reason: str, run_id: str = "r1", **changed: object) -> dict[str, object]:
    empty = dict.fromkeys(("play", "subject", "asset_id", "channel_id", "asset_version"))
    return record(customer, run_id, verb="none", none_reason=reason, **empty, **changed)


def tables(
    *records: Mapping[str, object],
    found: pd.DataFrame | None = None,
    facts: RunFacts | None = None,
    earlier: Mapping[str, pd.DataFrame] | None = None,
    known: Mapping[str, pd.Index] | None = None,
    belonging: Mapping[str, pd.DataFrame] | None = None,
    retention: Retention = EVERYTHING,
    **findings: Any,
) -> dict[str, pd.DataFrame]:
    made = decision_tables(
        facts or run(),
        Findings(motives(("ann", *DUE)) if found is None else found, pd.DataFrame(list(records)), **findings),
        known=known or KNOWN,
        belonging=belonging,
        earlier=earlier,
        retention=retention,
    )
    check_endpoints(whole_layer("decisions", made), _nodes(known or KNOWN))
    return made


def _nodes(known: Mapping[str, pd.Index]) -> dict[str, object]:
    import pyarrow as pa

    return {label: pa.table({NODE[label].key: pa.array(keys, pa.string())}) for label, keys in known.items()}


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["from_key"], frame["to_key"], strict=True))


def test_the_path_of_a_decision_is_literal() -> None:
    made = tables(record("ann"))
    motive = "replenishment-due:category/FOOD/DAIRY"
    assert pairs(made["Customer HAS_MOTIVE Motive"]) == {("ann", motive)}
    assert pairs(made["Motive CONCERNS Category"]) == {(motive, "FOOD/DAIRY")}
    assert pairs(made["Decision CHOSE Asset"]) == {("r1-ann", "dairy-week")}
    assert pairs(made["Decision BECAUSE Motive"]) == {("r1-ann", motive)}
    assert pairs(made["Decision FOR Customer"]) == {("r1-ann", "ann")}
    assert pairs(made["Decision ON Channel"]) == {("r1-ann", "email")}
    assert pairs(made["Decision WAS_GENERATED_BY Run"]) == {("r1-ann", "r1")}
    assert made["Decision BECAUSE Motive"]["weight"].tolist() == [0.5]


def test_ghosts_are_decisions_and_doing_nothing_is_a_count_by_reason_on_the_run() -> None:
    made = tables(
        record("ann"),
        record("bob", is_ghost=True),
        nothing("cid", "refused: margin-protection"),
        nothing("dan", "no motive"),
        nothing("eve", "no motive"),
        nothing("fay", "no motive", is_ghost=True),
    )
    assert dict(zip(made["Decision"]["decision_id"], made["Decision"]["is_ghost"], strict=True)) == {
        "r1-ann": False,
        "r1-bob": True,
    }
    (told,) = made["Run"].to_dict("records")
    counts = {name: told[name] for name in ("customers", "sends", "nothing", "held_out", "ghosts")}
    assert counts == {"customers": 6, "sends": 1, "nothing": 3, "held_out": 2, "ghosts": 1}
    assert (told["nothing_no_motive"], told["nothing_refused_margin_protection"]) == (2, 1)


def test_a_policy_that_refused_candidates_is_linked_with_their_number() -> None:
    made = tables(record("ann", refusals=refusals(margin=12, consent=3)))
    refused = made["Decision REFUSED_BY PolicyVersion"]
    assert dict(zip(refused["to_key"], refused["count"], strict=True)) == {
        f"margin@{'2' * 16}": 12,
        f"consent@{'2' * 16}": 3,
    }


def test_a_policy_that_the_run_does_not_list_is_an_error() -> None:
    with pytest.raises(GraphContentError, match="The policies margin refused something and are not listed"):
        tables(record("ann", refusals=refusals(margin=1)), facts=run(policies=("consent",)))


def test_a_run_names_the_tables_models_and_policies_that_it_used() -> None:
    made = tables(record("ann"))
    assert set(made["TableVersion"]["table"]) == {"customers", "purchases"}
    assert set(made["ModelVersion"]["model"]) == {"cadence"}
    assert set(made["PolicyVersion"]["policy"]) == {"consent", "margin"}
    assert {target for _, target in pairs(made["Run USED PolicyVersion"])} == set(made["PolicyVersion"]["version_id"])


def test_motives_about_products_and_campaigns_concern_those_and_unknown_subjects_nobody() -> None:
    found = motives(
        ("ann", "favourites", "product/milk"),
        ("ann", "campaign", "campaign/spring"),
        ("ann", "campaign", "campaign/only-in-the-playbook"),
    )
    made = tables(nothing("ann", "no content"), found=found)
    assert pairs(made["Motive CONCERNS Product"]) == {("favourites:product/milk", "milk")}
    assert pairs(made["Motive CONCERNS Campaign"]) == {("campaign:campaign/spring", "spring")}
    assert len(made["Motive"]) == 3


def test_older_decisions_stay_and_the_newer_run_speaks_for_the_customers_it_decided() -> None:
    both = motives(("ann", *DUE), ("bob", *DUE))
    first = tables(record("ann"), record("bob"), found=both)
    tea = ("shift-of-interest", "category/TEA")
    second = tables(
        record("ann", "r2", play=tea[0], subject=tea[1]),
        found=motives(("ann", *tea)),
        facts=run("r2", days=1),
        earlier=first,
    )
    assert set(second["Decision"]["decision_id"]) == {"r1-ann", "r1-bob", "r2-ann"}
    assert set(second["Run"]["run_id"]) == {"r1", "r2"}
    assert pairs(second["Customer HAS_MOTIVE Motive"]) == {
        ("ann", "shift-of-interest:category/TEA"),
        ("bob", "replenishment-due:category/FOOD/DAIRY"),
    }
    # the reason of an older decision is still there
    assert ("r1-ann", "replenishment-due:category/FOOD/DAIRY") in pairs(second["Decision BECAUSE Motive"])


def test_a_motive_found_again_just_as_it_was_is_the_row_that_it_was() -> None:
    first = tables(record("ann"))
    second = tables(record("ann", "r2"), facts=run("r2", days=1), earlier=first)
    before, after = (whole_layer("decisions", made)[HAS_MOTIVE] for made in (first, second))
    assert after.equals(before), "nothing of it has to be written"
    (row,) = after.to_pylist()
    assert (row["found_by"], row["first_found_at"]) == ("r1", AS_OF)


def test_a_motive_found_again_with_other_words_is_the_newer_runs() -> None:
    changed = motives(("ann", *DUE)).assign(strength=0.75)
    second = tables(record("ann", "r2"), found=changed, facts=run("r2", days=1), earlier=tables(record("ann")))
    assert second[HAS_MOTIVE]["found_by"].tolist() == ["r2"]
    assert second[HAS_MOTIVE]["first_found_at"].tolist() == [pd.Timestamp(AS_OF) + timedelta(days=1)]


@pytest.mark.parametrize(
    ("moved", "is_news"),
    [
        ({"strength": 0.599}, False),
        ({"strength": 0.601}, True),
        ({"strength": 0.401}, False),
        ({"until": pd.Timestamp(AS_OF) + timedelta(days=7, hours=23)}, False),
        ({"until": pd.Timestamp(AS_OF) + timedelta(days=8)}, True),
        ({"starts_at": pd.Timestamp(AS_OF) + timedelta(days=1)}, False),
        ({"evidence": "[1]"}, True),
        ({"sentence": None}, True),
    ],
)
def test_a_little_less_or_longer_is_no_news(moved: dict[str, Any], is_news: bool) -> None:
    first = tables(record("ann"))
    second = tables(record("ann", "r2"), found=motives(("ann", *DUE)).assign(**moved), facts=run("r2"), earlier=first)
    before, after = (whole_layer("decisions", made)[HAS_MOTIVE] for made in (first, second))
    assert after.equals(before) is not is_news


def test_a_motive_that_is_no_longer_found_is_gone() -> None:
    second = tables(nothing("ann", "no motive", "r2"), found=motives(), facts=run("r2"), earlier=tables(record("ann")))
    assert second[HAS_MOTIVE].empty


def test_a_run_for_an_earlier_day_does_not_speak_for_customers_that_a_later_one_decided() -> None:
    later = tables(record("ann"), nothing("cid", "no motive"))
    found = motives(("ann", "shift-of-interest", "category/TEA"), ("bob", *DUE), ("cid", *DUE))
    records = (record("ann", "r0"), record("bob", "r0"), record("cid", "r0"))
    earlier_day = tables(*records, found=found, facts=run("r0", days=-1), earlier=later, decided_later={"ann", "cid"})
    assert pairs(earlier_day[HAS_MOTIVE]) == {
        ("ann", "replenishment-due:category/FOOD/DAIRY"),
        ("bob", "replenishment-due:category/FOOD/DAIRY"),
    }, "the later run found that cid has no motive any more"
    assert set(earlier_day["Decision"]["decision_id"]) == {"r1-ann", "r0-ann", "r0-bob", "r0-cid"}


def test_projecting_a_run_again_replaces_what_it_said() -> None:
    again = tables(nothing("ann", "no motive"), found=motives(), earlier=tables(record("ann")))
    assert again["Decision"].empty
    assert again["Customer HAS_MOTIVE Motive"].empty
    assert again["Motive"].empty
    assert again["Run"]["nothing"].tolist() == [1]


def test_the_same_run_on_top_of_itself_changes_nothing() -> None:
    once = tables(record("ann"), nothing("bob", "no motive"))
    twice = tables(record("ann"), nothing("bob", "no motive"), earlier=once)
    first, second = (whole_layer("decisions", made) for made in (once, twice))
    assert all(first[name].equals(second[name]) for name in first)


def test_earlier_decisions_lose_what_is_no_longer_there_and_those_for_nobody_go() -> None:
    earlier = tables(record("ann"), record("bob"), found=motives(("ann", *DUE), ("bob", *DUE)))
    known = KNOWN | {"Customer": pd.Index(["ann"]), "Asset": pd.Index(["tea-time"])}
    made = tables(nothing("ann", "no motive", "r2"), found=motives(), facts=run("r2"), earlier=earlier, known=known)
    assert made["Decision"]["decision_id"].tolist() == ["r1-ann"]
    assert made["Decision CHOSE Asset"].empty


def test_a_run_that_is_written_late_says_nothing_of_what_is_no_longer_there() -> None:
    found = motives(("ann", *DUE), ("bob", *DUE), ("cid", *DUE))
    known = KNOWN | {"Customer": pd.Index(["ann", "cid"]), "Asset": pd.Index(["tea-time"])}
    records = (record("ann", asset_id="tea-time"), record("bob"), record("cid"))
    made = tables(*records, found=found, known=known)
    assert made["Decision"]["decision_id"].tolist() == ["r1-ann", "r1-cid"]
    assert pairs(made["Decision CHOSE Asset"]) == {("r1-ann", "tea-time")}
    assert set(made["Customer HAS_MOTIVE Motive"]["from_key"]) == {"ann", "cid"}
    assert made["Run"]["sends"].tolist() == [3], "the run did decide them"


def test_only_decisions_within_the_retention_are_kept_and_versions_that_somebody_used() -> None:
    earlier = tables(record("ann"))
    for days, is_kept in ((30.0, True), (29.0, False)):
        made = tables(
            record("bob", "r2"),
            found=motives(),
            facts=run("r2", days=30),
            earlier=earlier,
            retention=Retention(kept_days=days),
        )
        assert ("r1-ann" in set(made["Decision"]["decision_id"])) == is_kept
        assert (f"purchases@{('r1' * 32)[:16]}" in set(made["TableVersion"]["version_id"])) == is_kept


def test_a_run_without_customers_leaves_a_run() -> None:
    columns = list(record("ann"))
    made = decision_tables(run(), Findings(motives(), pd.DataFrame(columns=columns)), known=KNOWN)
    assert made["Run"]["customers"].tolist() == [0]
    assert made["Decision"].empty


def test_an_offer_and_a_subject_are_one_hop_from_the_decision() -> None:
    known = KNOWN | {"Offer": pd.Index(["half-price"])}
    within = [{"from": "Category/FOOD/DAIRY", "type": "WITHIN", "to": "Category/TEA"}]
    made = tables(record("ann", offer_id="half-price", link=json.dumps(within)), known=known)
    assert pairs(made["Decision OFFERED Offer"]) == {("r1-ann", "half-price")}
    about = made["Decision ABOUT Category"]
    assert dict(zip(about["to_key"], about["role"], strict=True)) == {"FOOD/DAIRY": "subject", "TEA": "path"}


def test_a_decision_is_about_its_customers_account_and_its_assets_campaign() -> None:
    known = KNOWN | {"Account": pd.Index(["acme"])}
    belonging = {
        "Customer WORKS_AT Account": pd.DataFrame({"from_key": ["ann"], "to_key": ["acme"]}),
        "Asset PART_OF Campaign": pd.DataFrame({"from_key": ["dairy-week"], "to_key": ["spring"]}),
    }
    made = tables(record("ann"), known=known, belonging=belonging)
    assert made["Decision ABOUT Account"].to_dict("records") == [
        {"from_key": "r1-ann", "to_key": "acme", "role": "account"}
    ]
    assert made["Decision ABOUT Campaign"]["role"].tolist() == ["campaign"]


def outcomes(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["outcome_id", "decision_id"])
    return frame.assign(name="opened", occurred_at=pd.Timestamp(AS_OF), value=None)


def test_outcomes_of_the_decisions_that_are_there_stand_beside_them() -> None:
    made = tables(record("ann"), outcomes=outcomes(("o1", "r1-ann"), ("o2", "somebody-elses-touch")))
    assert pairs(made["Outcome OF Decision"]) == {("o1", "r1-ann")}
    assert made["Outcome"]["outcome_id"].tolist() == ["o1"]


def test_the_newest_word_on_outcomes_replaces_the_one_before() -> None:
    first = tables(record("ann"), outcomes=outcomes(("o1", "r1-ann")))
    kept = tables(record("bob", "r2"), found=motives(), facts=run("r2"), earlier=first)
    assert pairs(kept["Outcome OF Decision"]) == {("o1", "r1-ann")}, "nothing was said about outcomes"
    newer = outcomes(("o2", "r1-ann"), ("o3", "r2-bob"))
    told = tables(record("bob", "r2"), found=motives(), facts=run("r2"), earlier=first, outcomes=newer)
    assert pairs(told["Outcome OF Decision"]) == {("o2", "r1-ann"), ("o3", "r2-bob")}


def test_a_decision_that_somebody_asked_for_stays_beside_the_sample() -> None:
    nobody = Retention(sample_share=0.0)
    of_the_day = (record("ann"), record("bob"), nothing("cid", "no motive"))
    assert tables(*of_the_day, retention=nobody)["Decision"].empty
    asked = tables(*of_the_day, retention=nobody, asked_for={"r1-bob", "r1-cid"})
    assert set(asked["Decision"]["decision_id"]) == {"r1-bob", "r1-cid"}
    assert pairs(asked["Decision FOR Customer"]) == {("r1-bob", "bob"), ("r1-cid", "cid")}
    again = tables(*of_the_day, retention=nobody, earlier=asked)
    assert set(again["Decision"]["decision_id"]) == {"r1-bob", "r1-cid"}
