"""What share of a series is promoted in each period, from the table of promotions."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.demand.periods import clock_starts, local_clock, period_at, periods_of
from forecasting.demand.settings import DemandSettings
from forecasting.inputs import require, utc_times
from forecasting.values import Floats, Times

ALL_STORES = "*"
MOST_KINDS = 4


def with_promoted_shares(
    tables: Mapping[str, pd.DataFrame],
    lines: pd.DataFrame,
    table: pd.DataFrame,
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Share of each series' usual units that is promoted in a period, a column per kind; planned periods as rows."""
    if "promotions" not in tables or tables["promotions"].empty or lines.empty:
        return table, ()
    promotions = tables["promotions"]
    require(promotions, "promotions", ("product_id", "kind", "starts_at"))
    ahead = period_at(as_of, settings.frequency, timezone)
    last = ahead + settings.promotions_planned_periods
    begin = local_clock(utc_times(promotions, "promotions", "starts_at"), timezone)
    is_known = periods_of(begin, settings.frequency) < last
    promotions, begin = promotions[is_known], begin[is_known]
    rows = _spread(promotions, begin, settings, timezone, (int(table["period"].min()), last))
    rows["share"] *= _store_shares(promotions)[rows["row"]]
    kinds = (
        promotions["kind"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:MOST_KINDS]
    )
    units = lines.groupby(["series", "product_id"])["units"].sum().clip(lower=0).reset_index()
    units["weight"] = units["units"] / units.groupby("series")["units"].transform("sum").replace(0, 1)
    rows["product_id"] = promotions["product_id"].to_numpy()[rows["row"]]
    rows["kind"] = promotions["kind"].to_numpy()[rows["row"]]
    # one product cannot be promoted more than wholly, however many rows say so
    rows = rows.groupby(["product_id", "kind", "period"], sort=True)["share"].sum().clip(upper=1.0).reset_index()
    found = rows.merge(units[["series", "product_id", "weight"]], on="product_id")
    found["share"] *= found["weight"]
    shares = found[found["kind"].isin(kinds)].pivot_table(
        index=["series", "period"], columns="kind", values="share", aggfunc="sum", fill_value=0.0
    )
    shares.columns = [f"promoted_{kind}" for kind in shares.columns]
    names = tuple(shares.columns)
    joined = table.set_index(["series", "period"]).join(shares, how="outer").reset_index()
    begun = joined["series"].map(table.groupby("series")["period"].min())
    joined = joined[joined["period"] >= begun]
    joined["time"] = clock_starts(joined["period"].to_numpy(dtype=np.int64), settings.frequency)
    joined[list(names)] = joined[list(names)].fillna(0.0)
    # a promoted period in which nothing was sold is a period without sales
    is_past = (joined["period"] < ahead) & joined["value"].isna()
    return joined.assign(value=joined["value"].mask(is_past, 0.0)), names


def _spread(
    promotions: pd.DataFrame,
    begin: Times,
    settings: DemandSettings,
    timezone: str,
    within: tuple[int, int],
) -> pd.DataFrame:
    """One row per promotion and period it touches, with the share of the period that it covers."""
    first, last = within
    stop = _ends(promotions, begin, settings, timezone, last)
    from_period = np.maximum(periods_of(begin, settings.frequency), first)
    to_period = np.minimum(periods_of(stop - np.timedelta64(1, "us"), settings.frequency), last - 1)
    count = np.maximum(to_period - from_period + 1, 0)
    row = np.repeat(np.arange(len(promotions)), count)
    position = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    period = from_period[row] + position
    period_start = clock_starts(period, settings.frequency)
    period_end = clock_starts(period + 1, settings.frequency)
    covered = np.minimum(period_end, stop[row]) - np.maximum(period_start, begin[row])
    share = covered.astype(np.int64) / (period_end - period_start).astype(np.int64)
    return pd.DataFrame({"row": row, "period": period, "share": share.clip(0.0, 1.0)})


def _ends(promotions: pd.DataFrame, begin: Times, settings: DemandSettings, timezone: str, last: int) -> Times:
    """Ends on the wall clock; a promotion without one runs on as far as is looked."""
    horizon_end = clock_starts(np.array([last]), settings.frequency)[0]
    if "ends_at" not in promotions.columns:
        return np.asarray(np.maximum(begin, np.full(len(begin), horizon_end)))
    ends = promotions["ends_at"]
    has_end = ends.notna().to_numpy()
    found = np.full(len(begin), horizon_end)
    if has_end.any():
        found[has_end] = local_clock(utc_times(promotions[has_end], "promotions", "ends_at"), timezone)
    return np.asarray(np.maximum(found, begin))


def _store_shares(promotions: pd.DataFrame) -> Floats:
    """What share of all shops each promotion is in; shops that never promote are not known of."""
    if "store_id" not in promotions.columns:
        return np.ones(len(promotions))
    stores = promotions["store_id"].to_numpy()
    is_all = stores == ALL_STORES
    listed = sorted({str(one) for one in stores[~is_all]})
    shares: npt.NDArray[np.float64] = np.ones(len(promotions))
    if listed:
        equal = pd.Series(1.0 / len(listed), index=pd.Index(listed))
        shares[~is_all] = equal.reindex(stores[~is_all].astype(str)).to_numpy()
    return shares
