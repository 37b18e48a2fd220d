import struct
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.decision_log import (
    LEAF_SIZE,
    Sealed,
    decision_id,
    digests,
    encode,
    merkle_root,
    seal,
    verify,
)
from decisioning.errors import DecisioningError
from decisioning.explain import explain
from decisioning.record_bytes import record_bytes
from decisioning.record_columns import RECORD_COLUMNS, REFUSALS, EarlierVersionError, Kind, stored_type
from tests.unit.decisioning.world import World


@pytest.fixture
def sealed(shop: World) -> Sealed:
    shop.customer("2", "3").rhythm("2", "BEER")
    return seal(shop.decide().records, run_id="run-1")


def test_a_decision_is_identified_by_run_customer_and_slot() -> None:
    ids = {decision_id(run, who, slot) for run in ("r", "s") for who in ("1", "2") for slot in ("daily", "event")}
    assert len(ids) == 8
    assert decision_id("r", "1") == decision_id("r", "1", "daily")
    assert decision_id("a", "bc") != decision_id("ab", "c")


def test_sealed_records_carry_run_decision_and_digest_and_verify(sealed: Sealed) -> None:
    assert list(sealed.frame.columns) == [*RECORD_COLUMNS, "digest"]
    assert set(sealed.frame["run_id"]) == {"run-1"}
    assert list(sealed.frame["decision_id"]) == [decision_id("run-1", who) for who in ("1", "2", "3")]
    found = verify(sealed.frame, sealed.root)
    assert found.is_intact
    assert found.changed == ()
    assert found.root == sealed.root


def test_the_order_of_rows_and_columns_does_not_matter(sealed: Sealed, shop: World) -> None:
    mixed = sealed.frame.sample(frac=1, random_state=1)[sorted(sealed.frame.columns)]
    assert verify(mixed, sealed.root).is_intact
    again = seal(shop.decide().records.sample(frac=1, random_state=2), run_id="run-1")
    assert again.root == sealed.root


def test_storing_and_reading_back_changes_no_digest(sealed: Sealed) -> None:
    stored = pa.Table.from_pandas(sealed.frame, preserve_index=False)
    assert verify(stored.to_pandas(), sealed.root).is_intact
    assert verify(stored.to_pandas(types_mapper=pd.ArrowDtype), sealed.root).is_intact


@pytest.mark.parametrize("column", list(RECORD_COLUMNS))
def test_a_change_in_any_column_is_found(sealed: Sealed, column: str) -> None:
    frame = sealed.frame.copy()
    frame[column] = [_changed(frame[column].iloc[0], RECORD_COLUMNS[column]), *frame[column].iloc[1:]]
    found = verify(frame, sealed.root)
    assert not found.is_intact
    assert found.changed == (frame["decision_id"].iloc[0],)
    assert found.root != sealed.root


def _changed(value: Any, kind: Kind) -> Any:
    match kind:
        case dict():
            name, of_entry = next(iter(kind.items()))
            last = value[-1] if len(value) else dict.fromkeys(kind)
            return [*value[:-1], {**last, name: _changed(last[name], of_entry)}]
        case "time":
            moment = pd.Timestamp("2017-11-13", tz="UTC") if pd.isna(value) else value
            return moment + pd.Timedelta(microseconds=1)
        case "boolean":
            return not value
        case "whole":
            return value + 1
        case "number":
            return 1.0 if pd.isna(value) else value + 1e-12
    return f"{value or ''} "


def test_a_digest_rewritten_together_with_its_record_still_changes_the_root(sealed: Sealed) -> None:
    frame = sealed.frame.copy()
    frame["value"] = frame["value"] + 1.0
    frame["digest"] = digests(frame)
    found = verify(frame, sealed.root)
    assert found.changed == ()
    assert not found.is_intact


@pytest.mark.parametrize("rows", [slice(1, None), slice(0, 2)])
def test_a_record_that_is_gone_changes_the_root(sealed: Sealed, rows: slice) -> None:
    assert not verify(sealed.frame.iloc[rows], sealed.root).is_intact


def test_a_record_that_comes_twice_changes_the_root(sealed: Sealed) -> None:
    assert not verify(pd.concat([sealed.frame, sealed.frame.iloc[:1]]), sealed.root).is_intact


def test_numbers_are_their_own_bytes_so_that_they_read_back_as_themselves(sealed: Sealed) -> None:
    for record, value in zip(encode(sealed.frame), sealed.frame["value"], strict=True):
        assert struct.pack("<d", value) in record


def test_missing_values_of_any_kind_are_the_same_missing_value(sealed: Sealed) -> None:
    missing = {"play": float("nan"), "send_at": None, "confidence": None, "held_by": pd.NA}
    frame = sealed.frame.astype(dict.fromkeys(missing, object))
    for name, value in missing.items():
        frame.loc[2, name] = value
    assert encode(frame) == encode(sealed.frame)


