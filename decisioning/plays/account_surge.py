"""Account surge: several people of one account want to know more within a few days, as `scores.yaml` declares surges.

Everybody who works there has the motive; which message fits whom is said by an `order` over the account's tier and
industry (`customer.account_tier`, `customer.account_industry`) and over how many of the customer's buying group are
engaged (`customer.buying_group_engaged`). What is meant for the account's industry answers it, or what `answers` names.

> Buying interest surges at Northwind (tier 1, manufacturing): engaged within a fortnight are 4 of its people, 3 of the
> buying group.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.accounts import engaged_in_group, engaged_people
from decisioning.play import SURGES, Known, Threshold, Trace, motive_rows, named, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.times import days

PREFIX, SUFFIX = "is_", "_surge"


class AccountSurge:
    """Finds everybody who works at an account with a surge."""

    name: ClassVar[str] = "account-surge"
    subject_kinds: ClassVar[tuple[str, ...]] = ("account",)
    requires: ClassVar[tuple[str, ...]] = ("customers", "accounts", "signals", SURGES)
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("WORKS_AT"),
        Trace("MEMBER_OF", end="group", end_label="BuyingGroup"),
        Trace("BY", start="signal", start_label="Signal", end="customer", end_label="Customer"),
    )
    facts: ClassVar[tuple[str, ...]] = ("surge", "tier", "industry", "people", "group_people")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "lasts_days": Threshold(7, "Days for which the motive holds."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer who works at an account with a surge, by the first surge in order of names.

        Strength is p / (p + 1) for p people of the account that were engaged of late, at least a half.
        """
        customers, works_at = known.view.customers.frame, known.view.workplaces
        columns = sorted(map(str, customers.columns))
        surges = [name for name in columns if name.startswith(PREFIX) and name.endswith(SUFFIX)]
        which = np.full(len(customers), -1, dtype=np.int64)
        for place in reversed(range(len(surges))):
            which[customers[surges[place]].isin([True]).to_numpy(dtype=np.bool_)] = place
        rows = np.flatnonzero(which[works_at.sources] >= 0)
        customer, account = works_at.sources[rows], works_at.targets[rows]
        people = engaged_people(known.view, known.as_of)
        accounts = known.view.accounts.frame
        names = np.array([*(name.removeprefix(PREFIX).removesuffix(SUFFIX) for name in surges), None], dtype=object)
        count = np.maximum(people[account], 1.0)
        return motive_rows(
            customer,
            account,
            count / (count + 1.0),
            starts_at=known.as_of,
            until=known.as_of + days(threshold(self, settings, "lasts_days")),
            facts={
                "surge": names[which[customer]],
                "tier": accounts["tier"].to_numpy(dtype=object)[account],
                "industry": accounts["industry"].to_numpy(dtype=object)[account],
                "people": people[account].astype(np.int64),
                "group_people": engaged_in_group(known.view, known.as_of)[customer].astype(np.int64),
                "group": _groups(known)[customer],
                "signal": _newest_signal(known)[customer],
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """Where interest surges, who that is, and how many show it."""
        names = known.account_names[found["subject"]]
        return [
            f"Buying interest surges at {name}{_told(tier, industry)}: engaged within a fortnight are {people} of its "
            f"people, {group} of the buying group."
            for name, tier, industry, people, group in zip(
                names, found["tier"], found["industry"], found["people"], found["group_people"], strict=True
            )
        ]


def _told(tier: object, industry: object) -> str:
    told = [f"tier {tier}" if named(tier) else "", str(industry) if named(industry) else ""]
    known = ", ".join(one for one in told if one)
    return f" ({known})" if known else ""


def _groups(known: Known) -> npt.NDArray[np.int64]:
    """The buying group of each customer, -1 without one."""
    found = np.full(len(known.view.customers), -1, dtype=np.int64)
    members = known.view.group_members
    found[members.sources] = members.targets
    return found


def _newest_signal(known: Known) -> npt.NDArray[np.int64]:
    """The newest signal of each customer, -1 without one."""
    found = np.full(len(known.view.customers), -1, dtype=np.int64)
    order = np.argsort(known.signal_times, kind="stable")
    order = order[known.signal_customers[order] >= 0]
    found[known.signal_customers[order]] = order
    return found


PLAY = AccountSurge()
