"""Every candidate of a few customers in full: value, time and verdict, as deciding finds them, nothing left out.

A run of millions looks at details of its shortlist only; whoever asks about one customer wants all of them. The same
functions as in `decide`, in the same order.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates, find_candidates
from decisioning.channel_days import channel_days
from decisioning.day_limits import limits_of
from decisioning.experiments import is_held_out
from decisioning.lifetime_values import with_lifetime_values
from decisioning.limits import Limits, Usage, usage
from decisioning.message_order import in_order
from decisioning.minimisation import minimised
from decisioning.remits.authority import is_permitted
from decisioning.rhythms import Rhythms, align
from decisioning.schedule import Schedule, schedule
from decisioning.screening import OFFER_COST_UNKNOWN, Screened, outside_remits, screen
from decisioning.times import Times, moment
from decisioning.value import Values, value_candidates
from graph.view import View

if TYPE_CHECKING:
    from decisioning.case import Case


@dataclass(frozen=True, eq=False)
class Ground:
    """Candidates, n of them, with all that does not depend on forecasts.

    Attributes:
        case: Whose they are.
        view: Without what may not be known.
        candidates: What could be said.
        times: When.
        screened: Which policy refuses which, but for what depends on values.
        limits: The families of the day.
    """

    case: "Case"
    view: View
    candidates: Candidates
    times: Schedule
    screened: Screened
    limits: Limits

    def holds_for(self, case: "Case") -> bool:
        """Whether it is that of another case as well, which differs in numbers alone."""
        mine = self.case
        same = (
            case.view is mine.view,
            case.motives is mine.motives,
            case.touches is mine.touches,
            case.settings.policies is mine.settings.policies,
            case.settings.plays is mine.settings.plays,
        )
        return all(same)


@dataclass(frozen=True, eq=False)
class InFull:
    """A case's candidates with what they are worth, which policy refuses which, and what they use of limits."""

    ground: Ground
    rhythms: Rhythms
    worth: Values
    screened: Screened
    used: Usage


def candidates_in_full(case: "Case", like: Ground | None = None) -> InFull:
    """All candidates of a case.

    Args:
        case: Of one customer, or of a few.
        like: The ground of a case that this one was made from by a change; it is kept where the change leaves it.
    """
    settings, as_of = case.settings, moment(case.as_of)
    ground = like if like is not None and like.holds_for(case) else _ground(case)
    view, candidates = ground.view, ground.candidates
    rhythms = align(view, case.forecasts.cadence, case.forecasts.recent, case.usual)
    worth = value_candidates(view, candidates, case.forecasts, rhythms, settings)
    screened = in_order(
        with_unknown_costs(ground.screened, np.isnan(worth.redemption_cost)),
        view,
        case.motives.table,
        candidates,
        worth.ranked,
        settings=settings,
        touches=case.touches,
        as_of=as_of,
    )
    places = (candidates.customer, candidates.asset, candidates.channel)
    used = usage(
        ground.limits,
        places,
        touch_cost=worth.touch_cost,
        expected_cost=worth.offer_cost,
        exposure=worth.redemption_cost,
    )
    return InFull(ground, rhythms, worth, screened, used)


def _ground(case: "Case") -> Ground:
    settings = case.settings
    view = with_lifetime_values(case.view, case.forecasts.lifetime_value)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    view = minimised(view, settings.policies, held_out).view
    candidates = find_candidates(view, case.motives, settings)
    window = (case.motives.starts_at[candidates.motive], case.motives.until[candidates.motive])
    times, screened = on_day(case, view, candidates, window, touches=case.touches)
    play = case.motives.table["play"].to_numpy(dtype=object)[candidates.motive]
    screened = outside_remits(screened, is_permitted(settings.remits, play, view.channels.keys[candidates.channel]))
    return Ground(case, view, candidates, times, screened, limits_of(view, settings, case.touches, case.as_of))


def on_day(
    case: "Case", view: View, candidates: Candidates, window: tuple[Times, Times], *, touches: pd.DataFrame
) -> tuple[Schedule, Screened]:
    """Times and verdicts of candidates on the day of a view, which may be another one than the case's.

    What an offer costs is taken to be known.
    """
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
        is_offer_cost_known=np.ones(len(candidates), dtype=np.bool_),
        as_of=as_of,
    )
    return times, screened


def with_unknown_costs(screened: Screened, is_unknown: npt.NDArray[np.bool_]) -> Screened:
    """Verdicts that also refuse offers of which nobody can say what they cost this customer."""
    refused = screened.by_policy[OFFER_COST_UNKNOWN] | is_unknown
    return replace(screened, by_policy={**screened.by_policy, OFFER_COST_UNKNOWN: refused})
