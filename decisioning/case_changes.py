"""A case with one thing changed: what `decisioning.flips` decides again."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.case import Case
from decisioning.settings import ChannelSettings, PolicySpecification
from graph.view import Links


def with_margin(case: Case, by: float) -> Case:
    """What would be bought anyway is worth so many times as much, of everybody."""
    cadence = replace(case.forecasts.cadence, margin_none=case.forecasts.cadence.margin_none * by)
    usual = case.others.usual
    others = replace(case.others, usual=replace(usual, margin=usual.margin * by)) if usual else case.others
    return replace(case, forecasts=replace(case.forecasts, cadence=cadence), others=others)


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
    """A channel with other settings."""
    return with_channel(case, stated, cost_per_touch=stated.cost_per_touch * by)


def with_consent(case: Case, channel: int, *, granted: bool) -> Case:
    """A kind of asset changes so many times as much."""
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
    """What would be bought anyway is worth so many times as much, of everybody."""
    changed = (other if each.identifier == policy.identifier else each for each in case.settings.policies)
    policies = tuple(each for each in changed if each is not None)
    return replace(case, settings=replace(case.settings, policies=policies))
