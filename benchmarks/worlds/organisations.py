"""Accounts and the people who work there: who they are, not yet what they do."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats, Integers, Texts, keys

INDUSTRIES: Final = ("finance", "health", "logistics", "manufacturing", "public", "retail", "software")
REGULATED: Final = ("finance", "health", "public")
TIERS: Final = ("strategic", "growth", "standard")
REGIONS: Final = ("centre", "east", "north", "south", "west")
ROLES: Final = ("engineer", "executive", "finance", "operations", "procurement", "security")
ROLE_SHARES: Final = (0.34, 0.08, 0.10, 0.24, 0.09, 0.15)
SENIORITIES: Final = ("staff", "lead", "director")
OWNERS: Final = 12
DUPLICATE_SHARE: Final = 0.015


@dataclass(frozen=True, eq=False)
class Organisations:
    """Who is there; persons and accounts are numbers, records are rows of customers.

    Attributes:
        accounts: The table `accounts`, row i is account i.
        size: Relative size of each account, mean 1.
        is_customer: Whether the account has bought before the world begins, shape (accounts,).
        account: Account of each person, shape (persons,).
        role: Role of each person.
        seniority: Seniority of each person.
        joined: Day on which each person's record was made; negative before the world begins.
        record_person: The person behind each record, shape (records,); the first records are the first of each person.
        record_joined: Day on which each record was made.
    """

    accounts: pd.DataFrame
    size: Floats
    is_customer: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    account: Integers
    role: Texts
    seniority: Texts
    joined: Floats
    record_person: Integers
    record_joined: Floats

    @property
    def persons(self) -> int:
        """How many people there are."""
        return len(self.account)

    @property
    def customer_id(self) -> Texts:
        """Key of each record; a person's first record is the one of the same number."""
        return keys("con", np.arange(len(self.record_person)))


def found(plan: Plan) -> Organisations:
    """Accounts of different size, people in them, and a few who stand in the books twice."""
    draw = plan.chance.of("organisations")
    doubles = int(plan.settings.contacts * DUPLICATE_SHARE)
    persons = plan.settings.contacts - doubles
    count = min(persons, max(1, round(plan.settings.contacts / plan.settings.contacts_per_account)))
    size = draw.lognormal(-0.32, 0.8, count)
    # everybody's first colleague is there before the second one comes, so that no account is empty
    account = np.concatenate([np.arange(count), draw.choice(count, persons - count, p=size / size.sum())])
    joined = np.where(
        draw.random(persons) < 0.6, -draw.uniform(1, 700, persons), draw.uniform(0, 0.98 * plan.days, persons)
    )
    twice = draw.choice(persons, doubles, replace=False)
    second = np.minimum(np.maximum(joined[twice], 0) + draw.uniform(5, 90, doubles), plan.days - 0.5)
    industry = draw.choice(np.array(INDUSTRIES, dtype=object), count)
    rank = np.argsort(np.argsort(-size)) / count
    return Organisations(
        accounts=pd.DataFrame(
            {
                "account_id": keys("acc", np.arange(count)),
                "name": [f"Example Company {number}" for number in range(1, count + 1)],
                "industry": industry,
                "tier": np.array(TIERS, dtype=object)[np.digitize(rank, [0.08, 0.35])],
                "is_regulated": np.isin(industry, REGULATED),
                "region": draw.choice(np.array(REGIONS, dtype=object), count),
                "owner": [f"seller-{number:02d}" for number in draw.integers(1, OWNERS + 1, count)],
            }
        ),
        size=size,
        is_customer=draw.random(count) < np.clip(0.3 + 0.25 * size, 0, 0.85),
        account=account.astype(np.int64),
        role=draw.choice(np.array(ROLES, dtype=object), persons, p=np.array(ROLE_SHARES)),
        seniority=draw.choice(np.array(SENIORITIES, dtype=object), persons, p=[0.62, 0.27, 0.11]),
        joined=joined,
        record_person=np.concatenate([np.arange(persons), twice]).astype(np.int64),
        record_joined=np.concatenate([joined, second]),
    )


def customers(world: Organisations, stage: Texts, plan: Plan) -> pd.DataFrame:
    """The table `customers`.

    Args:
        world: Who is there.
        stage: Stage of each person: prospect, trial, customer.
        plan: Randomness, and days to moments.
    """
    draw = plan.chance.of("customers")
    person = world.record_person
    account = world.account[person]
    role = world.role[person]
    group = np.where(np.isin(role, ("security", "procurement", "finance")), "assurance", "platform").astype(object)
    group[draw.random(len(person)) < 0.4] = None
    account_id = world.accounts["account_id"].to_numpy(dtype=object)[account]
    return pd.DataFrame(
        {
            "customer_id": world.customer_id,
            # colleagues talk: the unit of a holdout is the account
            "household_id": account_id,
            "account_id": account_id,
            "region": world.accounts["region"].to_numpy(dtype=object)[account],
            "language": "en",
            "joined_at": plan.calendar.moments(world.record_joined),
            "role": role,
            "seniority": world.seniority[person],
            "buying_group": group,
            "stage": stage[person],
            "is_known": True,
        }
    )
