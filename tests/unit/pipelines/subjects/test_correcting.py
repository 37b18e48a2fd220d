"""Corrections override what sources say, from the first as-of after them."""

from typing import Any

import pandas as pd
import pytest

from lake.journal import Actor, Journal
from pipelines.errors import RefusedError, UsageError
from pipelines.subjects.correcting import correct

WILLOW = "c-willow"


def customer(shop: Any, customer_id: str = WILLOW) -> dict[str, Any]:
    rows = shop.table("customers").set_index("customer_id")
    found: dict[str, Any] = rows.loc[customer_id].to_dict()
    return found


def test_a_corrected_cell_holds_from_the_first_as_of_after_it(shop: Any, anna: Actor) -> None:
    before = customer(shop, "c-maple")
    correct(shop.day(6), anna, WILLOW, ["region=West", "shoe_size=39.5", "is_minor=yes"], because="they told us")
    shop.perceive(6)
    assert customer(shop)["region"] == "North"
    shop.perceive(7)
    mended = customer(shop)
    assert (mended["region"], mended["shoe_size"], mended["is_minor"]) == ("West", 39.5, True)
    assert str(customer(shop, "c-maple")) == str(before)


def test_the_correction_made_last_holds_and_an_empty_one_is_nothing(shop: Any, anna: Actor) -> None:
    correct(shop.day(6), anna, WILLOW, ["region=West"], because="first")
    correct(shop.day(6), anna, WILLOW, ["region=East", "joined_at="], because="second")
    shop.perceive(7)
    assert customer(shop)["region"] == "East"
    assert pd.isna(customer(shop)["joined_at"])


def test_a_column_that_the_source_lost_holds_what_was_corrected(shop: Any, anna: Actor) -> None:
    correct(shop.day(6), anna, WILLOW, ["shoe_size=39"], because="they told us")
    shop.write("data/customers.csv", "customer_id,region\nc-willow,North\nc-maple,South\n")
    shop.perceive(7)
    assert customer(shop)["shoe_size"] == "39"
    assert customer(shop, "c-maple")["shoe_size"] is None


def test_a_correction_of_somebody_who_left_changes_nobody(shop: Any, anna: Actor) -> None:
    correct(shop.day(6), anna, WILLOW, ["region=West"], because="they told us")
    shop.write("data/customers.csv", "customer_id,region\nc-maple,South\n")
    shop.write(
        "data/consents.csv",
        "customer_id,channel_id,purpose,granted,recorded_at,source,basis\n"
        "c-maple,email,marketing,true,2025-01-01,shop,consent\n",
    )
    shop.perceive(7)
    assert shop.table("customers")["region"].tolist() == ["South"]


def test_a_correction_still_holds_after_its_person_was_joined_with_another(shop: Any, anna: Actor) -> None:
    correct(shop.day(6), anna, "c-maple", ["is_minor=yes", "language=de"], because="their mother called")
    shop.source(
        "identities",
        "kind,value,customer_id,first_seen_at",
        f"email,one@example.org,{WILLOW},2025-01-01",
        "email,one@example.org,c-maple,2025-01-01",
    )
    shop.perceive(7)
    assert set(shop.table("customers")["customer_id"]) == {WILLOW, "c-birch"}
    assert (customer(shop)["is_minor"], customer(shop)["language"]) == (True, "de")
    correct(shop.day(7), anna, WILLOW, ["language="], because="they told us")
    shop.perceive(8)
    assert customer(shop)["language"] is None


def test_a_corrected_consent_is_the_word_said_last(shop: Any, anna: Actor) -> None:
    correct(shop.day(6), anna, WILLOW, ["consent.email=withdrawn"], because="they called")
    correct(shop.day(6), anna, "c-birch", ["consent.email=granted"], because="a form on paper")
    shop.perceive(7)
    rows = shop.table("consents").sort_values("recorded_at").drop_duplicates("customer_id", keep="last")
    assert dict(zip(rows["customer_id"], rows["granted"], strict=True)) == {
        "c-willow": False,
        "c-maple": True,
        "c-birch": True,
    }
    assert set(rows.loc[rows["customer_id"] != "c-maple", "source"]) == {"journal"}


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("region", "is no correction"),
        ("=North", "is no correction"),
        ("regoin=North", "has no column `regoin`"),
        ("customer_id=x", "has no column `customer_id`"),
        ("joined_at=yesterday", "`yesterday` is no time"),
        ("shoe_size=large", "`large` is no number"),
        ("is_minor=perhaps", "`perhaps` is no boolean"),
        ("consent.pigeon=granted", "there is no channel `pigeon`"),
        ("consent.email=yes", "is no word on consent"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_recorded(shop: Any, anna: Actor, cell: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        correct(shop.day(), anna, WILLOW, ["region=West", cell], because="why")
    assert Journal(shop.day().lake).events().empty


def test_only_an_owner_may_correct_somebody_known(shop: Any, anna: Actor) -> None:
    with pytest.raises(RefusedError):
        correct(shop.day(), Actor("person:a", "analyst"), WILLOW, ["region=West"], because="why")
    with pytest.raises(UsageError, match="nobody is known"):
        correct(shop.day(), anna, "c-oak", ["region=West"], because="why")
    with pytest.raises(UsageError, match="nothing is corrected"):
        correct(shop.day(), anna, WILLOW, [], because="why")
