"""The attributes that policies may name: their side, their type, and nothing that is not declared.

| namespace | side | from |
|---|---|---|
| `customer.` | customer | the customers' columns |
| `consent.` | customer × channel | the customer's consent for the channel |
| `cap.<id>.reached` | customer × channel | the touches counted by the cap of that id |
| `asset.`, `offer.`, `channel.` | asset × channel | the columns of assets, their offers, channels |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

import pandas as pd

from decisioning.errors import PolicyError

Side: TypeAlias = Literal["customer", "customer_channel", "asset_channel"]
ValueType: TypeAlias = Literal["number", "text", "boolean", "time", "unknown"]

SIDES: Mapping[str, Side] = {
    "customer": "customer",
    "consent": "customer_channel",
    "cap": "customer_channel",
    "asset": "asset_channel",
    "offer": "asset_channel",
    "channel": "asset_channel",
}

# What the built-in policies read; there whatever the playbook's data has.
ALWAYS_DECLARED: Mapping[str, ValueType] = {
    "customer.is_held_out": "boolean",
    "consent.granted": "boolean",
    "consent.basis": "text",
    "consent.source": "text",
    "asset.has_offer": "boolean",
    "asset.is_out_of_dates": "boolean",
    "asset.is_out_of_season": "boolean",
    "asset.is_out_of_stock": "boolean",
    "asset.is_unready": "boolean",
    "asset.status": "text",
    "offer.is_cost_known": "boolean",
}

_FROM_TABLE_TYPE: Mapping[str, ValueType] = {
    "number": "number",
    "integer": "number",
    "text": "text",
    "boolean": "boolean",
    "time": "time",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Declaration:
    """One attribute that policies may name.

    Attributes:
        name: With its namespace, e.g. `customer.pclv`.
        side: What it depends on.
        type: What can be done with it; `unknown` is a column without any value, which fits everywhere and is always
            missing.
    """

    name: str
    side: Side
    type: ValueType


@dataclass(frozen=True)
class Attributes:
    """All attributes that the policies of a playbook may name."""

    declared: Mapping[str, Declaration]

    @classmethod
    def build(
        cls,
        *,
        customer: Mapping[str, str] | None = None,
        asset: Mapping[str, str] | None = None,
        offer: Mapping[str, str] | None = None,
        channel: Mapping[str, str] | None = None,
    ) -> "Attributes":
        """Declare what there is from the columns available, each with its type.

        Types are those of `lake.tables` (`number`, `integer`, `text`, `boolean`, `time`, `texts`) or `unknown`; columns
        that hold lists (`texts`) cannot be named in a policy. What the built-in policies read is always declared.

        Raises:
            PolicyError: A type that does not exist.
        """
        spaces = {"customer": customer, "asset": asset, "offer": offer, "channel": channel}
        types: dict[str, ValueType] = {}
        for namespace, columns in spaces.items():
            for column, stated in (columns or {}).items():
                if stated == "texts":
                    continue
                if stated not in _FROM_TABLE_TYPE:
                    raise PolicyError(
                        f"`{namespace}.{column}` has the type `{stated}`, which policies do not know.",
                        where="declared attributes",
                        remedy=f"Known: {', '.join(_FROM_TABLE_TYPE)}.",
                    )
                types[f"{namespace}.{column}"] = _FROM_TABLE_TYPE[stated]
        types |= ALWAYS_DECLARED
        return cls({name: Declaration(name, SIDES[name.partition(".")[0]], kind) for name, kind in types.items()})

    def with_caps(self, identifiers: Iterable[str]) -> "Attributes":
        """These attributes and `cap.<identifier>.reached` for every cap."""
        names = [f"cap.{identifier}.reached" for identifier in identifiers]
        return Attributes({**self.declared, **{name: Declaration(name, SIDES["cap"], "boolean") for name in names}})

    def nearest(self, name: str) -> tuple[str, ...]:
        """Up to three declared names that look like `name`; those of its namespace when none does."""
        close = get_close_matches(name, self.declared, n=3, cutoff=0.7)
        space = name.partition(".")[0] + "."
        return tuple(close or sorted(known for known in self.declared if known.startswith(space)))[:3]


def types_of_frame(frame: pd.DataFrame) -> dict[str, str]:
    """The type of every column of a frame that policies can name, for `Attributes.build`.

    Numbers are any numeric dtype, times `datetime64`, booleans `bool` or objects that are all True, False or missing;
    objects without any value are `unknown`; columns that hold lists are left out.
    """
    types = {str(name): _type_of_column(frame[name]) for name in frame.columns}
    return {name: kind for name, kind in types.items() if kind != "texts"}


def _type_of_column(column: "pd.Series[Any]") -> str:
    if pd.api.types.is_bool_dtype(column.dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "time"
    found = pd.api.types.infer_dtype(column, skipna=True)
    return {"boolean": "boolean", "string": "text", "empty": "unknown"}.get(found, "texts")
