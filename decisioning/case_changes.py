"""A case with one thing changed: what `decisioning.flips` decides again."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.case import Case
from decisioning.settings import ChannelSettings, PolicySpecification
from graph.view import Links


def with_margin(case: Case, by: float) -> Case:
    """What would be bought anyway is worth so many times as much, of everybody."""
    cadence = replace(case.forecasts.cadence, margin_none=case.forecasts.cadence.margin_none * by)
    usual = replace(case.usual, margin=case.usual.margin * by)
    return replace(case, forecasts=replace(case.forecasts, cadence=cadence), usual=usual)


def with_uplift(case: Case, kind: str, by: float) -> Case:
    """A kind of asset changes so many times as much."""
    uplift = case.forecasts.uplift
    mean = np.where(uplift.asset_kind == kind, uplift.mean * by, uplift.mean)
    return replace(case, forecasts=replace(case.forecasts, uplift=replace(uplift, mean=mean)))


def with_channel(case: Case, stated: ChannelSettings, **changes: Any) -> Case:
    """A channel with other settings."""
    channels = tuple(
        replace(each, **changes) if each.channel_id == stated.channel_id else each for each in case.settings.channels
    )
    return replace(case, settings=replace(case.settings, channels=channels))


def with_touch_cost(case: Case, stated: ChannelSettings, by: float) -> Case:
    """A touch on a channel costs so many times as much."""
    return with_channel(case, stated, cost_per_touch=stated.cost_per_touch * by)


def with_consent(case: Case, channel: int, *, granted: bool) -> Case:
    """The customer's word on a channel, given or withdrawn."""
    links = case.view.consents
    kept = links.targets != channel
    facts = {
        name: np.append(values[kept], np.array([_consent_fact(name, values, granted=granted)], dtype=values.dtype))
        for name, values in links.facts.items()
    }
    targets = np.append(links.targets[kept], channel)
    changed = Links.build(np.zeros(len(targets), dtype=np.int32), targets, 1, facts)
    return replace(case, view=replace(case.view, consents=changed))


def _consent_fact(name: str, values: npt.NDArray[Any], *, granted: bool) -> Any:
    if name == "granted":
        return granted
    if values.dtype.kind == "M":
        return np.datetime64("NaT", "us")
    return "consent" if name == "basis" else None


def with_policy(case: Case, policy: PolicySpecification, other: PolicySpecification | None) -> Case:
    """Another policy in the place of one, or none."""
    changed = (other if each.identifier == policy.identifier else each for each in case.settings.policies)
    policies = tuple(each for each in changed if each is not None)
    return replace(case, settings=replace(case.settings, policies=policies))


def with_stock(case: Case, product: int) -> Case:
    """One unit of a product is there."""
    products = case.view.products
    frame = products.frame.copy()
    frame.loc[frame.index[product], "stock"] = 1.0
    return replace(case, view=replace(case.view, products=replace(products, frame=frame)))


def with_belief_less(case: Case, field: str, target: int) -> Case:
    """Nothing is believed about the customer and one thing, in a field of the view that holds beliefs."""
    links: Links = getattr(case.view, field)
    kept = np.flatnonzero(links.targets != target)
    facts = {name: values[kept] for name, values in links.facts.items()}
    fewer: dict[str, Any] = {field: Links.build(np.zeros(len(kept), dtype=np.int32), links.targets[kept], 1, facts)}
    return replace(case, view=replace(case.view, **fewer))


def with_attribute(case: Case, name: str, value: Any) -> Case:
    """Something else is known of the customer."""
    customers = case.view.customers
    frame = customers.frame.copy()
    frame[name] = pd.Series([value] * len(frame), index=frame.index, dtype=frame[name].dtype)
    return replace(case, view=replace(case.view, customers=replace(customers, frame=frame)))
