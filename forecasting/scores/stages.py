"""Stages as conditions over scores: the highest one that holds, for customers first and then for their accounts."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from forecasting.errors import ForecastingError
from forecasting.scores.acts import Acts
from forecasting.scores.settings import Stage
from forecasting.values import Keys
from forecasting.values.scores import Points, Surges

Flags = npt.NDArray[np.bool_]


def customer_stages(stages: Sequence[Stage], points: Sequence[Points], acts: Acts) -> tuple[Keys, Mapping[str, Flags]]:
    """The highest stage of each customer, None without one; and who has each stage.

    Raises:
        ForecastingError: A stage names a score that is not there, or waits for itself.
    """
    own = [stage for stage in stages if stage.of == "customer"]
    held = _held(own, points, len(acts.customers), {})
    return _highest(own, held, len(acts.customers)), held


def account_stages(
    stages: Sequence[Stage],
    points: Sequence[Points],
    acts: Acts,
    people: Mapping[str, Flags],
    surges: Surges,
) -> Keys:
    """The highest stage of each account, None without one.

    Args:
        stages: All stages, in their order.
        points: Scores of accounts.
        acts: Whose account each customer's is.
        people: Who has each stage of customers.
        surges: Where a surge is on.

    Raises:
        ForecastingError: A stage names a score that is not there, or waits for itself.
    """
    own = [stage for stage in stages if stage.of == "account"]
    size = len(acts.accounts)
    further = {stage.name: _further(stage, stages, acts, people, surges) for stage in own}
    return _highest(own, _held(own, points, size, further), size)


def order_of(stages: Sequence[Stage]) -> list[Stage]:
    """The stages so that each stands behind the one that it waits for.

    Raises:
        ForecastingError: Stages wait for each other in a circle, or for one that is not there.
    """
    by_name = {stage.name: stage for stage in stages}
    ordered: list[Stage] = []
    for stage in stages:
        chain: list[Stage] = []
        current: Stage | None = stage
        while current is not None and current not in ordered:
            if current in chain:
                names = [*(one.name for one in chain[chain.index(current) :]), current.name]
                raise ForecastingError(
                    f"The stages wait for each other: {' after '.join(names)}.",
                    where=f"scores: {current.name}",
                    remedy="Take one `after` out.",
                )
            chain.append(current)
            if current.after is not None and current.after not in by_name:
                raise ForecastingError(
                    f"There is no stage `{current.after}` of this kind.",
                    where=f"scores: {current.name}",
                    remedy=f"Known: {', '.join(by_name)}.",
                )
            current = by_name[current.after] if current.after else None
        ordered += reversed(chain)
    return ordered


def _held(
    stages: Sequence[Stage], points: Sequence[Points], size: int, further: Mapping[str, Flags]
) -> dict[str, Flags]:
    by_name = {one.name: one for one in points}
    held: dict[str, Flags] = {}
    for stage in order_of(stages):
        holds = further.get(stage.name, np.ones(size, dtype=np.bool_)).copy()
        for name, least in stage.at_least.items():
            if name not in by_name:
                raise ForecastingError(
                    f"The stage `{stage.name}` asks for a score `{name}` that is not one of {stage.of}s.",
                    where=f"scores: {stage.name}",
                    remedy=f"Known: {', '.join(by_name) or 'none'}.",
                )
            holds &= by_name[name].value >= least
        if stage.after is not None:
            holds &= held[stage.after]
        held[stage.name] = holds
    return held


def _highest(stages: Sequence[Stage], held: Mapping[str, Flags], size: int) -> Keys:
    highest = np.full(size, None, dtype=object)
    for stage in stages:
        highest[held[stage.name]] = stage.name
    return highest


def _further(stage: Stage, stages: Sequence[Stage], acts: Acts, people: Mapping[str, Flags], surges: Surges) -> Flags:
    """What a stage of accounts asks beyond scores: people in a stage, and a surge; shape (accounts,)."""
    size = len(acts.accounts)
    holds = np.ones(size, dtype=np.bool_)
    if stage.people is not None and stage.people_stage is not None:
        names = [one.name for one in stages if one.of == "customer"]
        counting = names[names.index(stage.people_stage) :]
        counts = np.logical_or.reduce([people[name] for name in counting])
        is_counted = counts & (acts.account_of >= 0)
        holds &= np.bincount(acts.account_of[is_counted], minlength=size) >= stage.people
    if stage.surge is not None:
        holds &= np.isin(acts.accounts, surges.account_id[surges.name == stage.surge].astype(object))
    return holds
