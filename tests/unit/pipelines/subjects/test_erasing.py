"""Erasing: no file of the state folder names the person afterwards, and everything about others stays."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyarrow import feather, parquet

from lake.erasure import Tombstones
from lake.journal import Actor, Journal
from lake.reservations import Reservations
from lake.store import Lake
from pipelines.errors import RefusedError, UsageError
from pipelines.subjects.asserting import assert_fact
from pipelines.subjects.erasing import NOTE, erase, who_would_be_erased
from pipelines.subjects.persons import UnknownPersonError

WILLOW, MAIL, VISITOR = "c-willow", "willow@example.org", "visitor-4711"
NAMES = (WILLOW, MAIL, VISITOR)


def files_naming(root: Path, *names: str) -> list[str]:
    """A search of its own: raw bytes, decoded columns, unpacked archives."""
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content += gzip.decompress(content)
        if content[:4] == b"PAR1":
            content += str(parquet.read_table(pa.BufferReader(content)).to_pydict()).encode()
        if path.suffix == ".feather":
            content += str(feather.read_table(path).to_pydict()).encode()
        if any(name.encode() in content for name in names):
            found.append(str(path.relative_to(root)))
    return found


@pytest.fixture
def lived_in(shop: Any, anna: Actor) -> Any:
    """Three days with everything in them that can name somebody."""
    shop.source(
        "identities",
        "kind,value,customer_id,first_seen_at",
        f"email,{MAIL},{WILLOW},2026-01-01",
        f"device,{VISITOR},{WILLOW},2026-01-02",
        "email,family@example.org,c-maple,2026-01-01",
    )
    shop.source(
        "signals",
        "signal_id,customer_id,anonymous_id,name,occurred_at",
        f"s1,,{VISITOR},Product Viewed,2026-03-01",
        f"s2,{WILLOW},,Product Viewed,2026-03-02",
        "s3,c-maple,,Product Viewed,2026-03-02",
    )
    shop.source(
        "messages",
        "message_id,customer_id,direction,occurred_at,text",
        f"m1,{WILLOW},inbound,2026-03-01,hello",
        f"m2,c-maple,inbound,2026-03-01,my neighbour {MAIL} likes you",
    )
    shop.write(
        "data/consents.csv",
        (shop.folder / "data/consents.csv").read_text() + f"{WILLOW},pigeon,marketing,true,2025-01-01,shop,consent\n",
    )
    shop.perceive(6)
    assert_fact(shop.day(6), anna, f"customer/{WILLOW}", "prefers category/tea", because="she said so")
    assert_fact(shop.day(6), anna, "customer/c-maple", "prefers category/tea", because=f"as {WILLOW} said")
    shop.write("data/categories.csv", shop.folder.joinpath("data/categories.csv").read_text() + "mate,Mate\n")
    shop.perceive(7)
    wanted = pd.DataFrame(
        {
            "customer_id": [WILLOW, "c-maple"],
            "decision_id": ["d" * 32, "e" * 32],
            "channel_id": "email",
            "asset_id": "hello",
            "send_at": pd.Timestamp("2026-03-07T10:00:00Z"),
            "cost": 0.01,
        }
    )
    Reservations(shop.day().lake).claim("daily", date(2026, 3, 7), wanted, "a-run")
    shop.perceive(8)
    assert files_naming(shop.home, *NAMES)
    return shop


def test_no_file_names_the_person_afterwards(lived_in: Any, anna: Actor) -> None:
    receipt = erase(lived_in.day(8), anna, WILLOW, because=f"{WILLOW} asked us to")
    assert files_naming(lived_in.home, *NAMES, "d" * 32) == []
    assert receipt["still_found"] == []
    assert receipt["because"] == "[erased] asked us to"
    assert {"tables/customers", "tables/signals", "tables/quarantine", "tables/messages"} <= {
        table["table"] for table in receipt["tables"]
    }
    assert json.loads(Path(receipt["path"]).read_text())["erasure_id"] == receipt["erasure_id"]
    assert any("sources" in place["what"] for place in receipt["out_of_reach"])


def test_everything_about_others_stays_in_every_version(lived_in: Any, anna: Actor) -> None:
    lake = lived_in.day(8).lake
    path = lake.root / "tables" / "customers"
    before = {version: lake.read("customers", version) for version in range(DeltaTable(str(path)).version() + 1)}
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    for version, rows in before.items():
        expected = rows[~rows["customer_id"].isin([WILLOW, f"anonymous/{VISITOR}"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(lake.read("customers", version), expected)
    assert lived_in.table("signals")["signal_id"].tolist() == ["s3"]
    assert lived_in.table("messages")["text"].tolist() == ["my neighbour [erased] likes you"]
    assert Reservations(lake).held_on(date(2026, 3, 7))["cost"].tolist() == [0.01, 0.01], "room used stays used"


def test_the_next_perceive_leaves_the_person_out_and_says_so(lived_in: Any, anna: Actor) -> None:
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    day = lived_in.perceive(9)
    assert day.current_run().about["forgotten"] == {
        "customers": 1,
        "identities": 2,
        "signals": 2,
        "messages": 1,
        "consents": 2,
    }
    assert set(lived_in.table("customers")["customer_id"]) == {"c-maple", "c-birch"}
    left = files_naming(lived_in.home, WILLOW, VISITOR)
    assert left == []


def test_perceiving_the_same_content_again_writes_nothing_new(lived_in: Any, anna: Actor) -> None:
    lake = lived_in.day(8).lake
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    pin = lake.latest("customers")
    lived_in.perceive(8)
    assert lake.latest("customers") == pin


def test_the_journal_still_verifies_and_its_texts_are_gone(lived_in: Any, anna: Actor) -> None:
    journal = Journal(lived_in.day(8).lake)
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    journal.verify()
    events = journal.events()
    assert events["kind"].tolist() == ["asserted", "asserted", "erasing", "erased"]
    assert events["payload"].isna().tolist() == [True, False, False, False]
    assert events["because"].isna().tolist() == [True, True, False, False]
    lived_in.perceive(9)
    assert lived_in.table("assertions")["subject"].tolist() == ["customer/c-maple"]


def test_an_id_that_is_a_place_in_the_journal_leaves_what_earlier_erasures_noted(lived_in: Any, anna: Actor) -> None:
    lived_in.write("data/customers.csv", (lived_in.folder / "data/customers.csv").read_text() + "1,South,2024-03-01,\n")
    lived_in.perceive(9)
    journal = Journal(lived_in.day(9).lake)
    for customer_id in (WILLOW, "1", "c-birch"):
        erase(lived_in.day(9), anna, customer_id, because="asked")
        journal.verify()
    assert journal.events("erasing")["payload"].notna().all()
    assert journal.events("erased")["payload"].notna().all()


def test_who_left_the_sources_is_erased_from_what_is_kept_with_their_former_address(lived_in: Any, anna: Actor) -> None:
    path, former = lived_in.folder / "data/identities.csv", "willow.old@example.org"
    as_it_was = path.read_text()
    path.write_text(as_it_was.replace(MAIL, former))
    lived_in.perceive(9)
    path.write_text("".join(line for line in as_it_was.splitlines(keepends=True) if WILLOW not in line))
    for name in ("customers", "consents", "signals"):
        source = lived_in.folder / f"data/{name}.csv"
        lines = source.read_text().splitlines(keepends=True)
        source.write_text("".join(line for line in lines if WILLOW not in line))
    lived_in.source(
        "messages", "message_id,customer_id,direction,occurred_at,text", f"m2,c-maple,inbound,2026-03-01,ask {former}"
    )
    lived_in.perceive(10)
    assert WILLOW not in set(lived_in.table("customers")["customer_id"])
    receipt = erase(lived_in.day(10), anna, WILLOW, because="asked")
    assert files_naming(lived_in.home, WILLOW, MAIL, former) == []
    assert receipt["still_found"] == []


def test_an_erasure_that_was_killed_is_completed_by_the_next_call(
    lived_in: Any, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.subjects import erasing

    class KilledError(Exception):
        pass

    def kill(*_: Any) -> None:
        raise KilledError

    for part in ("_forget_in_journal", "keep_digests", "_rewrite_tables", "_rewrite_views", "_blot_files", "_receipt"):
        with monkeypatch.context() as patched:
            patched.setattr(erasing, part, kill)
            with pytest.raises(KilledError):
                erase(lived_in.day(8), anna, WILLOW, because="asked")
        assert (lived_in.day().lake.root / NOTE).exists()
    receipt = erase(lived_in.day(8), anna, WILLOW, because="asked again")
    assert receipt["because"] == "asked"
    assert files_naming(lived_in.home, *NAMES) == []
    assert Journal(lived_in.day().lake).events()["kind"].tolist() == ["asserted", "asserted", "erasing", "erased"]


def test_who_was_erased_is_unknown_and_the_error_leads_to_the_receipts(lived_in: Any, anna: Actor) -> None:
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    with pytest.raises(UnknownPersonError, match="nothing is known about") as unknown:
        erase(lived_in.day(8), anna, WILLOW, because="asked")
    assert "receipts" in unknown.value.remedy


def test_only_an_owner_may_erase_and_only_with_a_reason(lived_in: Any, anna: Actor) -> None:
    with pytest.raises(RefusedError):
        erase(lived_in.day(8), Actor("person:a", "analyst"), WILLOW, because="asked")
    with pytest.raises(UsageError):
        erase(lived_in.day(8), anna, WILLOW, because=" ")
    names = who_would_be_erased(lived_in.day(8), anna, WILLOW)["identifiers"]
    assert set(names) == {*NAMES, f"anonymous/{VISITOR}"}
    assert files_naming(lived_in.home, *NAMES)


def test_an_identifier_that_others_share_stays_with_them(shop: Any, anna: Actor) -> None:
    shop.source(
        "identities",
        "kind,value,customer_id,first_seen_at",
        f"email,family@example.org,{WILLOW},2026-01-01",
        "email,family@example.org,c-maple,2026-01-01",
        "crm_id,1,c-maple,2026-01-01",
        f"crm_id,2,{WILLOW},2026-01-01",
    )
    shop.perceive(7)
    receipt = erase(shop.day(7), anna, WILLOW, because="asked")
    assert receipt["shared_identifiers_kept"] == 1
    assert sorted(shop.table("identities")["value"]) == ["1", "family@example.org"]


def test_a_tombstone_holds_no_identifier(lived_in: Any, anna: Actor) -> None:
    erase(lived_in.day(8), anna, WILLOW, because="asked")
    tombstones = Tombstones.of(Lake(lived_in.day().lake.root))
    assert all(tombstones.names(name) for name in NAMES)
    assert not tombstones.names("c-maple")
    assert all(len(digest) == 64 for digest in tombstones.digests)


def test_an_erased_customer_who_is_only_a_number_leaves_every_column(shop: Any, anna: Actor) -> None:
    shop.write("data/customers.csv", "customer_id,region\n1609,North\n1610,South\n")
    shop.write(
        "data/consents.csv",
        "customer_id,channel_id,purpose,granted,recorded_at,source,basis\n"
        "1609,email,marketing,true,2025-01-01,shop,consent\n1610,email,marketing,true,2025-01-01,shop,consent\n",
    )
    shop.perceive(7)
    receipt = erase(shop.day(7), anna, "1609", because="1609 asked")
    assert receipt["because"] == "[erased] asked"
    for name in ("customers", "consents"):
        assert shop.table(name)["customer_id"].tolist() == ["1610"]
    assert receipt["still_found"] == []


def test_ids_that_were_merged_go_together_whichever_is_named(shop: Any, anna: Actor) -> None:
    known = (shop.folder / "data/customers.csv").read_text()
    shop.write("data/customers.csv", known + "c-aspen,North,2023-01-01,38\n")
    shop.source(
        "identities",
        "kind,value,customer_id,first_seen_at",
        f"email,{MAIL},{WILLOW},2026-01-01",
        f"email,{MAIL},c-aspen,2026-01-01",
    )
    shop.perceive(7)
    assert len({WILLOW, "c-aspen"} & set(shop.table("customers")["customer_id"])) == 1, "they are one person"
    receipt = erase(shop.day(7), anna, "c-aspen", because="asked")
    assert receipt["still_found"] == []
    shop.perceive(8)
    assert set(shop.table("customers")["customer_id"]) == {"c-maple", "c-birch"}
    assert files_naming(shop.home, WILLOW, "c-aspen", MAIL) == []
