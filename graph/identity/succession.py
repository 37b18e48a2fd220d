"""A device that changes hands: whose visits were whose, told by the order in which customers identified on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from graph.identity.evidence import Visits
from graph.identity.parties import NEVER, Codes

DAY = 86_400 * 1_000_000


@dataclass(frozen=True, eq=False)
class Claims:
    """When visitors were seen as which person; shapes (claims,), in order of visitor and time.

    Attributes:
        visitor: Numbers of `Parties`.
        person: Numbers of `Parties`.
        moment: Microseconds.
    """

    visitor: Codes
    person: Codes
    moment: Codes


def orderly(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims on visitors whose persons came one after the other, each of them in one unbroken turn.

    Args:
        claims: `visitor`, `person`, `at`.

    Returns:
        The claims of such visitors, in order of visitor and time.
    """
    ordered = claims.drop_duplicates(["visitor", "person", "at"]).sort_values(["visitor", "at", "person"])
    visitor, person, at = (ordered[name].to_numpy(dtype=np.int64) for name in ("visitor", "person", "at"))
    starts = np.ones(len(ordered), dtype=np.bool_)
    is_tie = np.zeros(len(ordered), dtype=np.bool_)
    starts[1:] = (visitor[1:] != visitor[:-1]) | (person[1:] != person[:-1])
    is_tie[1:] = (visitor[1:] == visitor[:-1]) & (at[1:] == at[:-1])
    turns = pd.Series(starts).groupby(visitor).sum()
    people = ordered.groupby("visitor")["person"].nunique()
    is_undated = pd.Series((at == NEVER) | is_tie).groupby(visitor).any()
    good = turns.index[(turns == people).to_numpy() & ~is_undated.to_numpy()]
    return ordered[ordered["visitor"].isin(good)]


def owners_by_time(visits: Visits, claims: Claims, window_days: float) -> Codes:
    """Whom each visit on a device that changed hands belongs to; the visitor itself where it is too far from any claim.

    A visit between two claims of one person is that person's. Any other goes to the person who claimed the device
    next, or to the last one when nobody did after; within the window only.

    Args:
        visits: Visits; those of other visitors stay with them.
        claims: In order.
        window_days: Days between visit and claim.
    """
    owner = visits.visitor.copy()
    if len(claims.visitor) == 0:
        return owner
    chosen = np.flatnonzero(np.isin(visits.visitor, claims.visitor))
    visitor, at = visits.visitor[chosen], visits.moment[chosen]
    visit = pd.DataFrame({"visitor": visitor, "at": at, "place": np.arange(len(chosen))}).sort_values("at")
    claim = pd.DataFrame(
        {"visitor": claims.visitor, "person": claims.person, "at": claims.moment, "claimed": claims.moment}
    )
    claim = claim.sort_values("at")
    after = pd.merge_asof(visit, claim, on="at", by="visitor", direction="forward").sort_values("place")
    before = pd.merge_asof(visit, claim, on="at", by="visitor", direction="backward").sort_values("place")
    window = window_days * DAY
    following, previous = (frame["person"].fillna(-1).to_numpy(dtype=np.int64) for frame in (after, before))
    until = after["claimed"].to_numpy(dtype=float) - at
    since = at - before["claimed"].to_numpy(dtype=float)
    found = np.where((following >= 0) & (until <= window), following, -1)
    found = np.where((following < 0) & (previous >= 0) & (since <= window), previous, found)
    found = np.where((following >= 0) & (following == previous), following, found)
    owner[chosen] = np.where(found >= 0, found, visitor)
    return owner