TEXTS = st.one_of(st.none(), st.text(max_size=4))
COUNTS = st.one_of(st.none(), st.integers(-3, 3))
ENTRIES = st.lists(st.tuples(TEXTS, COUNTS).map(lambda each: dict(zip(REFUSALS, each, strict=True))), max_size=3)
NUMBERS = st.one_of(st.none(), st.floats(allow_infinity=False, allow_nan=False))
ROWS = st.tuples(TEXTS, TEXTS, NUMBERS, ENTRIES)


@settings(max_examples=200, deadline=None)
@given(ROWS, ROWS)
def test_different_records_have_different_bytes(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    declared: dict[str, Kind] = {"first": "text", "second": "text", "number": "number", "refusals": REFUSALS}
    columns = {
        name: pa.array([row[place] for row in (one, other)], stored_type(kind))
        for place, (name, kind) in enumerate(declared.items())
    }
    found = record_bytes(columns, declared).to_pylist()
    assert (found[0] == found[1]) == (repr(one) == repr(other)), "a zero with a sign is another number"


def test_a_record_is_spelt_as_its_description_says() -> None:
    columns = {"b": pa.array(["é", None]), "a": pa.array([1.5, None]), "c": pa.array([True, None])}
    found = record_bytes(columns, {"a": "number", "b": "text", "c": "boolean"}).to_pylist()
    assert found == [
        struct.pack("<d", 1.5) + struct.pack("<i", 2) + b"\x01" + "é".encode(),
        bytes.fromhex("000000000000f87f") + b"\xff" * 4 + b"\xff",
    ]


DIGESTS = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(DIGESTS, st.data())
def test_any_changed_bit_changes_the_root(chosen: list[str], data: st.DataObject) -> None:
    # Repeated, so that there are several leaves and an odd one among them.
    everything = (chosen * (2 * LEAF_SIZE // len(chosen) + 7))[: data.draw(st.integers(1, 2 * LEAF_SIZE + 5))]
    place = data.draw(st.integers(0, len(everything) - 1))
    raw = bytearray.fromhex(everything[place])
    raw[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    changed = [*everything[:place], raw.hex(), *everything[place + 1 :]]
    assert merkle_root(changed) != merkle_root(everything)
    assert merkle_root(everything[:-1]) != merkle_root(everything)


@pytest.mark.parametrize("count", [0, 1, LEAF_SIZE - 1, LEAF_SIZE, LEAF_SIZE + 1, 2 * LEAF_SIZE, 3 * LEAF_SIZE + 1])
def test_every_number_of_records_has_a_root_of_its_own(count: int) -> None:
    roots = {merkle_root(["00" * 32] * number) for number in (count, count + 1)}
    assert len(roots) == 2
    assert all(len(root) == 64 for root in roots)


# ---- what cannot be sealed


def test_a_customer_with_two_records_is_an_error(shop: World) -> None:
    records = shop.decide().records
    with pytest.raises(DecisioningError, match="customer 1 has two records"):
        seal(pd.concat([records, records]), run_id="run")


def test_a_missing_column_is_an_error(sealed: Sealed) -> None:
    with pytest.raises(DecisioningError, match="no column value"):
        encode(sealed.frame.drop(columns="value"))


@pytest.mark.parametrize(("column", "value"), [("value", "much"), ("verb", 7), ("value", float("inf")), ("arm", True)])
def test_a_value_of_another_kind_is_an_error(sealed: Sealed, column: str, value: object) -> None:
    frame = sealed.frame.astype({column: object})
    frame[column] = [value, *frame[column].iloc[1:]]
    with pytest.raises(DecisioningError, match=f"column {column} holds"):
        encode(frame)


@pytest.mark.parametrize("is_beside_others", [True, False], ids=["beside newer ones", "alone"])
def test_records_of_an_earlier_version_are_no_forgery_but_cannot_be_read(
    sealed: Sealed, *, is_beside_others: bool
) -> None:
    new = ["candidates", "refusals", "runners_up", "prices_paid"]
    old = sealed.frame.assign(**dict.fromkeys(new)) if is_beside_others else sealed.frame.drop(columns=new)
    with pytest.raises(EarlierVersionError, match="earlier version of Warrant"):
        verify(old, sealed.root)
    with pytest.raises(EarlierVersionError, match="Read them with the version that wrote them"):
        explain(old.iloc[0].to_dict(), timezone="UTC")


def test_a_single_record_that_lost_a_column_was_changed(sealed: Sealed) -> None:
    frame = sealed.frame.astype({"candidates": "Int64"})
    frame.loc[0, "candidates"] = pd.NA
    assert verify(frame, sealed.root).changed == (frame["decision_id"].iloc[0],)
