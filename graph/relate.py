"""What the tables mean together: from canonical tables to the rows of the layer `knowledge`.

Vectorised over customers and purchases; nothing is read, written or asked here. Loading the rows: `graph.load`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from graph.aggregates import Lines, customer_activity, shopping_days_by_category, shopping_days_by_product
from graph.beliefs import BeliefSettings, most_browsed, repeat_purchase
from graph.content import GraphContentError
from graph.schema import NODE
from lake.refusals import refusals

PURPOSE = "marketing"
_REQUIRED = ("customers", "categories", "products", "purchases", "assets", "channels")


def knowledge_tables(
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: datetime,
    timezone: str,
    product_threshold: int = 2,
    belief_minimum_days: int = 4,
    belief_half_life_days: float = 90.0,
) -> dict[str, pd.DataFrame]:
    """The rows that the layer `knowledge` should hold.

    Args:
        tables: Canonical tables: customers, categories, products, purchases, assets and channels; offers, campaigns,
            consents, touches, outcomes, signals and estimates where there are any. Others are not looked at.
        as_of: Nothing that happened at or after it counts.
        timezone: IANA time zone of the playbook, whose midnight starts a day.
        product_threshold: Shopping days from which on `BOUGHT` a product is kept; only products that are bought so
            often, or that an asset is about, are loaded.
        belief_minimum_days: Shopping days in a category that make an interest.
        belief_half_life_days: Days in which the weight of a shopping day halves.

    Returns:
        One table per kind of `graph.schema`.

    Raises:
        GraphContentError: A table is missing.
    """
    if missing := [name for name in _REQUIRED if name not in tables]:
        raise GraphContentError(
            f"The tables {', '.join(missing)} are missing.", where="relate", remedy="Write a source for each of them."
        )
    lines = Lines.of(tables["purchases"], as_of=as_of, timezone=timezone)
    by_category = shopping_days_by_category(lines, tables["products"])
    bought_products = shopping_days_by_product(lines).bought(product_threshold)
    beliefs = BeliefSettings(belief_minimum_days, belief_half_life_days)
    assets = _newest_versions(tables["assets"])
    about_products = _listed(assets, "products")
    referred = pd.concat([bought_products["to_key"], about_products["to_key"]]).unique()
    return {
        "Customer": _customers(tables, customer_activity(lines, as_of=as_of, timezone=timezone)),
        "Customer BOUGHT Category": by_category.bought(),
        "Customer BOUGHT Product": bought_products,
        "Customer INTERESTED_IN Category": _interests(
            repeat_purchase(by_category, beliefs),
            most_browsed(tables.get("signals"), tables["products"], beliefs, as_of=as_of),
        ),
        "Customer REACHABLE_ON Channel": _reachable(_words_on_consent(tables), as_of),
        **_catalogue(tables, referred),
        **_content(tables, assets, about_products),
    }


def _interests(*rules: pd.DataFrame) -> pd.DataFrame:
    found = [rows for rows in rules if len(rows)]
    return pd.concat(found, ignore_index=True) if found else rules[0]


def _customers(tables: Mapping[str, pd.DataFrame], activity: pd.DataFrame) -> pd.DataFrame:
    """Customers with all their columns, their supplied lifetime value and what they did lately."""
    customers = tables["customers"].drop(columns=[*activity.columns.drop("customer_id"), "pclv"], errors="ignore")
    customers = customers.merge(activity, on="customer_id", how="left")
    recent = ["shopping_days_28d", "shopping_days_91d"]
    customers[recent] = customers[recent].fillna(0).astype("int64")
    return customers.merge(_lifetime_values(tables.get("estimates")), on="customer_id", how="left")


def _lifetime_values(estimates: pd.DataFrame | None) -> pd.DataFrame:
    if estimates is None:
        return pd.DataFrame({"customer_id": pd.Series(dtype=object), "pclv": pd.Series(dtype=float)})
    supplied = estimates[(estimates["subject_kind"] == "customer") & (estimates["name"] == "pclv")]
    return supplied[["subject_id", "value"]].rename(columns={"subject_id": "customer_id", "value": "pclv"})


def _words_on_consent(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """What consents and outcomes say; an unsubscribe is a refusal wherever it was recorded."""
    consents, outcomes, touches = (tables.get(name) for name in ("consents", "outcomes", "touches"))
    if consents is None or outcomes is None or touches is None:
        return consents
    refused = refusals(outcomes, touches, tables["channels"])
    return pd.concat([consents, refused], ignore_index=True) if len(refused) else consents


def _reachable(consents: pd.DataFrame | None, as_of: datetime) -> pd.DataFrame:
    """The newest word on marketing per customer and channel; at the same moment, a refusal wins."""
    if consents is None:
        return pd.DataFrame()
    # an undated word is older than any dated one
    is_known = consents["recorded_at"].isna() | (consents["recorded_at"] < pd.Timestamp(as_of))
    words = consents[(consents["purpose"] == PURPOSE) & is_known]
    words = words.assign(is_refusal=~words["granted"].fillna(value=False).astype(bool))
    newest = words.sort_values(
        ["customer_id", "channel_id", "recorded_at", "is_refusal"], na_position="first", kind="stable"
    ).drop_duplicates(["customer_id", "channel_id"], keep="last")
    reachable = _chosen(newest, {"customer_id": "from_key", "channel_id": "to_key", "recorded_at": "recorded_at"})
    return reachable.assign(granted=~newest["is_refusal"], **_chosen(newest, {"basis": "basis", "source": "source"}))


def _catalogue(tables: Mapping[str, pd.DataFrame], referred: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Categories, and the products that something refers to."""
    categories, products = tables["categories"], tables["products"]
    products = products[products["product_id"].isin(set(referred))]
    return {
        "Category": _declared("Category", categories),
        "Category WITHIN Category": _pairs(categories, "category_id", "parent_id"),
        "Product": _declared("Product", products),
        "Product IN_CATEGORY Category": _pairs(products, "product_id", "category_id"),
    }


