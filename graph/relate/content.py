"""Content: assets with what they are about and carry and where they fit, offers, campaigns and whom they are for."""

import re
from collections.abc import Mapping

import pandas as pd

from graph.relate.rows import Rows, declared, known, listed, no_pairs, pairs


def content(tables: Mapping[str, pd.DataFrame], assets: pd.DataFrame) -> Rows:
    """Assets, offers, channels, campaigns and audiences.

    Args:
        tables: Canonical tables.
        assets: One row per asset, as `newest_versions` chooses it.
    """
    channels, campaigns = tables["channels"], tables.get("campaigns")
    campaign_rows = declared("Campaign", campaigns)
    return {
        "Asset": declared("Asset", assets),
        "Asset ABOUT Category": listed(assets, "asset_id", "categories"),
        "Asset ABOUT Product": listed(assets, "asset_id", "products"),
        "Asset ABOUT Topic": listed(assets, "asset_id", "topics"),
        "Asset FITS Channel": _fits(assets, channels),
        "Asset CARRIES Offer": pairs(assets, "asset_id", "offer_id"),
        "Asset PART_OF Campaign": known(pairs(assets, "asset_id", "campaign_id"), campaign_rows["campaign_id"]),
        "Offer": declared("Offer", tables.get("offers")),
        "Channel": declared("Channel", channels),
        "Campaign": campaign_rows,
        "Campaign RUNS_ON Channel": known(pairs(campaigns, "campaign_id", "channel_id"), channels["channel_id"]),
        "Campaign PART_OF Campaign": pairs(campaigns, "campaign_id", "parent_id"),
        "Audience": declared("Audience", tables.get("audiences")),
        **_targets(tables, campaign_rows),
    }


def newest_versions(assets: pd.DataFrame) -> pd.DataFrame:
    """One row per asset: the highest version, where 10 comes after 9."""
    order = assets["version"].map(_version_order)
    newest = assets.assign(version_order=order).sort_values(["asset_id", "version_order"], kind="stable")
    return newest.drop_duplicates("asset_id", keep="last").drop(columns="version_order").reset_index(drop=True)


def _version_order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", str(version)))


def _fits(assets: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """The channels that an asset names; all of them when it names none."""
    named = listed(assets, "asset_id", "channels")
    anywhere = assets.loc[~assets["asset_id"].isin(named["from_key"]), ["asset_id"]]
    # on a channel of ads money is spent, and nobody is written to
    written_to = channels.loc[channels["kind"] != "ads", ["channel_id"]]
    everywhere = anywhere.merge(written_to, how="cross")
    return pd.concat([named, pairs(everywhere, "asset_id", "channel_id")], ignore_index=True)


def _targets(tables: Mapping[str, pd.DataFrame], campaigns: pd.DataFrame) -> Rows:
    """Whom a campaign names as its audience: one of the playbook's, or an account; and the accounts it was paid for."""
    named = pairs(tables.get("campaigns"), "campaign_id", "audience")
    spent = pairs(tables.get("spend"), "campaign_id", "account_id")
    spent = spent[spent["from_key"].isin(campaigns["campaign_id"])]
    rows = {}
    for kind, table, key, found in (
        ("Campaign TARGETS Audience", "audiences", "audience_id", named),
        ("Campaign TARGETS Account", "accounts", "account_id", pd.concat([named, spent]).drop_duplicates()),
    ):
        rows[kind] = known(found, tables[table][key]) if table in tables else no_pairs()
    return rows
