"""What customers take from the account they work at, as attributes that policies, audiences and orders may name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.gather import gather
from decisioning.times import elapsed_days, moment, naive
from graph.view import View

ENGAGED_DAYS = 14.0
"""Somebody with a recent signal of high fidelity within so many days counts as engaged."""

TAKEN = ("tier", "industry", "is_regulated")


def account_columns(view: View) -> dict[str, Any]:
    """Columns of customers by name; none where nobody works anywhere.

    `account_tier`, `account_industry` and `account_is_regulated` of the account; `account_engaged`: people of it who
    were engaged within a fortnight; `buying_group_engaged`: those of the customer's own buying group. A column that
    customers have already stays theirs.
    """
    if not len(view.workplaces):
        return {}
    works_at = _first(view.workplaces.sources, view.workplaces.targets, len(view.customers))
    accounts, when = view.accounts.frame, moment(view.as_of)
    columns: dict[str, Any] = {
        f"account_{name}": gather(accounts[name].to_numpy(dtype=object), works_at, None)
        for name in TAKEN
        if name in accounts
    }
    columns["account_engaged"] = gather(engaged_people(view, when), works_at, np.nan)
    if len(view.group_members):
        columns["buying_group_engaged"] = engaged_in_group(view, when)
    return {name: values for name, values in columns.items() if name not in view.customers.frame}


def with_account_columns(view: View) -> pd.DataFrame:
    """The customers of a view with what they take from their accounts."""
    columns: Mapping[str, Any] = account_columns(view)
    return view.customers.frame.assign(**columns) if columns else view.customers.frame


def is_engaged(view: View, as_of: np.datetime64) -> npt.NDArray[np.bool_]:
    """Who gave a recent signal of high fidelity within a fortnight, shape (customers,)."""
    signals = view.signals.frame
    customer = signals["customer"].to_numpy(dtype=np.int64)
    age = elapsed_days(as_of, naive(signals["occurred_at"]))
    found = np.zeros(len(view.customers), dtype=np.bool_)
    found[customer[(customer >= 0) & (age <= ENGAGED_DAYS)]] = True
    return found


def engaged_people(view: View, as_of: np.datetime64) -> npt.NDArray[np.float64]:
    """How many people of each account are engaged, shape (accounts,)."""
    works_at = view.workplaces
    weights = is_engaged(view, as_of)[works_at.sources]
    return np.bincount(works_at.targets, weights, minlength=len(view.accounts)).astype(np.float64)


def engaged_in_group(view: View, as_of: np.datetime64) -> npt.NDArray[np.float64]:
    """How many people of each customer's buying group are engaged, themselves included, shape (customers,)."""
    members = view.group_members
    weights = is_engaged(view, as_of)[members.sources]
    groups = np.bincount(members.targets, weights, minlength=len(view.buying_groups)).astype(np.float64)
    return gather(groups, _first(members.sources, members.targets, len(view.customers)), 0.0)


def _first(customer: npt.NDArray[np.int32], what: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.int64]:
    """The first of each customer's links, -1 without one, shape (count,)."""
    found = np.full(count, -1, dtype=np.int64)
    found[customer[::-1]] = what[::-1]
    return found