def _content(
    tables: Mapping[str, pd.DataFrame], assets: pd.DataFrame, about_products: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Assets with what they are about and carry, and where they fit."""
    channels = tables["channels"]
    campaigns = tables.get("campaigns", pd.DataFrame({"campaign_id": []}))
    return {
        "Asset": _declared("Asset", assets),
        "Asset ABOUT Category": _listed(assets, "categories"),
        "Asset ABOUT Product": about_products,
        "Asset FITS Channel": _fits(assets, channels),
        "Asset CARRIES Offer": _pairs(assets, "asset_id", "offer_id"),
        "Asset PART_OF Campaign": _known(_pairs(assets, "asset_id", "campaign_id"), campaigns["campaign_id"]),
        "Offer": _declared("Offer", tables.get("offers", pd.DataFrame({"offer_id": []}))),
        "Channel": _declared("Channel", channels),
        "Campaign": _declared("Campaign", campaigns),
        "Campaign RUNS_ON Channel": _known(_pairs(campaigns, "campaign_id", "channel_id"), channels["channel_id"]),
    }


def _newest_versions(assets: pd.DataFrame) -> pd.DataFrame:
    """One row per asset: the highest version, where 10 comes after 9."""
    order = assets["version"].map(_version_order)
    newest = assets.assign(version_order=order).sort_values(["asset_id", "version_order"], kind="stable")
    return newest.drop_duplicates("asset_id", keep="last").drop(columns="version_order").reset_index(drop=True)


def _version_order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", str(version)))


def _fits(assets: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """The channels that an asset names; all of them when it names none."""
    named = _listed(assets, "channels")
    anywhere = assets.loc[~assets["asset_id"].isin(named["from_key"]), ["asset_id"]]
    everywhere = anywhere.merge(channels[["channel_id"]], how="cross")
    return pd.concat([named, _pairs(everywhere, "asset_id", "channel_id")], ignore_index=True)


def _listed(assets: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row per asset and entry of a list, each entry once."""
    if column not in assets.columns:
        return pd.DataFrame({"from_key": pd.Series(dtype=object), "to_key": pd.Series(dtype=object)})
    lists = assets[column].map(_as_list)
    return _pairs(assets.assign(entry=lists).explode("entry"), "asset_id", "entry")


def _as_list(value: Any) -> list[Any]:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else []


def _pairs(frame: pd.DataFrame, source: str, target: str) -> pd.DataFrame:
    """Rows of a relationship between two columns, each pair once; rows without target have none."""
    if target not in frame.columns:
        return pd.DataFrame({"from_key": pd.Series(dtype=object), "to_key": pd.Series(dtype=object)})
    pairs = frame[[source, target]].set_axis(["from_key", "to_key"], axis="columns")
    return pairs[pairs["to_key"].notna() & (pairs["to_key"] != "")].drop_duplicates(ignore_index=True)


def _known(pairs: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    """Pairs whose target is known: campaigns that have not begun and past channels may be named without being there."""
    return pairs[pairs["to_key"].isin(keys)].reset_index(drop=True)


def _declared(label: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that the graph keeps of a table."""
    node = NODE[label]
    wanted = [node.key, *(one.name for one in node.properties)]
    return frame[[name for name in wanted if name in frame.columns]].reset_index(drop=True)


def _chosen(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    present = {old: new for old, new in names.items() if old in frame.columns}
    return frame[list(present)].rename(columns=present)
