"""From canonical tables to the rows of the knowledge layer: what counts, what is left out, who may be reached."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from graph.beliefs import BeliefSettings
from graph.content import GraphContentError, check_endpoints, whole_layer
from graph.relate import RelateSettings, knowledge_tables

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def bought(customer: str, product: str, *days: str) -> list[dict[str, object]]:
    return [
        {
            "order_id": f"{customer}-{text}-{product}",
            "line": "1",
            "customer_id": customer,
            "product_id": product,
            "occurred_at": day(text),
            "net_value": 2.0,
            "quantity": 1.0,
            "kind": "sale",
        }
        for text in days
    ]


def world() -> dict[str, pd.DataFrame]:
    purchases = bought("ann", "milk", "2026-02-01", "2026-02-08") + bought("ann", "tea", "2026-02-08")
    return {
        "customers": pd.DataFrame(
            {"customer_id": ["ann", "bob"], "region": ["north", None], "age_band": [None, "30-39"]}
        ),
        "categories": pd.DataFrame(
            {
                "category_id": ["FOOD", "FOOD/DAIRY", "FOOD/DRINKS"],
                "name": ["Food", "Dairy", "Drinks"],
                "parent_id": [None, "FOOD", "FOOD"],
            }
        ),
        "products": pd.DataFrame(
            {
                "product_id": ["milk", "tea", "salt", "nails"],
                "name": ["Milk", "Tea", "Salt", "Nails"],
                "category_id": ["FOOD/DAIRY", "FOOD/DRINKS", None, None],
                "price": [1.0, 3.0, np.nan, 5.0],
                "shelf": ["1", "2", "3", "4"],
            }
        ),
        "purchases": pd.DataFrame(purchases),
        "assets": pd.DataFrame(
            {
                "asset_id": ["dairy-week", "salt-tip"],
                "version": "1",
                "title": ["Dairy week", "Salt"],
                "kind": ["coupon", "story"],
                "message_class": "marketing",
                "categories": [("FOOD/DAIRY",), None],
                "products": [None, ("salt",)],
                "channels": [("email",), None],
                "offer_id": ["ten-off", None],
                "campaign_id": ["spring", "not-begun"],
            }
        ),
        "offers": pd.DataFrame({"offer_id": ["ten-off"], "kind": ["discount"], "discount_pct": [10.0]}),
        "channels": pd.DataFrame({"channel_id": ["email", "mail"], "kind": "file", "cost_per_touch": [0.01, 0.5]}),
        "campaigns": pd.DataFrame({"campaign_id": ["spring"], "channel_id": ["fax"], "kind": ["leaflet"]}),
        "consents": consents(("ann", "email", "2026-01-01", True)),
        "estimates": pd.DataFrame(
            {
                "subject_kind": ["customer", "customer", "product"],
                "subject_id": ["bob", "bob", "bob"],
                "name": ["pclv", "p_alive", "pclv"],
                "value": [499.99, 0.5, 7.0],
            }
        ),
    }


def consents(*rows: tuple[str, str, str, bool], purpose: str = "marketing") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "channel_id", "recorded_at", "granted"])
    times = pd.DatetimeIndex([day(text) for text in frame["recorded_at"]], tz="UTC")
    return frame.assign(recorded_at=times, purpose=purpose, basis="consent", source="form")


def related(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return knowledge_tables(world() | changed, as_of=AS_OF, timezone="UTC")


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["from_key"], frame["to_key"], strict=True))


def reachable(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], bool]:
    frame = tables["Customer REACHABLE_ON Channel"]
    return dict(zip(zip(frame["from_key"], frame["to_key"], strict=True), frame["granted"], strict=True))


def test_the_rows_fit_the_schema_and_every_relationship_has_its_nodes() -> None:
    check_endpoints(whole_layer("knowledge", related()), {})


def test_customers_carry_their_columns_their_supplied_value_and_what_they_did_lately() -> None:
    ann, bob = related()["Customer"].to_dict("records")
    assert (ann["region"], ann["shopping_days_28d"], ann["last_purchase_at"]) == ("north", 2, day("2026-02-08"))
    assert np.isnan(ann["pclv"])
    assert (bob["age_band"], bob["shopping_days_91d"], bob["last_purchase_at"]) == ("30-39", 0, pd.NaT)
    assert bob["pclv"] == 499.99


def test_only_products_are_loaded_that_are_bought_often_or_that_an_asset_is_about() -> None:
    tables = related()
    assert set(tables["Product"]["product_id"]) == {"milk", "salt"}
    assert pairs(tables["Customer BOUGHT Product"]) == {("ann", "milk")}
    assert pairs(tables["Product IN_CATEGORY Category"]) == {("milk", "FOOD/DAIRY")}


def test_the_threshold_of_products_is_the_playbooks() -> None:
    tables = knowledge_tables(world(), as_of=AS_OF, timezone="UTC", settings=RelateSettings(product_threshold=1))
    assert pairs(tables["Customer BOUGHT Product"]) == {("ann", "milk"), ("ann", "tea")}


def test_categories_are_bought_from_the_first_day_on() -> None:
    assert pairs(related()["Customer BOUGHT Category"]) == {("ann", "FOOD/DAIRY"), ("ann", "FOOD/DRINKS")}


def test_interest_begins_at_the_playbooks_number_of_days() -> None:
    settings = RelateSettings(beliefs=BeliefSettings(minimum_days=2, half_life_days=7.0))
    tables = knowledge_tables(world(), as_of=AS_OF, timezone="UTC", settings=settings)
    (belief,) = tables["Customer INTERESTED_IN Category"].to_dict("records")
    assert (belief["to_key"], belief["weight"], belief["half_life_days"]) == ("FOOD/DAIRY", 1.5, 7.0)
    assert "Customer INTERESTED_IN Category" not in related()


def test_an_asset_fits_the_channels_it_names_or_else_all() -> None:
    assert pairs(related()["Asset FITS Channel"]) == {
        ("dairy-week", "email"),
        ("salt-tip", "email"),
        ("salt-tip", "mail"),
    }


def test_an_asset_is_about_what_it_lists_each_thing_once() -> None:
    listed = pd.Series([np.array(["FOOD/DAIRY", "FOOD", "FOOD/DAIRY"]), []])
    assets = world()["assets"].assign(categories=listed)
    tables = related(assets=assets)
    assert sorted(tables["Asset ABOUT Category"]["to_key"]) == ["FOOD", "FOOD/DAIRY"]
    assert pairs(tables["Asset ABOUT Product"]) == {("salt-tip", "salt")}


def test_the_highest_version_of_an_asset_counts_and_ten_comes_after_nine() -> None:
    versions = pd.concat([world()["assets"].iloc[[0]].assign(version=version) for version in ("9", "10", "2")])
    tables = related(assets=versions.assign(title=versions["version"]))
    assert tables["Asset"][["version", "title"]].to_dict("records") == [{"version": "10", "title": "10"}]


def test_campaigns_and_channels_that_are_not_there_may_be_named_without_a_relationship() -> None:
    tables = related()
    assert pairs(tables["Asset PART_OF Campaign"]) == {("dairy-week", "spring")}
    assert tables["Campaign RUNS_ON Channel"].empty
    assert tables["Asset"]["campaign_id"].tolist() == ["spring", "not-begun"]


def test_the_latest_word_on_consent_counts() -> None:
    words = consents(("ann", "email", "2026-02-01", False), ("ann", "email", "2026-01-01", True))
    assert reachable(related(consents=words)) == {("ann", "email"): False}
    words = consents(("ann", "email", "2026-02-01", True), ("ann", "email", "2026-01-01", False))
    assert reachable(related(consents=words)) == {("ann", "email"): True}


def test_a_word_at_as_of_is_not_known_yet_and_one_just_before_is() -> None:
    words = consents(("ann", "email", "2026-01-01", True), ("ann", "email", "2026-03-01", False))
    assert reachable(related(consents=words)) == {("ann", "email"): True}
    earlier = words.assign(recorded_at=words["recorded_at"] - pd.Timedelta(microseconds=1))
    assert reachable(related(consents=earlier)) == {("ann", "email"): False}


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_of_two_words_at_one_moment_the_refusal_wins(order: tuple[bool, bool]) -> None:
    words = consents(*(("ann", "email", "2026-01-01", granted) for granted in order))
    assert reachable(related(consents=words)) == {("ann", "email"): False}


def test_consent_to_something_else_reaches_nobody() -> None:
    words = consents(("ann", "email", "2026-01-01", True), purpose="service")
    assert reachable(related(consents=words)) == {}


def test_channels_are_apart() -> None:
    words = consents(("ann", "email", "2026-01-01", True), ("ann", "mail", "2026-02-01", False))
    assert reachable(related(consents=words)) == {("ann", "email"): True, ("ann", "mail"): False}


def test_a_world_without_purchases_offers_campaigns_consents_and_estimates_has_a_graph_too() -> None:
    tables = {name: frame for name, frame in world().items() if name not in ("offers", "campaigns", "consents")}
    del tables["estimates"]
    tables["purchases"] = tables["purchases"].iloc[:0]
    tables["assets"] = tables["assets"].drop(columns=["offer_id", "channels"])
    content = whole_layer("knowledge", knowledge_tables(tables, as_of=AS_OF, timezone="UTC"))
    check_endpoints(content, {})
    assert len(content["Customer"]) == 2
    assert len(content["Asset FITS Channel"]) == 4


def test_a_table_that_is_missing_is_named() -> None:
    tables = world()
    del tables["purchases"]
    with pytest.raises(GraphContentError, match="The tables purchases are missing"):
        knowledge_tables(tables, as_of=AS_OF, timezone="UTC")
