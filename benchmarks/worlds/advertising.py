"""Paid advertising: two channels whose spend was set by chance each week, and a third for single accounts.

What search brings rises with spend for long; what a social network brings is soon exhausted. Money brings
opportunities, whose amounts are what a company of this kind can see.
"""

import numpy as np
import pandas as pd

from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats

WEEKLY = {"google": 2_000.0, "linkedin": 2_000.0}
"""Mean spend a week, in currency."""
MOST = {"google": 45_000.0, "linkedin": 5_000.0}
"""Amount of opportunities a week that no spend exceeds."""
HALF = {"google": 3_500.0, "linkedin": 800.0}
"""Spend a week that brings half of it."""
NAMES = {"google": "search-01", "linkedin": "sponsored-01"}
BIDS = {"google": 2.4, "linkedin": 5.2}
AIMED_ON, AIMED_BID, AIMED_WEEKLY, AIMED_WEEKS = "display", 6.0, 14.0, 10
MEAN_AMOUNT = 3_000.0


def advertised(
    world: Organisations, opportunities: pd.DataFrame, plan: Plan
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of `campaigns` and `spend`, and the table `opportunities` with those that spend brought.

    Args:
        world: Who is there.
        opportunities: Those that come by themselves.
        plan: Length of the world, randomness.
    """
    draw = plan.chance.of("advertising")
    weeks = plan.days // 7
    first: Floats = np.arange(weeks, dtype=np.float64) * 7.0
    levels: dict[str, Floats] = {
        channel: np.asarray(mean * draw.uniform(0.25, 1.75, weeks), dtype=np.float64)
        for channel, mean in WEEKLY.items()
    }
    spend = [_daily(channel, first, level, draw, plan) for channel, level in levels.items()]
    aimed = world.accounts.loc[world.accounts["tier"] == "strategic", "account_id"].to_numpy(dtype=object)
    spend.append(_aimed(aimed, first[-AIMED_WEEKS:], draw, plan))
    brought = [_brought(channel, first, level, world, draw, plan) for channel, level in levels.items()]
    every = pd.concat([opportunities.drop(columns="opportunity_id"), *brought], ignore_index=True)
    every = every.sort_values(["opened_at", "account_id"], kind="stable", ignore_index=True)
    every.insert(0, "opportunity_id", [f"opp-{number:05d}" for number in range(1, len(every) + 1)])
    return _campaigns(aimed, plan), pd.concat(spend, ignore_index=True), every


def _campaigns(aimed: np.ndarray, plan: Plan) -> pd.DataFrame:
    """They run on past the end of the world."""
    days = float(plan.days)
    general = [(NAMES[channel], channel, "search" if channel == "google" else "sponsored", None) for channel in WEEKLY]
    single = [(f"abm-{account_id}", AIMED_ON, "abm", account_id) for account_id in aimed]
    frame = pd.DataFrame([*general, *single], columns=["campaign_id", "channel_id", "kind", "audience"])
    starts = np.where(frame["kind"] == "abm", days - 7.0 * AIMED_WEEKS, 0.0)
    return frame.assign(
        bid=np.where(frame["kind"] == "abm", AIMED_BID, frame["channel_id"].map(BIDS).fillna(0.0)),
        starts_at=plan.calendar.moments(starts),
        ends_at=plan.calendar.moments(np.full(len(frame), days + 90.0)),
    )


def _daily(channel: str, first: Floats, level: Floats, draw: np.random.Generator, plan: Plan) -> pd.DataFrame:
    day = (first[:, None] + np.arange(7.0)).ravel()
    cost = np.round(np.repeat(level, 7) / 7 * draw.gamma(25, 1 / 25, len(day)), 2)
    clicks = draw.poisson(cost / BIDS[channel])
    revenue = np.round(cost * (2.6 if channel == "google" else 1.1) * draw.lognormal(0, 0.4, len(day)), 2)
    return pd.DataFrame(
        {
            "campaign_id": NAMES[channel],
            "channel_id": channel,
            "date": plan.calendar.moments(day),
            "spend": cost,
            "impressions": clicks * 120.0,
            "clicks": clicks.astype(np.float64),
            "conversions": draw.binomial(clicks, 0.02).astype(np.float64),
            "revenue": revenue,
        }
    )


def _aimed(accounts: np.ndarray, first: Floats, draw: np.random.Generator, plan: Plan) -> pd.DataFrame:
    """Campaigns for single accounts are billed by the week."""
    day = np.tile(first, len(accounts))
    account = np.repeat(accounts, len(first))
    cost = np.round(AIMED_WEEKLY * draw.gamma(16, 1 / 16, len(day)), 2)
    clicks = draw.poisson(cost / AIMED_BID)
    return pd.DataFrame(
        {
            "campaign_id": "abm-" + account,
            "channel_id": AIMED_ON,
            "date": plan.calendar.moments(day),
            "spend": cost,
            "impressions": clicks * 60.0,
            "clicks": clicks.astype(np.float64),
            "conversions": 0.0,
            "revenue": np.round(cost * draw.lognormal(0.2, 0.5, len(day)), 2),
        }
    )


def _brought(  # noqa: PLR0917 -- as the caller has them
    channel: str, first: Floats, level: Floats, world: Organisations, draw: np.random.Generator, plan: Plan
) -> pd.DataFrame:
    """Opportunities that the spend of each week brought, in that week; all of them are still open or were lost."""
    expected = MOST[channel] * level / (level + HALF[channel])
    count = draw.poisson(expected / MEAN_AMOUNT)
    week = np.repeat(first, count)
    account = draw.integers(len(world.accounts), size=len(week))
    opened = week + draw.uniform(0, 7, len(week))
    closed = opened + draw.gamma(4.0, 20.0, len(week))
    is_open = closed >= plan.days
    amount = np.maximum(np.round(draw.lognormal(np.log(MEAN_AMOUNT) - 0.08, 0.4, len(week)), -2), 100.0)
    return pd.DataFrame(
        {
            "account_id": world.accounts["account_id"].to_numpy(dtype=object)[account],
            "stage": np.where(is_open, "discover", "lost").astype(object),
            "amount": amount,
            "opened_at": plan.calendar.moments(opened),
            "closed_at": plan.calendar.moments(np.where(is_open, np.nan, closed)),
            "is_won": pd.Series([None if one else False for one in is_open], dtype=object),
            "owner": world.accounts["owner"].to_numpy(dtype=object)[account],
            "campaign_id": NAMES[channel],
        }
    )
