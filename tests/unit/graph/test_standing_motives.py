"""Whichever order runs are projected in, each customer's motives are those of the run that knows most about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.decisions import KNOWN_LABELS, Findings, RunFacts, decision_tables

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
KIND = "Customer HAS_MOTIVE Motive"
CUSTOMERS = ("ann", "bob", "cid")
KNOWN = {label: pd.Index([], dtype=object) for label in KNOWN_LABELS} | {"Customer": pd.Index(CUSTOMERS)}

Run = dict[str, dict[str, float]]
"""Strength of each motive per customer that was decided, by play."""

runs = st.lists(
    st.dictionaries(
        st.sampled_from(CUSTOMERS),
        st.dictionaries(st.sampled_from(("due", "favourites")), st.sampled_from((0.25, 0.5))),
    ),
    min_size=1,
    max_size=4,
)


def facts(day: int) -> RunFacts:
    return RunFacts(f"r{day}", AS_OF + timedelta(days=day), "code", "playbook", {}, (), "2" * 64)


def findings(run: Run, day: int, decided_later: set[str]) -> Findings:
    columns = ["decision_id", "customer_id", "verb", "is_ghost", "none_reason", "play", "subject", "refusals"]
    rows: list[tuple[Any, ...]] = [(f"r{day}-{who}", who, "none", False, "no motive", None, None, []) for who in run]
    found = [(who, play, strength) for who, motives in run.items() for play, strength in motives.items()]
    motives = pd.DataFrame(found, columns=["customer_id", "play", "strength"]).assign(
        subject="category/TEA", starts_at=AS_OF, until=AS_OF + timedelta(days=90), sentence="Tea.", evidence="[]"
    )
    records = pd.DataFrame(rows, columns=columns).assign(asset_id=None, channel_id=None)
    return Findings(motives, records, decided_later=decided_later)


def projected(days: list[int], world: list[Run]) -> pd.DataFrame:
    """The motives in the layer after projecting the runs of these days in this order."""
    layer: dict[str, pd.DataFrame] | None = None
    done: list[int] = []
    for day in days:
        later = {who for other in done if other > day for who in world[other]}
        layer = decision_tables(facts(day), findings(world[day], day, later), known=KNOWN, earlier=layer)
        done.append(day)
    assert layer is not None
    return layer[KIND]


@given(runs, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_the_newest_run_that_decided_a_customer_speaks_whichever_order_runs_come_in(
    world: list[Run], shuffled: Any
) -> None:
    days = list(range(len(world)))
    shuffled.shuffle(days)
    found = projected(days, world)
    newest = {who: motives for run in world for who, motives in run.items()}
    expected = {(who, f"{play}:category/TEA", it) for who, motives in newest.items() for play, it in motives.items()}
    assert set(zip(found["from_key"], found["to_key"], found["strength"], strict=True)) == expected


@given(runs)
@settings(deadline=None, max_examples=10)
def test_in_order_of_days_a_motive_is_found_first_when_it_began_to_stand_as_it_is(world: list[Run]) -> None:
    found = projected(list(range(len(world))), world)
    for row in found.to_dict("records"):
        play = row["to_key"].partition(":")[0]
        first = int(row["found_by"].removeprefix("r"))
        assert row["first_found_at"] == pd.Timestamp(AS_OF) + timedelta(days=first)
        decided = [day for day, run in enumerate(world) if row["from_key"] in run]
        stood = [world[day][row["from_key"]].get(play) == row["strength"] for day in decided]
        since = len(stood) - next((back for back, did in enumerate(reversed(stood)) if not did), len(stood))
        assert first == decided[since]
