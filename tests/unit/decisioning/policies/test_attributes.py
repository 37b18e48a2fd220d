"""Which attributes there are, of which type, and how their values become columns."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes, types_of_frame
from decisioning.policies.columns import AttributeTable, frame_columns

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "visits": "integer", "language": "text", "is_minor": "boolean", "joined_at": "time"},
    asset={"topics": "texts", "kind": "text"},
    channel={"cost": "number"},
)


def test_an_attribute_has_the_side_of_its_namespace_and_the_type_of_its_column() -> None:
    declared = ATTRIBUTES.with_caps(["weekly"]).declared
    found = {name: (attribute.side, attribute.type) for name, attribute in declared.items()}
    assert found["customer.visits"] == ("customer", "number")
    assert found["consent.granted"] == ("customer_channel", "boolean")
    assert found["cap.weekly.reached"] == ("customer_channel", "boolean")
    assert found["asset.kind"] == ("asset_channel", "text")
    assert found["offer.is_cost_known"] == ("asset_channel", "boolean")
    assert found["channel.cost"] == ("asset_channel", "number")


def test_lists_cannot_be_named_and_unknown_types_are_refused() -> None:
    assert "asset.topics" not in ATTRIBUTES.declared
    with pytest.raises(PolicyError, match=r"`customer\.x` has the type `money`"):
        Attributes.build(customer={"x": "money"})


def test_what_the_built_in_policies_read_keeps_its_type_whatever_the_data_says() -> None:
    assert Attributes.build(asset={"status": "number"}).declared["asset.status"].type == "text"


def test_the_nearest_names_are_offered() -> None:
    assert ATTRIBUTES.nearest("customer.plcv")[0] == "customer.pclv"
    assert ATTRIBUTES.nearest("channel.zzzzzzzzzz") == ("channel.cost",)
    assert ATTRIBUTES.nearest("nobody.knows_this_name") == ()


def test_types_are_read_off_a_frame() -> None:
    frame = pd.DataFrame(
        {
            "amount": [1.5, np.nan],
            "count": [1, 2],
            "name": ["a", None],
            "flag": pd.Series([True, None], dtype=object),
            "sure": [True, False],
            "at": pd.DatetimeIndex([NOON, pd.NaT]).astype("datetime64[us, UTC]"),
            "void": pd.Series([None, None], dtype=object),
            "topics": [["a"], []],
        }
    )
    assert types_of_frame(frame) == {
        "amount": "number",
        "count": "number",
        "name": "text",
        "flag": "boolean",
        "sure": "boolean",
        "at": "time",
        "void": "unknown",
    }


def test_a_frame_gives_columns_under_their_attribute_names() -> None:
    frame = pd.DataFrame({"key": ["a1"], "kind": ["coupon"], "offer": [3]})
    assert list(frame_columns("asset", frame, leave_out=("offer",))) == ["asset.asset_id", "asset.kind"]


def test_values_become_typed_columns_with_a_mask_of_what_is_missing() -> None:
    table = AttributeTable.build(
        ATTRIBUTES,
        (2, 3),
        {
            "customer.pclv": pd.Series([499.99, np.nan]),
            "customer.visits": np.array([1, 2], dtype=np.int32),
            "customer.language": np.array(["de", None], dtype=object),
            "customer.is_minor": np.array([None, True], dtype=object),
            "customer.joined_at": pd.Series(pd.DatetimeIndex([NOON, pd.NaT])),
            "consent.granted": np.array([[True, None, False], [None, None, None]], dtype=object),
            "channel.cost": [0.5, 0.25, None],
        },
    )
    dtypes = {name: str(column.data.dtype) for name, column in table.columns.items()}
    assert dtypes["customer.pclv"] == dtypes["customer.visits"] == "float64"
    assert (dtypes["customer.is_minor"], dtypes["customer.joined_at"]) == ("bool", "datetime64[us]")
    assert table.column("customer.pclv").missing.tolist() == [[False], [True]]
    assert table.column("customer.language").missing.tolist() == [[False], [True]]
    assert table.column("customer.joined_at").data[0, 0] == np.datetime64("2026-03-01T12:00:00")
    assert table.column("consent.granted").missing.tolist() == [[False, True, False], [True, True, True]]
    assert table.column("channel.cost").missing.tolist() == [[False, False, True]]


def test_a_column_without_any_value_fits_every_type() -> None:
    names = [name for name in ATTRIBUTES.declared if name.startswith("customer.")]
    table = AttributeTable.build(ATTRIBUTES, (2, 1), {name: [None, None] for name in names})
    assert all(table.column(name).missing.all() for name in names)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("customer.pclv", ["500", "10"]),
        ("customer.pclv", [True, False]),
        ("customer.pclv", np.array([True, 1.0], dtype=object)),
        ("customer.language", [1.0, 2.0]),
        ("customer.language", np.array(["de", 1], dtype=object)),
        ("customer.is_minor", [1, 0]),
        ("customer.is_minor", ["yes", "no"]),
        ("customer.joined_at", ["2026-03-01", None]),
        ("customer.joined_at", [1.0, 2.0]),
    ],
)
def test_values_of_another_type_are_refused(name: str, values: object) -> None:
    with pytest.raises(PolicyError, match=f"`{name}` is declared as .*, but holds something else"):
        AttributeTable.build(ATTRIBUTES, (2, 1), {name: values})


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"`customer.pclv` has values of shape \(3, 1\)"):
        AttributeTable.build(ATTRIBUTES, (2, 4), {"customer.pclv": [1.0, 2.0, 3.0]})


def test_values_that_nobody_declared_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"`customer\.shoe` has values, yet is not declared"):
        AttributeTable.build(ATTRIBUTES, (1, 1), {"customer.shoe": [1.0]})


def test_a_column_that_is_not_there_is_named_beside_those_that_are() -> None:
    table = AttributeTable.build(ATTRIBUTES, (1, 1), {"customer.visits": [1]})
    with pytest.raises(PolicyError, match=r"`customer.pclv` are not here.*customer.visits"):
        table.column("customer.pclv")
