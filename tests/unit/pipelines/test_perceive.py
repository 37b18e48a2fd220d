"""Perceive: from a playbook's sources to the tables that a run decides from."""

from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lake.errors import LakeError, WarrantError
from lake.reservations import Reservations
from lake.store import Lake
from pipelines.errors import PlaybookError, SourceError
from pipelines.perceive import Knowing, Perceived, perceive, read_tables
from pipelines.playbook_reading import load_playbook

DAY = date(2026, 3, 6)
AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=12)
KNOWING = Knowing(AS_OF, NOW, {})

FILES = {
    "warrant.yaml": "name: corner-shop\ncurrency: EUR\ntimezone: Europe/Berlin\n",
    "channels.yaml": "channels:\n  email:\n    kind: file\n    title: E-mail\n    cost_per_touch: 0.01\n",
    "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\ncategories: [tea]\n---\nGood morning.\n",
    "sources/customers.sql": "FROM 'customers.csv'",
    "sources/categories.sql": "FROM 'categories.csv'",
    "sources/products.sql": "FROM 'products.csv'",
    "sources/purchases.sql": "FROM 'purchases.csv'",
    "data/customers.csv": "customer_id,shoe_size\nanna,38\nbert,44\n",
    "data/categories.csv": "category_id,name\ntea,Tea\n",
    "data/products.csv": "product_id,name,category_id\ngreen,Green tea,tea\n",
    "data/purchases.csv": (
        "order_id,line,customer_id,kind,net_value,occurred_at,product_id,quantity\n"
        "1,1,anna,sale,4.50,2026-03-01 10:00:00,green,1\n"
        "2,1,bert,sale,9.00,2026-03-02 10:00:00,green,2\n"
    ),
}


