"""A market as plain tables, for those who know nothing of Warrant: what any program that decides would have to read.

Everything is under positions and joined as far as it does not depend on a customer and an asset at once: offers under
their assets, what a redemption is expected to cost under each asset, the limit that each asset uses on each channel.
That is done before any rival's clock starts.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from benchmarks.rival_rules import OF_CUSTOMER
from benchmarks.worlds.market import AS_OF, CHANNELS, COLLECTIONS, COUNTRIES, KINDS, Market
from decisioning.channel_days import channel_days
from decisioning.day_limits import limits_of
from decisioning.experiments import is_held_out
from decisioning.offers import redemption_terms
from decisioning.times import moment, naive
from decisioning.value import channel_costs
from graph.view import Links


def write_tables(world: Market, folder: Path) -> None:
    """Write the market into a folder: customers, interests, consents, touches, assets, fits, about, channels, limits.

    Raises:
        ValueError: The market differs from what these tables can say, such as hours that differ between customers.
    """
    view, settings = world.view, world.settings
    (folder / "codes.json").write_text(json.dumps(_codes()), encoding="utf-8")
    for name, frame in {
        "customers": _customers(world),
        "assets": _assets(world),
        "channels": _channels(world),
        "interests": _links(view.topic_interests, "customer", "topic"),
        "about": _links(view.asset_topics, "asset", "topic"),
        "fits": _links(view.asset_channels, "asset", "channel"),
        "consents": _links(view.consents, "customer", "channel"),
        "touches": _touches(world),
    }.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    gain = _gain(world)
    np.savez(
        folder / "factors.npz",
        intercept=gain.intercept,
        customer_effect=gain.customer_effect,
        asset_effect=gain.asset_effect,
        channel_effect=gain.channel_effect,
        customer_factor=gain.customer_factor.astype(np.float32),
        asset_factor=gain.asset_factor.astype(np.float32),
        channel_factor=gain.channel_factor.astype(np.float32),
    )
    families = limits_of(view, settings, world.touches, AS_OF)
    if any(family.customer_group is not None or family.least.any() for family in families):
        raise ValueError("The tables have no place for limits of customers, nor for minima.")
    nowhere = np.zeros((len(view.assets), len(view.channels)), dtype=np.int32)
    arrays: dict[str, Any] = {}
    for number, family in enumerate(families):
        arrays[f"group{number}"] = nowhere if family.asset_group is None else family.asset_group
        arrays[f"most{number}"] = family.whole_most / family.scale
    np.savez(folder / "limits.npz", **arrays)
    (folder / "limits.json").write_text(json.dumps([family.unit for family in families]), encoding="utf-8")


def _codes() -> dict[str, int]:
    """The number of each text that a policy names; channels by their positions."""
    return {text: number for texts in (COUNTRIES, KINDS, COLLECTIONS, CHANNELS) for number, text in enumerate(texts)}


def _coded(texts: "pd.Series[Any]") -> npt.NDArray[np.int8]:
    return np.asarray(texts.map(_codes()), dtype=np.int8)


def _gain(world: Market) -> Any:
    response = world.forecasts.response
    if response is None or not all(
        np.array_equal(ours, theirs)
        for ours, theirs in (
            (world.view.customers.keys, response.customer_id),
            (world.view.assets.keys, response.asset_id),
            (world.view.channels.keys, response.channel_id),
        )
    ):
        raise ValueError("The market's response is not under the positions of its view.")
    return response.targets["margin_uplift"]


def _customers(world: Market) -> pd.DataFrame:
    settings, count = world.settings, len(world.view.customers)
    found = world.view.customers.frame[list(OF_CUSTOMER)].reset_index(drop=True)
    held_out = is_held_out(world.view, share=settings.holdout_share, salt=settings.holdout_salt)
    found["country"] = _coded(found["country"])
    return found.assign(customer=np.arange(count, dtype=np.int32), is_held_out=held_out)


def _assets(world: Market) -> pd.DataFrame:
    """Assets with their offers, and what a redemption is expected to cost."""
    assets, offers, model = world.view.assets.frame, world.view.offers.frame, world.forecasts.redemption
    if len(model.customer_id) or len(model.asset_id) or model.affinity_slope:
        raise ValueError("Redemption is to be the same for every customer.")
    offer = assets["offer"].to_numpy(dtype=np.int32)
    fixed, _ = redemption_terms(offers, offer)
    terms = offers[["discount_pct", "min_spend"]].to_numpy(dtype=np.float64)
    terms = np.vstack([terms, np.full(2, np.nan)])[offer]
    return pd.DataFrame(
        {
            "asset": np.arange(len(assets), dtype=np.int32),
            "kind": _coded(assets["kind"]),
            "collection": _coded(assets["collection"]),
            "has_offer": offer >= 0,
            "discount_pct": terms[:, 0],
            "min_spend": terms[:, 1],
            "expected_cost": np.where(offer >= 0, expit(model.intercept) * np.nan_to_num(fixed), 0.0),
        }
    )


def _channels(world: Market) -> pd.DataFrame:
    view, costs = world.view, channel_costs(world.view, world.settings)
    sends_at = channel_days(view, world.settings, moment(AS_OF)).preferred
    if (sends_at != sends_at[:1]).any():
        raise ValueError("Channels are to send to everybody at the same time.")
    return pd.DataFrame(
        {
            "channel": np.arange(len(view.channels), dtype=np.int32),
            "touch_cost": costs.touch,
            "opt_out_cost": costs.opt_out,
            "sends_at": sends_at[0],
        }
    )


def _touches(world: Market) -> pd.DataFrame:
    view, touches = world.view, world.touches
    return pd.DataFrame(
        {
            "customer": view.customers.positions(touches["customer_id"].to_numpy(dtype=object)),
            "asset": view.assets.positions(touches["asset_id"].to_numpy(dtype=object)),
            "channel": view.channels.positions(touches["channel_id"].to_numpy(dtype=object)),
            "sent_at": naive(touches["sent_at"]),
        }
    )


def _links(links: Links, source: str, target: str) -> pd.DataFrame:
    return pd.DataFrame({source: links.sources.astype(np.int32), target: links.targets.astype(np.int32)})
