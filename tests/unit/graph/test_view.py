"""The view: links in compressed rows, the arrays that knowledge becomes, and that storing it changes nothing."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.build_view import view_from_tables
from graph.parts import GraphPartsError
from graph.read_view import load_view, store_view
from graph.view import Links, Nodes, View

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
NOON = pd.Timestamp("2026-02-01 12:00:00.000001", tz="UTC")


def assert_same(one: View, other: View) -> None:
    """Field by field, down to types, values and missing values."""
    for field in dataclasses.fields(View):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, Nodes):
            pd.testing.assert_frame_equal(left.frame, right.frame)
        elif isinstance(left, Links):
            np.testing.assert_array_equal(left.starts, right.starts, strict=True)
            np.testing.assert_array_equal(left.targets, right.targets, strict=True)
            assert left.facts.keys() == right.facts.keys()
            for name, values in left.facts.items():
                np.testing.assert_array_equal(values, right.facts[name], strict=True)
        else:
            assert left == right


def knowledge() -> dict[str, pd.DataFrame]:
    bought = links(("ann", "FOOD"), ("ann", "FOOD/DAIRY"), ("Zoë", "FOOD"))
    return {
        "Customer": pd.DataFrame(
            {
                "customer_id": ["bob", "ann", "Zoë"],
                "pclv": [np.nan, 499.99, 0.0],
                "shopping_days_28d": [0, 1, 2],
                "shopping_days_91d": [0, 3, 2],
                "last_purchase_at": [pd.NaT, NOON, NOON],
                "age_band": [None, "30-39", None],
                "is_held_out": [True, False, None],
                "hobby": None,
            }
        ),
        "Category": pd.DataFrame({"category_id": ["FOOD/DAIRY", "FOOD"], "name": ["Dairy", "Food"]}),
        "Category WITHIN Category": links(("FOOD/DAIRY", "FOOD")),
        "Product": pd.DataFrame({"product_id": ["salt", "milk"], "name": ["Salt", "Milk"], "price": [np.nan, 1.0]}),
        "Product IN_CATEGORY Category": links(("milk", "FOOD/DAIRY")),
        "Asset": pd.DataFrame(
            {
                "asset_id": ["plain", "dairy-week"],
                "version": "1",
                "campaign_id": [None, "spring"],
                "topics": [None, ["a"]],
            }
        ),
        "Asset CARRIES Offer": links(("dairy-week", "ten-off")),
        "Asset ABOUT Category": links(("dairy-week", "FOOD/DAIRY")),
        "Asset ABOUT Product": links(("plain", "salt")),
        "Asset FITS Channel": links(("dairy-week", "email"), ("plain", "email")),
        "Offer": pd.DataFrame({"offer_id": ["ten-off"], "is_automatic": [False], "concession_order": [2]}),
        "Channel": pd.DataFrame({"channel_id": ["email"], "kind": ["file"], "cost_per_touch": [0.01]}),
        "Campaign": pd.DataFrame({"campaign_id": ["spring"], "channel_id": ["fax"]}),
        "Customer BOUGHT Category": bought.assign(count=2, spend=5.5, last_at=NOON),
        "Customer INTERESTED_IN Category": interests(("ann", pd.NaT), ("bob", NOON)),
        "Customer REACHABLE_ON Channel": links(("ann", "email"), ("bob", "email")).assign(
            granted=[True, False], basis=pd.Series(["consent", None]), recorded_at=pd.Series([NOON, pd.NaT])
        ),
    }


def links(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["from_key", "to_key"])


def interests(*rows: tuple[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["from_key", "valid_to"])
    return frame.assign(
        to_key="FOOD",
        rule="repeat-purchase",
        valid_from=NOON,
        weight=2.0,
        half_life_days=90.0,
        confidence=0.5,
        source="purchases",
    )


def test_nodes_are_in_order_of_their_keys() -> None:
    view = view_from_tables(knowledge(), AS_OF)
    assert view.customers.keys.tolist() == ["Zoë", "ann", "bob"]
    assert view.customers.positions(["bob", "nobody"]).tolist() == [2, -1]


def test_missing_values_are_none_nan_and_nat_whatever_the_others_are() -> None:
    zoe, ann, bob = view_from_tables(knowledge(), AS_OF).customers.frame.to_dict("records")
    assert (zoe["age_band"], ann["age_band"]) == (None, "30-39")
    assert (zoe["is_held_out"], ann["is_held_out"], bob["is_held_out"]) == (None, False, True)
    assert zoe["hobby"] is None
    assert np.isnan(bob["pclv"])
    assert bob["last_purchase_at"] is pd.NaT


def test_what_a_node_leads_to_stands_beside_it() -> None:
    view = view_from_tables(knowledge(), AS_OF)
    assert view.categories.frame["parent"].tolist() == [None, "FOOD"]
    assert view.products.frame["category"].tolist() == [1, -1]
    assert view.assets.frame["offer"].tolist() == [0, -1]
    assert view.assets.frame["campaign_id"].tolist() == ["spring", None]
    assert view.campaigns.frame["channel_id"].tolist() == ["fax"]


def test_links_hold_positions_and_facts() -> None:
    view = view_from_tables(knowledge(), AS_OF)
    bought = view.bought_categories
    assert list(zip(bought.sources.tolist(), bought.targets.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 1)]
    assert bought.facts["last_at"].dtype == np.dtype("datetime64[us]")
    assert bought.facts["last_at"][0] == np.datetime64("2026-02-01T12:00:00.000001")
    assert view.consents.facts["granted"].tolist() == [True, False]
    assert view.consents.facts["basis"].tolist() == ["consent", None]


def test_beliefs_that_are_closed_are_not_in_the_view() -> None:
    interests = view_from_tables(knowledge(), AS_OF).interests
    assert (interests.sources.tolist(), interests.targets.tolist()) == ([1], [0])
    assert np.isnat(interests.facts["valid_to"]).all()


def test_a_belief_is_held_from_its_start_until_just_before_its_end() -> None:
    end = pd.Timestamp("2026-02-20", tz="UTC")
    tables = knowledge() | {"Customer INTERESTED_IN Category": interests(("ann", end))}
    microsecond = pd.Timedelta(microseconds=1)
    held = {
        moment: len(view_from_tables(tables, moment.to_pydatetime()).interests)
        for moment in (NOON - microsecond, NOON, end - microsecond, end)
    }
    assert list(held.values()) == [0, 1, 1, 0]


def test_a_stored_view_comes_back_the_same(tmp_path: Path) -> None:
    view = view_from_tables(knowledge(), AS_OF)
    digest = store_view(view, tmp_path)
    assert_same(load_view(tmp_path, digest), view)


def test_a_view_without_anything_can_be_stored_too(tmp_path: Path) -> None:
    view = view_from_tables({}, AS_OF)
    assert_same(load_view(tmp_path, store_view(view, tmp_path)), view)


def test_the_digest_depends_on_content_and_as_of_and_not_on_the_order_of_rows(tmp_path: Path) -> None:
    tables = knowledge()
    digest = store_view(view_from_tables(tables, AS_OF), tmp_path)
    turned = {name: frame.iloc[::-1] for name, frame in tables.items()}
    assert store_view(view_from_tables(turned, AS_OF), tmp_path / "elsewhere") == digest
    assert store_view(view_from_tables(tables, AS_OF.replace(day=2)), tmp_path) != digest
    other = tables | {"Channel": tables["Channel"].assign(cost_per_touch=0.02)}
    assert store_view(view_from_tables(other, AS_OF), tmp_path) != digest


def test_what_two_days_share_is_stored_once(tmp_path: Path) -> None:
    store_view(view_from_tables(knowledge(), AS_OF), tmp_path)
    before = set(tmp_path.glob("*.feather"))
    store_view(view_from_tables(knowledge(), AS_OF.replace(day=2)), tmp_path)
    assert set(tmp_path.glob("*.feather")) == before


def test_a_view_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GraphPartsError):
        load_view(tmp_path, "0" * 64)


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=20)


@given(PAIRS)
def test_links_keep_every_pair_and_its_fact_in_order(pairs: Sequence[tuple[int, int]]) -> None:
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    facts = {"both": np.array([10 * source + target for source, target in pairs], dtype=np.int64)}
    built = Links.build(sources, targets, 5, facts)
    assert list(zip(built.sources.tolist(), built.targets.tolist(), strict=True)) == sorted(pairs)
    assert built.facts["both"].tolist() == sorted(10 * source + target for source, target in pairs)
    assert len(built.starts) == 6


@given(PAIRS)
def test_links_turned_round_twice_are_the_same(pairs: Sequence[tuple[int, int]]) -> None:
    built = Links.build([pair[0] for pair in pairs], [pair[1] for pair in pairs], 5)
    back = built.reversed(4).reversed(5)
    np.testing.assert_array_equal(back.starts, built.starts)
    np.testing.assert_array_equal(back.targets, built.targets)
