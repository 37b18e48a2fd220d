"""What holds of beliefs whatever the evidence: order, late arrival, the day of asking, and that they never overlap."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.beliefs import BeliefSettings, believe, close_beliefs
from tests.unit.graph.belief_world import AS_OF, Tables, ago

FEW = settings(max_examples=8, deadline=None)

Happening = tuple[str, str, int]

NAMES = (
    "Content Viewed",
    "Demo Requested",
    "Page Viewed",
    "Pricing Page Viewed",
    "Shipping Page Viewed",
    "Checkout Started",
    "Order Completed",
    "Product Viewed",
    "buys",
    "sends back",
    "clicks",
    "refuses",
)
GROWING = ("engaged", "pricing-visited", "most-browsed", "repeat-purchase", "returning-visitor")
"""Rules whose evidence only ever speaks for them."""

happenings = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["anna", "ben"]), st.integers(1, 200)), min_size=1, max_size=25
)


def tables_of(happened: Sequence[Happening]) -> Tables:
    """Tables of what happened."""
    tables = Tables()
    for number, (name, customer, days) in enumerate(sorted(set(happened))):
        day = days + number / 1000
        if name in ("buys", "sends back"):
            kind = "sale" if name == "buys" else "return"
            tables.buys(day, customer=customer, kind=kind, discount=0.0)
        elif name in ("clicks", "refuses"):
            touches = len(tables.rows.get("touches", []))
            tables.touch(day + 0.5, customer=customer, asset="tea-note" if days % 2 else "coupon")
            tables.outcome("clicked" if name == "clicks" else "unsubscribed", day, touch=f"t{touches}")
        else:
            topic = ("analytics", "security")[days % 2]
            product = "green" if name == "Product Viewed" else None
            tables.signal(name, day, customer=customer, topic=topic, product_id=product)
    return tables


def beliefs(tables: dict[str, pd.DataFrame], as_of: datetime = AS_OF) -> dict[str, pd.DataFrame]:
    return believe(tables, as_of=as_of, timezone="Europe/Berlin", settings=BeliefSettings(minimum_days=2))


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for kind, rows in one.items():
        pd.testing.assert_frame_equal(rows, other[kind], check_exact=True)


@FEW
@given(happenings, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(happened: list[Happening], random: Any) -> None:
    tables = tables_of(happened).frames()
    shuffled = {}
    for name, frame in tables.items():
        rows = list(range(len(frame)))
        random.shuffle(rows)
        shuffled[name] = frame.iloc[rows].reset_index(drop=True)
    assert_same(beliefs(tables), beliefs(shuffled))


@FEW
@given(happenings, st.integers(0, 200))
def test_another_day_without_new_evidence_believes_the_same(happened: list[Happening], later: int) -> None:
    # a fortnight's silence after a message, and four hours' after a checkout, are evidence of their own
    settled = [(name, who, days + 40) for name, who, days in happened]
    tables = tables_of(settled).frames()
    assert_same(beliefs(tables), beliefs(tables, AS_OF + timedelta(days=later)))


@FEW
@given(happenings, st.integers(1, 60))
def test_new_evidence_of_one_customer_changes_nothing_about_another(happened: list[Happening], day: int) -> None:
    tables = tables_of(happened)
    before = beliefs(tables.frames())
    now = beliefs(tables.signal("Demo Requested", day, customer="ben", topic="analytics").frames())
    for kind, rows in before.items():
        pd.testing.assert_frame_equal(of_anna(rows), of_anna(now[kind]), check_exact=True)


@FEW
@given(happenings, st.lists(st.integers(0, 24), min_size=1, max_size=4, unique=True))
def test_what_arrives_late_ends_in_the_same_beliefs(happened: list[Happening], late: list[int]) -> None:
    tables = tables_of(happened).frames()
    early = {
        name: frame.drop(index=[row for row in late if row < len(frame)])
        if name in ("signals", "purchases", "outcomes")
        else frame
        for name, frame in tables.items()
    }
    now = beliefs(tables)
    for kind, rows in closed(closed({}, beliefs(early)), now).items():
        if (believed := now.get(kind)) is not None:
            identity = ["from_key", "to_key", "rule", "valid_from"]
            found = rows.merge(believed[identity], on=identity)[list(believed.columns)]
            order = ["from_key", "to_key", "rule", "valid_from"]
            pd.testing.assert_frame_equal(
                found.sort_values(order, ignore_index=True), believed.sort_values(order, ignore_index=True)
            )


@FEW
@given(happenings, st.lists(st.integers(0, 200), min_size=2, max_size=4), st.data())
def test_beliefs_of_one_customer_target_and_rule_never_overlap(
    happened: list[Happening], days: list[int], data: st.DataObject
) -> None:
    """However days are asked again, and whatever arrives late or is withdrawn in between."""
    tables = tables_of(happened).frames()
    held: dict[str, pd.DataFrame] = {}
    for day in days:
        known = dict(tables)
        if "signals" in known:
            gone = data.draw(st.integers(0, len(known["signals"])))
            known["signals"] = known["signals"].drop(index=[gone], errors="ignore")
        held = closed(held, beliefs(known, ago(day)))
        for rows in held.values():
            ordered = rows.sort_values(["from_key", "to_key", "rule", "valid_from"])
            ends = ordered.groupby(["from_key", "to_key", "rule"])["valid_to"].shift()
            assert not (ends > ordered["valid_from"]).any()
            assert (ordered["valid_to"] >= ordered["valid_from"]).all()


@FEW
@given(
    happenings,
    st.sampled_from(["Demo Requested", "Content Viewed", "Pricing Page Viewed"]),
    st.integers(1, 200),
)
def test_more_evidence_of_high_fidelity_never_lowers_a_weight(happened: list[Happening], name: str, day: int) -> None:
    tables = tables_of(happened)
    before = beliefs(tables.frames())
    after = beliefs(tables.signal(name, day, topic="analytics").frames())
    for kind, rows in before.items():
        is_open = rows["rule"].isin(GROWING) & (rows["valid_to"] > AS_OF)
        both = rows[is_open].merge(after[kind], on=["from_key", "to_key", "rule"], how="left")
        assert (at_as_of(both, "_y") >= at_as_of(both, "_x") - 1e-9).all()


def of_anna(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["from_key"] == "anna"].reset_index(drop=True)


def at_as_of(rows: pd.DataFrame, side: str) -> "pd.Series[float]":
    """Weights at as-of."""
    age = (pd.Timestamp(AS_OF) - rows[f"valid_from{side}"]).dt.total_seconds() / 86_400
    weights: pd.Series[float] = rows[f"weight{side}"] * 0.5 ** (age / rows[f"half_life_days{side}"])
    return weights


def closed(held: dict[str, pd.DataFrame], now: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What the graph holds after a load, kind by kind."""
    empty = pd.DataFrame(columns=["from_key", "to_key", "rule", "valid_from", "valid_to"])
    newest = max((rows["valid_from"].max() for rows in now.values()), default=None)
    found = {}
    for kind in held.keys() | now.keys():
        found[kind] = close_beliefs(held.get(kind, empty), now.get(kind, empty), newest)
    return found
