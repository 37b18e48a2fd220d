"""What boosts cost in margin.

The choice ranks by value + boost, and certifies its bound for that. The value that is reported stays the expected
margin: a boost brings none. So it costs whatever the same customers would have brought without it, within the same
limits; that is found by choosing once more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.boosts import added, boosts_that_hold, positions_of
from decisioning.gather import gather
from decisioning.settings import BoostSettings, DecisionSettings
from decisioning.settle import Settled
from decisioning.shortlist import Terrain
from forecasting.values import Floats
from graph.view import View


@dataclass(frozen=True)
class Cost:
    """What boosts cost in margin, chance left aside.

    Attributes:
        together: What the choice without any of them would bring more.
        each: What the choice without that one alone would bring more, in the order of the boosts that hold.
        bound: What no choice can be worth more than, in margin; certified.
    """

    together: float
    each: tuple[float, ...]
    bound: float


def cost_of(
    settled: Settled, terrain: Terrain, view: View, settings: DecisionSettings, settle_on: Callable[[Terrain], Settled]
) -> Cost | None:
    """What the boosts that hold cost; None where none does.

    Args:
        settled: The choice with all of them.
        terrain: What it was chosen from.
        view: With the assets.
        settings: With the boosts.
        settle_on: Chooses from another terrain, within the same limits.
    """
    boosts = boosts_that_hold(settings, view.as_of)
    if not boosts:
        return None
    margin = margin_of(settled, terrain.worth.boost)

    def without(left: tuple[BoostSettings, ...]) -> tuple[float, float]:
        """What choosing with these alone brings more, and its bound."""
        boost = added(view, left)
        chosen = settle_on(replace(terrain, worth=terrain.worth._replace(boost=boost)))
        # The choice with the others is possible without them: where what was found is poorer, it is the solver's dust.
        return max(margin_of(chosen, boost) - margin, 0.0), chosen.allocation.bound

    together, bound = without(())
    each = (
        (together,)
        if len(boosts) == 1
        else tuple(without((*boosts[:at], *boosts[at + 1 :]))[0] for at in range(len(boosts)))
    )
    return Cost(together, each, max(bound, margin))


def margin_of(settled: Settled, boost: Floats) -> float:
    """What a choice is expected to bring: what it ranks by, less what is no margin."""
    chosen = settled.allocation.chosen
    return settled.allocation.value - math.fsum(boost[settled.kept.asset[chosen[chosen >= 0]]])


def boost_rows(
    view: View, settings: DecisionSettings, cost: Cost | None, sent: npt.NDArray[np.integer], value: Floats
) -> list[dict[str, Any]]:
    """Each boost that holds, for JSON.

    Args:
        view: With the assets.
        settings: With the boosts.
        cost: What they cost; None where that cannot be told, since some who took part were erased since.
        sent: The asset of each send, shape (sends,).
        value: What each is expected to bring.

    Returns:
        asset, title, amount, until, by, because, sends, `losing` (sends that are expected to bring less than nothing),
        and `cost` (what the day would bring more without this one boost).
    """
    boosts = boosts_that_hold(settings, view.as_of)
    places = positions_of(view, boosts)
    titles = gather(view.assets.frame["title"].to_numpy(dtype=object), places, None)
    return [
        {
            "asset": boost.asset_id,
            "title": titles[at] if isinstance(titles[at], str) else boost.asset_id,
            "amount": boost.amount,
            "until": boost.until.isoformat(),
            "by": boost.by,
            "because": boost.because,
            "sends": int((sent == places[at]).sum()),
            "losing": int(((sent == places[at]) & (value < 0)).sum()),
            "cost": None if cost is None else cost.each[at],
        }
        for at, boost in enumerate(boosts)
    ]
