"""From the view to the attributes that policies read, and to the verdict on every candidate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.accounts import with_account_columns
from decisioning.beliefs import is_objected_to
from decisioning.candidates import Candidates
from decisioning.errors import DecisioningError
from decisioning.offers import is_cost_known
from decisioning.policies.attributes import Attributes, types_of_frame
from decisioning.policies.builtin import OBJECTION, OUTSIDE_REMITS, SENDING_HOURS
from decisioning.policies.columns import AttributeTable, frame_columns
from decisioning.policies.compile import CompiledPolicies, compile_policies
from decisioning.policies.screen import Verdicts, screen_words
from decisioning.readiness import is_unready
from decisioning.schedule import caps_reached, earliest_sends
from decisioning.seasons import is_out_of_season
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_window, counted_about, out_of_stock
from decisioning.times import NEVER, Times, local_date
from graph.view import View

Flags = npt.NDArray[np.bool_]

OFFER_COST_UNKNOWN = "offer-cost-unknown"
OUT_OF_DATES = "asset-out-of-dates"
HOLDOUT = "holdout"
ACTIVE = "active"
SERVICES = ("service", "transactional")


@dataclass(frozen=True, eq=False)
class Screened:
    """Which policy refuses which candidate.

    Attributes:
        by_policy: Policy id to where it refuses, shape (candidates,); the built-in policies first, then the playbook's
            in their order, then `objection` and the schedule's own reason `sending-hours`.
        bundle_hash: Hash of all policies that were applied.
    """

    by_policy: Mapping[str, Flags]
    bundle_hash: str

    @property
    def is_refused(self) -> Flags:
        """Refused by any policy but the holdout: what a held-out customer would not get either, shape (candidates,)."""
        refusing = [refused for policy, refused in self.by_policy.items() if policy != HOLDOUT]
        return np.asarray(np.logical_or.reduce(refusing), dtype=np.bool_)


def attributes_of(view: View) -> Attributes:
    """What policies may name: the columns of the view's customers, assets, offers and channels."""
    return Attributes.build(
        customer=types_of_frame(with_account_columns(view).rename(columns={"key": "customer_id"})),
        asset=types_of_frame(view.assets.frame.drop(columns="offer").rename(columns={"key": "asset_id"})),
        offer=types_of_frame(view.offers.frame.rename(columns={"key": "offer_id"})),
        channel=types_of_frame(view.channels.frame.rename(columns={"key": "channel_id"})),
    )


def customer_table(view: View, attributes: Attributes, is_held_out: Flags) -> AttributeTable:
    """The customers' own attributes, for audiences; as many channels as the view has."""
    return AttributeTable.build(attributes, _customer_shape(view), _customer_values(view, attributes, is_held_out))


def screen(
    view: View,
    candidates: Candidates,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    *,
    sends_at: Times,
    is_held_out: Flags,
    is_hour_left: Flags,
    is_offer_cost_known: Flags,
    as_of: np.datetime64,
) -> Screened:
    """Apply all policies to all candidates.

    Args:
        view: The view.
        candidates: The candidates, n of them.
        settings: Policies as written, channels, time zone.
        touches: What was sent before as-of, by anyone.
        sends_at: When each customer is sent to on each channel, which is when windows of caps end.
        is_held_out: Per customer.
        is_hour_left: Per candidate, whether the day has an hour for it.
        is_offer_cost_known: Per candidate; what an offer costs may depend on what the customer spends.
        as_of: The moment the run knows the world at.

    Raises:
        DecisioningError: The view has a channel that the playbook does not.
        PolicyError: A policy is wrong.
    """
    verdicts = verdicts_today(view, settings, touches, sends_at=sends_at, is_held_out=is_held_out, as_of=as_of)
    return screened_by(view, verdicts, candidates, is_hour_left=is_hour_left, is_offer_cost_known=is_offer_cost_known)


def verdicts_today(
    view: View,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    *,
    sends_at: Times,
    is_held_out: Flags,
    as_of: np.datetime64,
) -> Verdicts:
    """What the policies say about any candidate of the day; arguments and errors as of `screen`."""
    insist_on_channels(view, settings)
    compiled = compile_policies(settings.policies, attributes_of(view), is_running=True)
    assets = asset_table(view, compiled.attributes, earliest_sends(view, settings, as_of), settings, as_of)
    reached = caps_reached(compiled, assets, touches, view, sends_at)
    return verdicts_of(view, compiled, assets, reached, is_held_out)


def screened_by(
    view: View, verdicts: Verdicts, candidates: Candidates, *, is_hour_left: Flags, is_offer_cost_known: Flags
) -> Screened:
    """Which policy refuses which of some candidates; arguments as of `screen`."""
    words = verdicts.denied(candidates.customer, candidates.asset, candidates.channel)
    by_policy = dict(verdicts.by_policy(words))
    by_policy[OBJECTION] = _is_objected_to(view, candidates)
    by_policy[OFFER_COST_UNKNOWN] = by_policy[OFFER_COST_UNKNOWN] | ~is_offer_cost_known
    # An asset outside its dates has no hour either; one reason is enough.
    by_policy[SENDING_HOURS] = ~is_hour_left & ~by_policy[OUT_OF_DATES]
    by_policy[OUTSIDE_REMITS] = np.zeros(len(words), dtype=np.bool_)
    return Screened(by_policy, verdicts.compiled.bundle_hash)


def outside_remits(screened: Screened, is_permitted: Flags | None) -> Screened:
    """Verdicts that also refuse what no agent may send; None where nobody asks."""
    if is_permitted is None:
        return screened
    return replace(screened, by_policy={**screened.by_policy, OUTSIDE_REMITS: ~is_permitted})


