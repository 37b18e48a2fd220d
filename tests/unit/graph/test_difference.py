"""Applying what the difference says to the base gives the wanted rows, for any two tables."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.content import normal_form
from graph.difference import difference
from graph.schema import KINDS

BOUGHT, ASSET, CUSTOMER = (KINDS[name] for name in ("Customer BOUGHT Category", "Asset", "Customer"))
KEYS = st.sampled_from(["a", "b", "c", "ä"])
TIMES = st.integers(0, 3).map(lambda hours: pd.Timestamp("2026-03-01", tz="UTC") + pd.Timedelta(hours=hours))
ROWS = st.dictionaries(
    st.tuples(KEYS, KEYS), st.tuples(st.integers(1, 3), st.sampled_from([0.0, 0.5, 1.5]), TIMES), max_size=12
)
ASSETS = st.dictionaries(
    KEYS,
    st.tuples(
        st.sampled_from([None, "", "Milk"]),
        st.sampled_from([None, (), ("a",), ("a", "b"), ("ab",)]),
        st.one_of(st.none(), TIMES),
    ),
    max_size=4,
)


def bought(rows: dict[tuple[str, str], tuple[int, float, pd.Timestamp]]) -> pd.DataFrame:
    columns = ["from_key", "to_key", "count", "spend", "last_at"]
    return pd.DataFrame([(*key, *facts) for key, facts in rows.items()], columns=columns)


def assets(rows: dict[str, tuple[str | None, tuple[str, ...] | None, pd.Timestamp | None]]) -> pd.DataFrame:
    listed = [(key, "1", *facts) for key, facts in rows.items()]
    return pd.DataFrame(listed, columns=["asset_id", "version", "title", "topics", "starts_at"])


@given(ROWS, ROWS)
def test_created_updated_deleted_and_unchanged_rows_account_for_everything(
    old: dict[tuple[str, str], tuple[int, float, pd.Timestamp]],
    new: dict[tuple[str, str], tuple[int, float, pd.Timestamp]],
) -> None:
    found = difference(BOUGHT, normal_form(BOUGHT, bought(old)), normal_form(BOUGHT, bought(new)))
    keys = {name: _keys(getattr(found, name).to_pylist()) for name in ("created", "updated", "deleted")}
    assert keys == {
        "created": new.keys() - old.keys(),
        "updated": {key for key in new.keys() & old.keys() if new[key] != old[key]},
        "deleted": old.keys() - new.keys(),
    }
    assert found.unchanged == len(new) - len(keys["created"]) - len(keys["updated"])
    assert all(row in normal_form(BOUGHT, bought(new)).to_pylist() for row in found.updated.to_pylist())


@given(ASSETS, ASSETS)
def test_missing_values_and_lists_are_compared_like_any_other(
    old: dict[str, tuple[str | None, tuple[str, ...] | None, pd.Timestamp | None]],
    new: dict[str, tuple[str | None, tuple[str, ...] | None, pd.Timestamp | None]],
) -> None:
    base, wanted = normal_form(ASSET, assets(old)), normal_form(ASSET, assets(new))
    before = {row["asset_id"]: row for row in base.to_pylist()}
    after = {row["asset_id"]: row for row in wanted.to_pylist()}
    found = difference(ASSET, base, wanted)
    updated = {row["asset_id"] for row in found.updated.to_pylist()}
    assert updated == {key for key in after.keys() & before.keys() if after[key] != before[key]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"age_band": ["young", None]}),
        ({"age_band": ["young", None]}, {}),
        ({"age_band": ["1", None]}, {"age_band": [1.0, None]}),
    ],
)
def test_an_attribute_that_comes_goes_or_changes_its_type_changes_whoever_has_it(
    old: dict[str, list[object]], new: dict[str, list[object]]
) -> None:
    customers = pd.DataFrame({"customer_id": ["a", "b"], "shopping_days_28d": 0, "shopping_days_91d": 0})
    tables = (normal_form(CUSTOMER, pd.concat([customers, pd.DataFrame(further)], axis=1)) for further in (old, new))
    found = difference(CUSTOMER, *tables)
    assert found.updated["customer_id"].to_pylist() == ["a"]
    assert found.unchanged == 1


def _keys(rows: list[dict[str, object]]) -> set[tuple[object, object]]:
    return {(row["from_key"], row["to_key"]) for row in rows}


def test_codes_of_long_keys_stay_small_and_tell_keys_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.difference._CODES", 8)  # in place of 2 ** 62
    belief = KINDS["Customer INTERESTED_IN Category"]
    rows = pd.DataFrame(
        [
            (customer, category, rule, pd.Timestamp("2026-03-01", tz="UTC") + pd.Timedelta(days=day))
            for customer in "abc"
            for category in "xyz"
            for rule in ("engaged", "most-browsed")
            for day in range(2)
        ],
        columns=["from_key", "to_key", "rule", "valid_from"],
    ).assign(weight=1.0, half_life_days=30.0, confidence=0.5, source="signals")
    base, wanted = normal_form(belief, rows.iloc[1:]), normal_form(belief, rows.iloc[:-1])
    found = difference(belief, base, wanted)
    assert (len(found.created), len(found.updated), len(found.deleted)) == (1, 0, 1)
    assert found.unchanged == len(rows) - 2
