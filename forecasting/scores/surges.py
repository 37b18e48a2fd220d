"""Account surge: several people of one account do the same within a few local calendar days."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import local_days
from forecasting.scores.acts import NOBODY, Acts
from forecasting.scores.settings import Surge
from forecasting.values.scores import Surges


def surging(
    surges: tuple[Surge, ...],
    acts: Acts,
    tables: Mapping[str, pd.DataFrame],
    *,
    timezone: str,
) -> Surges:
    """The accounts at which a surge is on.

    A surge is on when, in the `days` local days that end with the last full day before as-of (or with one of the
    `lasts_days` days before it; the newest one counts), at least `people` different people of the account did something
    that the surge is about.

    Raises:
        ForecastingError: An account's column that is not there.
    """
    last_day = int(local_days(np.array([acts.as_of - np.timedelta64(1, "us")]), timezone)[0])
    found = [_one(surge, acts, tables, last_day) for surge in surges]
    rows = pd.concat(found, ignore_index=True) if found else _nothing()
    return Surges(
        name=rows["name"].to_numpy(dtype=object),
        account_id=rows["account_id"].to_numpy(dtype=object),
        people=rows["people"].to_numpy(dtype=np.int64),
        customers=rows["customers"].to_numpy(dtype=object),
        first_at=rows["first_at"].to_numpy(dtype="datetime64[us]"),
        last_at=rows["last_at"].to_numpy(dtype="datetime64[us]"),
    )


def _one(surge: Surge, acts: Acts, tables: Mapping[str, pd.DataFrame], last_day: int) -> pd.DataFrame:
    is_meant = (
        acts.of(surge.events, surge.topics) & _is_of(surge, acts, tables)[acts.rows["account"].to_numpy(np.int64)]
    )
    is_meant &= (acts.rows["account"] != NOBODY).to_numpy(dtype=np.bool_)
    chosen = np.flatnonzero(is_meant)
    rows = acts.rows.iloc[chosen][["account", "customer", "day"]].assign(at=acts.happened_at[chosen])
    earlier = []
    is_found = np.zeros(len(acts.accounts) + 1, dtype=np.bool_)
    for end in range(last_day, last_day - surge.lasts_days - 1, -1):
        within = rows[(rows["day"] <= end) & (rows["day"] > end - surge.days)]
        within = within[~is_found[within["account"].to_numpy(dtype=np.int64)]]
        people = within.groupby("account")["customer"].nunique()
        on = people[people >= surge.people].index.to_numpy(dtype=np.int64)
        is_found[on] = True
        earlier.append(within[within["account"].isin(on)])
    kept = pd.concat(earlier, ignore_index=True)
    if kept.empty:
        return _nothing()
    grouped = kept.sort_values(["account", "customer"], kind="stable").groupby("account", sort=True)
    summary = grouped.agg(people=("customer", "nunique"), first_at=("at", "min"), last_at=("at", "max"))
    # one entry per account that surges, of which there are few
    names = grouped["customer"].agg(lambda who: tuple(acts.customers[sorted(set(who))]))
    found: pd.DataFrame = summary.assign(
        name=surge.name, account_id=acts.accounts[summary.index.to_numpy(dtype=np.int64)], customers=names
    ).reset_index(drop=True)
    return found


def _is_of(surge: Surge, acts: Acts, tables: Mapping[str, pd.DataFrame]) -> npt.NDArray[np.bool_]:
    """Which accounts the surge is declared for, shape (accounts + 1,); the last one stands for none."""
    meant = np.ones(len(acts.accounts) + 1, dtype=np.bool_)
    meant[-1] = False
    if not len(acts.accounts):
        return meant
    frame = tables["accounts"].drop_duplicates("account_id").set_index("account_id")
    for column, values in surge.accounts.items():
        if column not in frame:
            raise ForecastingError(
                f"Accounts have no column `{column}`.",
                where=f"scores: {surge.name}",
                remedy=f"Known: {', '.join(map(str, frame.columns))}.",
            )
        stated = frame[column].reindex(acts.accounts)
        meant[:-1] &= (stated.notna() & stated.astype(str).isin([str(one) for one in values])).to_numpy(dtype=np.bool_)
    return meant


def _nothing() -> pd.DataFrame:
    texts = {name: pd.Series(dtype=object) for name in ("name", "account_id", "customers")}
    times = {name: pd.Series(dtype="datetime64[us]") for name in ("first_at", "last_at")}
    return pd.DataFrame({**texts, "people": pd.Series(dtype=np.int64), **times})