def is_service(view: View) -> Flags:
    """Which assets serve the customer and sell nothing, shape (assets,): no objection stops them."""
    return np.isin(view.assets.frame["message_class"].to_numpy(dtype=object).astype(str), SERVICES)


def out_of_season(view: View, settings: DecisionSettings, as_of: np.datetime64) -> Flags:
    """Which assets are about something that is not for the season of the day, shape (assets,)."""
    return is_out_of_season(view, settings.seasons, local_date(as_of, ZoneInfo(settings.timezone)))


def asset_table(
    view: View, attributes: Attributes, sends_at: Times, settings: DecisionSettings, as_of: np.datetime64
) -> AttributeTable:
    """The attributes of assets × channels.

    Args:
        view: The view.
        attributes: What is declared.
        sends_at: When each channel sends, shape (customers, channels); the first customer's time is every asset's.
        settings: When which season is; how far content must have been checked.
        as_of: The moment the run knows the world at.
    """
    assets, offers = view.assets.frame, view.offers.frame
    offer = assets["offer"].to_numpy(dtype=np.int32)
    shape = (len(view.assets), len(view.channels))
    first_send = sends_at.min(axis=0) if len(sends_at) else np.full(shape[1], NEVER)
    status = assets["status"].to_numpy(dtype=object)
    values: dict[str, object] = {
        **frame_columns("asset", assets, leave_out=("offer",)),
        **{name: _of_asset(column, offer) for name, column in frame_columns("offer", offers).items()},
        **frame_columns("channel", view.channels.frame),
        # A missing status means active; to a policy a missing value would refuse.
        "asset.status": np.where(pd.isna(status), ACTIVE, status),
        "asset.has_offer": offer >= 0,
        "asset.is_out_of_dates": _is_out(asset_window(view), first_send),
        "asset.is_out_of_season": out_of_season(view, settings, as_of)[:, np.newaxis],
        "asset.is_unready": is_unready(assets, settings.required_readiness)[:, np.newaxis],
        "asset.is_out_of_stock": _is_out_of_stock(view)[:, np.newaxis],
        "offer.is_cost_known": _of_asset(pd.Series(is_cost_known(offers)), offer),
    }
    return AttributeTable.build(attributes, shape, _declared(values, attributes))


def insist_on_channels(view: View, settings: DecisionSettings) -> None:
    """Refuse a view with a channel that the playbook does not describe.

    Raises:
        DecisioningError: Names the channel.
    """
    stated = {channel.channel_id for channel in settings.channels}
    for channel_id in view.channels.keys:
        if channel_id not in stated:
            raise DecisioningError(
                f"The channel `{channel_id}` is in the graph but not in the playbook.",
                where="channels.yaml",
                remedy="Describe it there, or take it out of the sources.",
            )


def verdicts_of(
    view: View,
    compiled: CompiledPolicies,
    assets: AttributeTable,
    reached: Mapping[str, Flags],
    is_held_out: Flags,
) -> Verdicts:
    """The verdicts that customers, consents and caps of the view lead to, together with the assets' attributes."""
    shape = _customer_shape(view)
    values = {**_customer_values(view, compiled.attributes, is_held_out), **_consents(view), **reached}
    return screen_words(compiled, AttributeTable.build(compiled.attributes, shape, values), assets)


def _customer_shape(view: View) -> tuple[int, int]:
    return len(view.customers), len(view.channels)


def _customer_values(view: View, attributes: Attributes, is_held_out: Flags) -> dict[str, object]:
    values: dict[str, object] = {**frame_columns("customer", with_account_columns(view))}
    return _declared({**values, "customer.is_held_out": is_held_out}, attributes)


def _declared(values: Mapping[str, object], attributes: Attributes) -> dict[str, object]:
    """Without columns that no policy can name, such as lists."""
    return {name: value for name, value in values.items() if name in attributes.declared}


def _consents(view: View) -> dict[str, object]:
    """Consent per customer and channel; missing where nothing is recorded, so that it fails closed."""
    row, column = view.consents.sources, view.consents.targets
    result: dict[str, object] = {}
    for name in ("granted", "basis", "source"):
        values = np.full(_customer_shape(view), None, dtype=object)
        values[row, column] = view.consents.facts[name]
        result[f"consent.{name}"] = values
    return result


def _of_asset(column: "pd.Series[Any]", offer: npt.NDArray[np.int32]) -> "pd.Series[Any]":
    """A column of offers under the assets that carry them; missing without an offer."""
    return (
        column.reset_index(drop=True).reindex(pd.Index(np.where(offer >= 0, offer, len(column)))).reset_index(drop=True)
    )


def _is_out_of_stock(view: View) -> Flags:
    """Which assets are about products of which none is in stock, shape (assets,)."""
    stated = np.diff(view.asset_products.starts)
    return np.asarray((stated > 0) & (counted_about(view, out_of_stock(view)) == stated))


def _is_objected_to(view: View, candidates: Candidates) -> Flags:
    """Which candidates are about something that the customer objects to and no service, shape (candidates,)."""
    is_met = is_objected_to(view, candidates.customer, candidates.asset)
    return np.asarray(~is_service(view)[candidates.asset] & is_met)


def _is_out(window: tuple[Times, Times], sends_at: Times) -> Flags:
    """Whether each channel's time lies outside an asset's window (its end excluded), shape (assets, channels)."""
    starts, ends = window
    # Comparisons with a missing time are false: open ends are never out of dates.
    return np.asarray((starts[:, np.newaxis] > sends_at) | (ends[:, np.newaxis] <= sends_at))
