"""Every candidate of a few customers in full: value, time and verdict, as deciding finds them, nothing left out.

A run of millions looks at details of its shortlist only; whoever asks about one customer wants all of them. The same
functions as in `decide`, in the same order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates, find_candidates
from decisioning.channel_days import channel_days
from decisioning.day_limits import limits_of
from decisioning.experiments import is_held_out
from decisioning.limits import usage
from decisioning.message_order import in_order
from decisioning.minimisation import minimised
from decisioning.rhythms import align
from decisioning.schedule import Schedule, schedule
from decisioning.screening import Screened, screen
from decisioning.times import Times, moment
from decisioning.value import Values, value_candidates
from forecasting.values import Floats
from graph.view import View

if TYPE_CHECKING:
    from decisioning.case import Case


@dataclass(frozen=True, eq=False)
class InFull:
    """Candidates, n of them, with what they are worth, when they would be sent, and which policy refuses which."""

    candidates: Candidates
    worth: Values
    times: Schedule
    screened: Screened


def candidates_in_full(case: "Case") -> InFull:
    """All candidates of a case."""
    settings = case.settings
    held_out = is_held_out(case.view, share=settings.holdout_share, salt=settings.holdout_salt)
    view = minimised(case.view, settings.policies, held_out).view
    candidates = find_candidates(view, case.motives, settings)
    rhythms = align(view, case.forecasts.cadence, case.forecasts.recent, case.others.usual)
    worth = value_candidates(view, candidates, case.forecasts, rhythms, settings)
    window = (case.motives.starts_at[candidates.motive], case.motives.until[candidates.motive])
    is_cost_known = ~np.isnan(worth.redemption_cost)
    times, screened = on_day(case, view, candidates, window, touches=case.touches, is_offer_cost_known=is_cost_known)
    motives, as_of = case.motives.table, moment(view.as_of)
    screened = in_order(
        screened, view, motives, candidates, worth.value, settings=settings, touches=case.touches, as_of=as_of
    )
    return InFull(candidates, worth, times, screened)


def on_day(
    case: "Case",
    view: View,
    candidates: Candidates,
    window: tuple[Times, Times],
    *,
    touches: pd.DataFrame,
    is_offer_cost_known: npt.NDArray[np.bool_],
) -> tuple[Schedule, Screened]:
    """Times and verdicts of candidates on the day of a view, which may be another one than the case's."""
    settings, as_of = case.settings, moment(view.as_of)
    day = channel_days(view, settings, as_of, case.forecasts.timing)
    times = schedule(view, candidates, day, starts_at=window[0], until=window[1])
    screened = screen(
        view,
        candidates,
        settings,
        touches,
        sends_at=day.preferred,
        is_held_out=is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt),
        is_hour_left=times.is_possible,
        is_offer_cost_known=is_offer_cost_known,
        as_of=as_of,
    )
    return times, screened


def paid(case: "Case", made: InFull, prices: Mapping[str, float]) -> tuple[Floats, npt.NDArray[np.object_]]:
    """What each candidate pays in currency, and the name of the limit that it pays most for, each of shape (n,).

    Args:
        case: Whose view and settings say which limits there are.
        made: Its candidates.
        prices: What one more unit of each limit is worth, by its name; a limit without a price costs nothing.
    """
    candidates, worth = made.candidates, made.worth
    total, most = np.zeros(len(candidates)), np.zeros(len(candidates))
    dearest = np.full(len(candidates), "", dtype=object)
    limits = limits_of(case.view, case.settings, case.touches, case.as_of) if any(prices.values()) else ()
    places = (candidates.customer, candidates.asset, candidates.channel)
    used = usage(limits, places, touch_cost=worth.touch_cost, expected_cost=worth.offer_cost)
    for family, index, amount in zip(limits, used.index, used.amount, strict=True):
        names, place = np.unique(index, return_inverse=True)
        price = np.array([prices.get(family.name_of(int(name)), 0.0) if name >= 0 else 0.0 for name in names])
        cost = price[place] * amount / family.scale
        total += cost
        for row in np.flatnonzero(cost > most):
            dearest[row] = family.name_of(int(index[row]))
        most = np.maximum(most, cost)
    return total, dearest
