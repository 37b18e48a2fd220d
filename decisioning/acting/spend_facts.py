"""What the table `spend` says about campaigns and channels: sums of the last days, and what a unit of money brought."""

from datetime import datetime
from typing import Final, Literal

import numpy as np
import pandas as pd

from decisioning.errors import DecisioningError

COUNTED: Final = ("spend", "impressions", "clicks", "conversions", "revenue")
WINDOWS: Final = (7, 28)


def spend_facts(
    spend: pd.DataFrame, by: Literal["campaign_id", "channel_id"], *, as_of: datetime, timezone: str
) -> pd.DataFrame:
    """One row per campaign or channel that something was ever spent on, ascending.

    Days are local; the day of as_of does not count. Columns: the key; for 7 and 28 days `spend_28d`, `impressions_28d`,
    `clicks_28d`, `conversions_28d`, `revenue_28d` (missing where not told), `roas_28d` (revenue per unit spent) and
    `cost_per_conversion_28d`, both missing where something they need is; `spend_this_month`; `last_spend_days` (days
    since anything was spent).

    A return is missing, too, where the revenue of any day with spend is not told: it would look worse than it was.

    Raises:
        DecisioningError: Spend that is no number, infinite or negative.
    """
    amounts = spend["spend"].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(amounts) | (amounts < 0))
    if len(wrong):
        raise DecisioningError(
            f"The spend is {amounts[wrong[0]]:g} in row {wrong[0]} ({len(wrong)} such rows).",
            where="spend",
            remedy="Give amounts of 0 or more; rows that a source cannot tell belong into quarantine.",
        )
    local = pd.to_datetime(spend["date"], utc=True).dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    today = pd.Timestamp(as_of).tz_convert(timezone).tz_localize(None).normalize()
    age = (today - local).dt.days.to_numpy()
    known = spend.assign(age=age, spend=amounts, day=local)[age >= 1]
    keys = np.sort(known[by].dropna().unique().astype(object))
    facts = pd.DataFrame({by: keys})
    for days in WINDOWS:
        facts = facts.assign(**_window(known[known["age"] <= days], by, keys, days))
    of_month = known[known["day"] >= today.replace(day=1)]
    facts["spend_this_month"] = of_month.groupby(by)["spend"].sum().reindex(keys, fill_value=0.0).to_numpy()
    spent = known[known["spend"] > 0]
    facts["last_spend_days"] = spent.groupby(by)["age"].min().reindex(keys).to_numpy(dtype=np.float64)
    return facts


def _window(rows: pd.DataFrame, by: str, keys: np.ndarray, days: int) -> dict[str, np.ndarray]:
    found = {}
    for name in COUNTED:
        if name in rows:
            numbers = pd.to_numeric(rows[name], errors="coerce")
            # min_count: what nobody told is missing and not zero
            sums = numbers.groupby(rows[by]).sum(min_count=0 if name == "spend" else 1).reindex(keys)
            found[name] = sums.to_numpy(dtype=np.float64)
        else:
            found[name] = np.full(len(keys), np.nan)
    found["spend"] = np.nan_to_num(found["spend"], nan=0.0)
    is_untold = rows["spend"].gt(0) & (rows["revenue"].isna() if "revenue" in rows else True)
    untold = is_untold.groupby(rows[by]).any().reindex(keys, fill_value=False).to_numpy(dtype=np.bool_)
    has_spend, has_conversions = found["spend"] > 0, found["conversions"] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        roas = np.where(has_spend & ~untold, found["revenue"] / found["spend"], np.nan)
        per_conversion = np.where(has_spend & has_conversions, found["spend"] / found["conversions"], np.nan)
    named = {f"{name}_{days}d": values for name, values in found.items()}
    return named | {f"roas_{days}d": roas, f"cost_per_conversion_{days}d": per_conversion}
