"""Trials of accounts that have not bought yet, and the opportunities that sales sees in accounts."""

import numpy as np
import pandas as pd

from benchmarks.worlds.buying import LINE_TOPICS
from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import choose, keys, where_kept

TRIAL_DAYS = 30.0
TRIAL_SHARE = 0.55
STAGES = ("discover", "evaluate", "propose", "negotiate")


def trials(world: Organisations, minds: Minds, plan: Plan) -> pd.DataFrame:
    """One row per trial: person, account, line, day, is_stalled, is_converted, ends (day), stalls (day).

    Who objects to something stalls more often; who stalls hardly ever buys.
    """
    draw = plan.chance.of("trials")
    newcomers = np.flatnonzero(~world.is_customer & (draw.random(len(world.accounts)) < TRIAL_SHARE))
    # the most active person of an account tries the product
    order = np.lexsort((-minds.visits_per_day, world.account))
    first_of_account = order[np.unique(world.account[order], return_index=True)[1]]
    person = first_of_account[newcomers]
    day = np.maximum(world.joined[person] + 2, draw.uniform(0, plan.days, len(person)))
    is_real = day < plan.days - 1
    person, newcomers, day = person[is_real], newcomers[is_real], day[is_real]
    line = choose(draw, minds.interest_on(person, day) @ LINE_TOPICS.T + 0.02)
    objects = minds.objects_on(person, day)
    is_stalled = draw.random(len(person)) < np.where(objects, 0.75, 0.35)
    is_converted = draw.random(len(person)) < np.where(is_stalled, 0.04, np.where(objects, 0.25, 0.62))
    return pd.DataFrame(
        {
            "person": person,
            "account": newcomers,
            "line": line,
            "day": day,
            "ends": day + TRIAL_DAYS,
            "stalls": day + np.where(is_stalled, draw.uniform(2, 10, len(person)), TRIAL_DAYS),
            "is_stalled": is_stalled,
            "is_converted": is_converted,
        }
    )


def conversions(tried: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Trials that have become customers within the world: person, line, and the day on which they begin to buy."""
    is_done = tried["is_converted"] & (tried["ends"] < plan.days)
    return tried.loc[is_done, ["person", "line"]].assign(day=tried.loc[is_done, "ends"])


def opportunities(
    world: Organisations,
    minds: Minds,
    tried: pd.DataFrame,
    plan: Plan,
) -> pd.DataFrame:
    """The table `opportunities`: one per trial that sales took up, and expansions of accounts that buy.

    A won opportunity of a trial is closed when the trial ends. An objection in the account makes losing likelier.
    """
    draw = plan.chance.of("opportunities")
    taken = tried[draw.random(len(tried)) < 0.8]
    growing = np.flatnonzero(world.is_customer & (draw.random(len(world.accounts)) < 0.5))
    opened = np.concatenate([taken["day"] + 3.0, draw.uniform(5, plan.days - 5, len(growing))])
    account = np.concatenate([taken["account"].to_numpy(dtype=np.int64), growing])
    objecting = np.bincount(world.account, weights=minds.objection >= 0, minlength=len(world.accounts)) > 0
    wins = draw.random(len(account)) < np.where(objecting[account], 0.35, 0.6)
    is_won = np.concatenate([taken["is_converted"].to_numpy(dtype=bool), wins[len(taken) :]])
    closed = np.concatenate([taken["ends"], opened[len(taken) :] + draw.gamma(4.0, 14.0, len(growing))])
    is_open = closed >= plan.days
    is_campaign = draw.random(len(account)) < 0.4
    amount = np.round(draw.lognormal(8.3, 0.6, len(account)) * world.size[account] ** 0.5, -2)
    frame = pd.DataFrame(
        {
            "account_id": world.accounts["account_id"].to_numpy(dtype=object)[account],
            "stage": np.where(
                is_open, draw.choice(np.array(STAGES), len(account)), np.where(is_won, "won", "lost")
            ).astype(object),
            "amount": np.maximum(amount, 100.0),
            "opened_at": plan.calendar.moments(opened),
            "closed_at": plan.calendar.moments(np.where(is_open, np.nan, closed)),
            "is_won": where_kept(~is_open, is_won.astype(object)),
            "owner": world.accounts["owner"].to_numpy(dtype=object)[account],
            "campaign_id": where_kept(is_campaign, np.full(len(account), "webinar-01", dtype=object)),
        }
    )
    frame = frame[frame["opened_at"] < pd.Timestamp(plan.settings.until)]
    # a webinar cannot have led to what was there before it
    is_too_early = opened[frame.index.to_numpy()] < 0.2 * plan.days
    frame["campaign_id"] = frame["campaign_id"].where(~is_too_early, None)
    frame = frame.sort_values(["opened_at", "account_id"], ignore_index=True)
    frame.insert(0, "opportunity_id", keys("opp", np.arange(len(frame))))
    return frame