class Shop:
    """A playbook in a folder, and its lake."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "playbook"
        self.lake = Lake(root / "lake")
        self.said: list[str] = []
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name: str, *lines: str) -> None:
        path = self.folder / name
        path.write_text(path.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines), encoding="utf-8")

    def source(self, table: str, *lines: str) -> None:
        self.write(f"sources/{table}.sql", f"FROM '{table}.csv'")
        self.write(f"data/{table}.csv", "\n".join(lines) + "\n")

    def perceive(self, knowing: Knowing = KNOWING, *, slot: str = "daily", day: date = DAY) -> Perceived:
        playbook = load_playbook(self.folder)
        return perceive(playbook, self.lake, knowing, slot=slot, day=day, report=self.said.append)

    def refused(self, kind: type[WarrantError] = SourceError) -> WarrantError:
        with pytest.raises(kind) as error:
            self.perceive()
        assert error.value.exit_code == 3
        assert error.value.remedy
        assert self.lake.latest("customers") is None, "nothing is committed by a reading that fails"
        return error.value

    def quarantine(self) -> list[Mapping[Hashable, Any]]:
        return list(self.lake.read("quarantine").to_dict("records"))

    def column(self, table: str, name: str) -> list[Any]:
        return list(self.lake.read(table)[name])

    def sends(self, customer_id: str, decision_id: str, at: datetime, *, slot: str = "daily", day: date = DAY) -> None:
        wanted = pd.DataFrame(
            {
                "customer_id": [customer_id],
                "decision_id": [decision_id],
                "channel_id": ["email"],
                "asset_id": ["hello"],
                "send_at": [at],
                "cost": [0.01],
            }
        )
        Reservations(self.lake).claim(slot, day, wanted, "run")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


# ---- what is committed


def test_every_table_is_committed_with_the_digest_of_its_content(shop: Shop) -> None:
    perceived = shop.perceive()
    assert dict(perceived.rows) == {
        "channels": 1,
        "customers": 2,
        "categories": 1,
        "products": 1,
        "assets": 1,
        "purchases": 2,
    }
    assert not any(perceived.quarantined.values())
    for name, pin in perceived.pins.items():
        assert shop.lake.latest(name) == pin
    assert shop.column("customers", "shoe_size") == [38.0, 44.0]
    assert shop.column("channels", "title") == ["E-mail"]
    assert [list(value) for value in shop.column("assets", "categories")] == [["tea"]]


def test_the_same_content_is_committed_once(shop: Shop) -> None:
    first = shop.perceive()
    files = sorted(path for path in shop.lake.root.rglob("*") if path.is_file())
    assert shop.perceive() == first
    assert sorted(path for path in shop.lake.root.rglob("*") if path.is_file()) == files


def test_the_order_of_a_file_is_no_content(shop: Shop) -> None:
    first = shop.perceive()
    header, *lines = FILES["data/purchases.csv"].splitlines()
    shop.write("data/purchases.csv", "\n".join([header, *reversed(lines)]) + "\n")
    assert shop.perceive().pins == first.pins


def test_one_more_purchase_is_a_new_version_of_one_table(shop: Shop) -> None:
    first = shop.perceive()
    shop.append("data/purchases.csv", "3,1,anna,sale,4.50,2026-03-03 10:00:00,green,1")
    second = shop.perceive()
    changed = {name for name in first.pins if first.pins[name] != second.pins[name]}
    assert changed == {"purchases"}
    assert shop.lake.read("purchases", version=first.pins["purchases"].version).shape[0] == 2


def test_what_happens_from_as_of_on_is_counted_and_changes_nothing(shop: Shop) -> None:
    first = shop.perceive()
    shop.append(
        "data/purchases.csv",
        "3,1,anna,sale,4.50,2026-03-05 23:00:00,green,1",
        "4,1,nobody,gift,0,2026-03-06 10:00:00,moon-dust,0",
    )
    second = shop.perceive()
    assert (second.later["purchases"], second.quarantined["purchases"]) == (2, 0)
    assert second.pins == first.pins


def test_local_days_become_utc(shop: Shop) -> None:
    shop.source("campaigns", "campaign_id,kind,starts_at", "spring,mailing,2026-03-01")
    shop.perceive()
    assert shop.column("campaigns", "starts_at") == [pd.Timestamp("2026-02-28T23:00:00Z")]


def test_data_may_lie_elsewhere(shop: Shop, tmp_path: Path) -> None:
    (shop.folder / "data").rename(tmp_path / "elsewhere")
    perceived = shop.perceive(Knowing(AS_OF, NOW, {"WARRANT_DATA": str(tmp_path / "elsewhere")}))
    assert perceived.rows["purchases"] == 2


# ---- quarantine


def test_a_wrong_row_is_found_in_quarantine_with_its_file_row_and_reason(shop: Shop) -> None:
    shop.append("data/purchases.csv", "3,1,anna,sale,a lot,2026-03-03 10:00:00,green,1")
    assert shop.perceive().quarantined["purchases"] == 1
    (row,) = shop.quarantine()
    assert row["file"].endswith("sources/purchases.sql")
    assert {name: row[name] for name in ("table", "source_row", "reason", "value")} == {
        "table": "purchases",
        "source_row": 3,
        "reason": "net_value is no number",
        "value": "a lot",
    }
    assert '"order_id":' in row["row"]


def test_quarantine_holds_what_is_wrong_now(shop: Shop) -> None:
    shop.append("data/purchases.csv", "3,1,nobody,sale,1,2026-03-03 10:00:00,green,1")
    shop.perceive()
    shop.write("data/purchases.csv", FILES["data/purchases.csv"])
    shop.perceive()
    assert shop.quarantine() == []


def test_what_refers_to_a_row_in_quarantine_goes_there_too(shop: Shop) -> None:
    shop.append("data/categories.csv", "coffee,")
    shop.append("data/products.csv", "beans,Beans,coffee")
    shop.append("data/purchases.csv", "3,1,anna,sale,4.50,2026-03-03 10:00:00,beans,1")
    perceived = shop.perceive()
    assert [perceived.quarantined[name] for name in ("categories", "products", "purchases")] == [1, 1, 1]
    assert [row["reason"] for row in shop.quarantine()] == ["name is missing", "unknown category", "unknown product"]


def test_a_reference_to_a_table_that_nothing_states_leads_nowhere(shop: Shop) -> None:
    shop.source("outcomes", "outcome_id,touch_id,name,occurred_at", "o1,t1,opened,2026-03-03 10:00:00")
    shop.perceive()
    assert [row["reason"] for row in shop.quarantine()] == ["unknown touch"]


# ---- what the playbook states itself


CONSENT = "    consent: {assumed: legitimate_interest, because: They buy here., by: the shop}\n"


def test_consent_that_the_playbook_states_gives_way_to_what_is_on_record(shop: Shop) -> None:
    shop.append("channels.yaml", CONSENT.rstrip("\n"))
    shop.source(
        "consents",
        "customer_id,channel_id,purpose,granted,recorded_at,source,basis",
        "anna,email,marketing,false,2026-01-01 10:00:00,shop,consent",
    )
    shop.perceive()
    consents = shop.lake.read("consents").sort_values(["customer_id", "recorded_at"])
    assert consents[["customer_id", "granted", "source"]].to_numpy().tolist() == [
        ["anna", True, "playbook"],
        ["anna", False, "shop"],
        ["bert", True, "playbook"],
    ]
    assert set(consents.loc[consents["source"] == "playbook", "basis"]) == {"legitimate_interest"}


def test_content_and_a_source_of_assets_come_together(shop: Shop) -> None:
    shop.source(
        "assets",
        "asset_id,version,title,kind,message_class,categories,starts_at",
        "coupon,1,Ten off,coupon,marketing,tea,2026-03-01",
    )
    shop.perceive()
    assets = shop.lake.read("assets").set_index("asset_id")
    assert list(assets.index) == ["coupon", "hello"]
    assert [list(value) for value in assets["categories"]] == [["tea"], ["tea"]]
    assert assets.loc["coupon", "starts_at"] == pd.Timestamp("2026-02-28T23:00:00Z")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("kind: remindr", "kind is not one of"),
        ("kind: reminder\ncategories: [coffee]", "unknown category"),
        ("kind: reminder\noffer_id: ten-off", "unknown offer"),
    ],
)
def test_a_wrong_asset_in_the_playbook_is_an_error_of_the_playbook(shop: Shop, front: str, said: str) -> None:
    shop.write("content/second.md", f"---\nasset_id: second\ntitle: Second\n{front}\n---\nHello.\n")
    error = shop.refused(PlaybookError)
    assert error.where.startswith(str(shop.folder / "content/second.md"))
    assert said in error.what


# ---- what we have sent ourselves


def test_our_own_sends_are_touches_and_outcomes_may_refer_to_them(shop: Shop) -> None:
    shop.sends("anna", "decision-1", AS_OF - timedelta(days=1), day=date(2026, 3, 5))
    shop.source("outcomes", "outcome_id,touch_id,name,occurred_at", "o1,decision-1,opened,2026-03-05 10:00:00")
    perceived = shop.perceive()
    assert (perceived.rows["touches"], perceived.rows["outcomes"]) == (1, 1)
    (touch,) = shop.lake.read("touches").to_dict("records")
    assert (touch["touch_id"], touch["customer_id"], touch["asset_id"]) == ("decision-1", "anna", "hello")


def test_what_this_very_slot_has_sent_is_no_input(shop: Shop) -> None:
    first = shop.perceive()
    shop.sends("anna", "decision-1", AS_OF + timedelta(hours=9))
    assert shop.perceive() == first


def test_a_source_that_returns_our_sends_with_our_ids_wins(shop: Shop) -> None:
    shop.sends("anna", "decision-1", AS_OF - timedelta(days=1), day=date(2026, 3, 5))
    shop.sends("bert", "decision-2", AS_OF - timedelta(days=1), day=date(2026, 3, 5))
    shop.source(
        "touches", "touch_id,customer_id,channel_id,sent_at,cost", "decision-1,anna,email,2026-03-05 08:30:00,0.02"
    )
    perceived = shop.perceive()
    assert (perceived.rows["touches"], perceived.quarantined["touches"]) == (2, 0)
    assert shop.column("touches", "cost") == [0.02, 0.01]


def test_sends_of_other_days_are_part_of_what_a_run_rests_on(shop: Shop) -> None:
    first = shop.perceive()
    shop.sends("anna", "decision-1", AS_OF - timedelta(days=1), day=date(2026, 3, 5))
    second = shop.perceive()
    assert second.reservations_digest != first.reservations_digest
    assert second.pins["touches"].rows == 1


# ---- sources that cannot be used


@pytest.mark.parametrize("table", ["customers", "categories", "products", "purchases"])
@pytest.mark.parametrize("empty", ["WHERE false", None], ids=["no row", "an empty file"])
def test_a_table_without_which_nothing_works_must_not_be_empty(shop: Shop, table: str, empty: str | None) -> None:
    if empty is None:
        shop.write(f"data/{table}.csv", "")
    else:
        shop.write(f"sources/{table}.sql", f"FROM '{table}.csv' {empty}")
    error = shop.refused()
    assert f"`{table}`" in error.what
    assert error.where.endswith(f"{table}.sql")


def test_other_tables_may_be_empty_and_it_is_said(shop: Shop) -> None:
    shop.source("touches", "touch_id,customer_id,channel_id,sent_at")
    assert shop.perceive().rows["touches"] == 0
    assert "touches: 0 rows" in shop.said


def test_customers_of_whom_none_is_usable_are_an_error_with_the_reason(shop: Shop) -> None:
    shop.write("data/customers.csv", "customer_id,shoe_size\n,38\n,44\n")
    assert "customer_id is missing" in shop.refused().what


def test_a_playbook_without_a_source_of_customers_is_refused(shop: Shop) -> None:
    (shop.folder / "sources/customers.sql").unlink()
    assert "sources/customers.sql" in shop.refused().remedy


def without_a_column(shop: Shop) -> None:
    shop.write("sources/purchases.sql", "SELECT * EXCLUDE (net_value) FROM 'purchases.csv'")


def with_a_column_too_many(shop: Shop) -> None:
    shop.write("sources/purchases.sql", "SELECT *, 1 AS netvalue FROM 'purchases.csv'")


@pytest.mark.parametrize("spoil", [without_a_column, with_a_column_too_many])
def test_a_source_with_other_columns_is_refused_by_name(shop: Shop, spoil: Callable[[Shop], None]) -> None:
    spoil(shop)
    error = shop.refused(LakeError)
    assert error.where.endswith("purchases.sql")
    assert "net_value" in error.what + error.remedy


def test_a_source_of_no_table_is_refused_with_the_nearest_name(shop: Shop) -> None:
    shop.write("sources/purchasez.sql", "SELECT 1 AS order_id")
    error = shop.refused(PlaybookError)
    assert error.where.endswith("purchasez.sql")
    assert "`purchases`" in error.remedy


def test_reading_alone_commits_nothing(shop: Shop) -> None:
    reading = read_tables(load_playbook(shop.folder), KNOWING, shop.said.append)
    assert reading.read["purchases"] == 2
    assert not shop.lake.root.exists()
