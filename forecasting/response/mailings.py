"""Touches as exposures: which customer was sent which asset, and was it redeemed?

A touch with an asset exposes its customer to that asset. A touch of a campaign without one exposes to all assets of the
campaign; when each touch carries only some of them and nobody recorded which, each counts as the share that was
carried. Only closed windows count: a campaign that ended, or a touch that was waited for long enough.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.shopping_days import DAY_SPAN, Positions, count_between
from forecasting.inputs import Days, local_days, moment, require, utc_times
from forecasting.values import Floats, Keys

TOUCH_COLUMNS = ("touch_id", "customer_id", "sent_at", "asset_id", "campaign_id")
OUTCOME_COLUMNS = ("touch_id", "customer_id", "asset_id", "name", "occurred_at")
ASSET_COLUMNS = ("asset_id", "categories", "offer_id", "campaign_id")
CAMPAIGN_COLUMNS = ("campaign_id", "ends_at", "assets_per_touch")


@dataclass(frozen=True, eq=False)
class Mailings:
    """Exposures of customers to assets with an offer, sorted by (touch, asset), and the past of every customer.

    Attributes:
        customers: Keys of customers that were ever touched, ascending.
        assets: Keys of all assets with an offer, ascending.
        touch_ids: Keys of touches, in order of time.
        touch: Touch of each exposure, shape (exposures,).
        customer: Position in `customers`, shape (exposures,).
        asset: Position in `assets`, shape (exposures,).
        campaign: Number of the campaign, -1 without one, shape (exposures,).
        sent_day: Local day of sending, shape (exposures,).
        share: How much of an exposure it is: 1, or assets carried per touch over the assets of the campaign.
        is_redeemed: Whether the customer redeemed the asset, shape (exposures,).
        is_closed: Whether nothing more can come, shape (exposures,).
        touch_days: Customer and local day of every touch, as ascending keys of `count_between`.
        redemption_days: The same of every redemption.
    """

    customers: Keys
    assets: Keys
    touch_ids: Keys
    touch: Positions
    customer: Positions
    asset: Positions
    campaign: Positions
    sent_day: Days
    share: Floats
    is_redeemed: npt.NDArray[np.bool_]
    is_closed: npt.NDArray[np.bool_]
    touch_days: Positions
    redemption_days: Positions

    def touches_before(self, customer: Positions, day: npt.ArrayLike) -> Positions:
        """Touches of each customer on days before `day`; 0 for the customer -1."""
        return count_between(self.touch_days, customer, 0, day)

    def redemptions_before(self, customer: Positions, day: npt.ArrayLike) -> Positions:
        """Redemptions of each customer on days before `day`; 0 for the customer -1."""
        return count_between(self.redemption_days, customer, 0, day)


def mailings(
    touches: pd.DataFrame,
    outcomes: pd.DataFrame,
    assets: pd.DataFrame,
    campaigns: pd.DataFrame,
    *,
    as_of: datetime,
    timezone: str,
    wait_days: int,
) -> Mailings:
    """Exposures from touches before `as_of`; what happened at or after it is not looked at.

    A redemption without touch belongs to the customer's latest touch that carried the asset. A touch with a
    redemption that names no asset, where several were carried, says nothing about any of them: it yields no
    exposures.

    Raises:
        ForecastingError: A column or a time is missing.
    """
    for frame, table, columns in (
        (touches, "touches", TOUCH_COLUMNS),
        (outcomes, "outcomes", OUTCOME_COLUMNS),
        (assets, "assets", ASSET_COLUMNS),
        (campaigns, "campaigns", CAMPAIGN_COLUMNS),
    ):
        require(frame, table, columns)
    now = moment(as_of)
    sent = _known(touches, "touches", "sent_at", now, timezone)
    redeemed = _known(outcomes[outcomes["name"] == "redeemed"], "outcomes", "occurred_at", now, timezone)
    latest = assets.sort_values([key for key in ("asset_id", "version") if key in assets.columns], kind="stable")
    offered = latest[latest["offer_id"].notna()].drop_duplicates("asset_id", keep="last")
    codes, asset_keys = pd.factorize(offered["asset_id"].to_numpy(dtype=object), sort=True)
    customer, customers = pd.factorize(sent["customer_id"].to_numpy(dtype=object), sort=True)
    sent = sent.assign(touch=np.arange(len(sent)), customer=customer)

    rows = _carried(sent, offered.assign(asset=codes), campaigns)
    redeemed = _attributed(redeemed, sent, rows, pd.Index(asset_keys), pd.Index(customers))
    is_unclear = (redeemed["touch"] >= 0) & (redeemed["asset"] < 0)
    rows = rows[~rows["touch"].isin(redeemed.loc[is_unclear, "touch"])].sort_values(["touch", "asset"])
    exposures = pd.MultiIndex.from_frame(rows[["touch", "asset"]])
    return Mailings(
        customers=np.asarray(customers, dtype=object),
        assets=np.asarray(asset_keys, dtype=object),
        touch_ids=sent["touch_id"].to_numpy(dtype=object),
        touch=rows["touch"].to_numpy(dtype=np.int64),
        customer=rows["customer"].to_numpy(dtype=np.int64),
        asset=rows["asset"].to_numpy(dtype=np.int64),
        campaign=rows["campaign"].to_numpy(dtype=np.int64),
        sent_day=rows["day"].to_numpy(dtype=np.int32),
        share=rows["share"].to_numpy(dtype=np.float64),
        is_redeemed=exposures.isin(pd.MultiIndex.from_frame(redeemed[["touch", "asset"]])),
        is_closed=_closed(rows, now, wait_days),
        touch_days=np.sort(customer * DAY_SPAN + sent["day"].to_numpy(dtype=np.int64)),
        redemption_days=np.sort((redeemed["customer"] * DAY_SPAN + redeemed["day"]).to_numpy(dtype=np.int64)),
    )


def _known(frame: pd.DataFrame, table: str, column: str, now: np.datetime64, timezone: str) -> pd.DataFrame:
    """Rows before now in canonical order, with `at` (naive UTC) and `day` (local)."""
    times = utc_times(frame, table, column)
    kept = times < now
    known = frame.loc[kept].assign(at=times[kept], day=local_days(times[kept], timezone))
    return known.sort_values(["at", "customer_id", "touch_id"], kind="stable").reset_index(drop=True)


def _carried(sent: pd.DataFrame, offered: pd.DataFrame, campaigns: pd.DataFrame) -> pd.DataFrame:
    """One row per touch and asset that it carried or may have carried: touch, customer, asset, share and campaign."""
    numbers, _ = pd.factorize(campaigns["campaign_id"].to_numpy(dtype=object), sort=True)
    about = campaigns.assign(campaign=numbers)[["campaign_id", "campaign", "ends_at", "assets_per_touch"]]
    touches = sent[["touch", "customer", "campaign_id", "asset_id", "at", "day"]]
    named = touches[touches["asset_id"].notna()].merge(offered[["asset_id", "asset"]], on="asset_id")
    named = named.merge(about, on="campaign_id", how="left").assign(share=1.0)

    pool = offered[["campaign_id", "asset"]].dropna(subset="campaign_id")
    pool = pool.merge(about, on="campaign_id")
    carried = pool["assets_per_touch"].astype(np.float64).fillna(np.inf)
    pool["share"] = np.minimum(carried / pool.groupby("campaign_id")["asset"].transform("size"), 1.0)
    pooled = touches[touches["asset_id"].isna()].merge(pool, on="campaign_id")
    parts = [part for part in (named, pooled) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else named
    return rows.assign(campaign=rows["campaign"].fillna(-1).astype(np.int64))


def _attributed(
    redeemed: pd.DataFrame, sent: pd.DataFrame, rows: pd.DataFrame, assets: pd.Index, customers: pd.Index
) -> pd.DataFrame:
    """Redemptions as positions of touch, asset, customer (-1 where unknown) and the local day."""
    touch = pd.Index(sent["touch_id"].to_numpy(dtype=object)).get_indexer(redeemed["touch_id"].to_numpy(dtype=object))
    asset = assets.get_indexer(pd.Index(redeemed["asset_id"].to_numpy(dtype=object)))
    named = customers.get_indexer(pd.Index(redeemed["customer_id"].to_numpy(dtype=object)))
    customer = np.where(touch >= 0, sent["customer"].to_numpy(dtype=np.int64)[touch], named) if len(sent) else named
    found = pd.DataFrame(
        {"touch": touch, "asset": asset, "customer": customer, "day": redeemed["day"], "occurred": redeemed["at"]}
    )

    only = rows.drop_duplicates("touch", keep=False).set_index("touch")["asset"]
    found["asset"] = found["asset"].where(found["asset"] >= 0, found["touch"].map(only)).fillna(-1).astype(np.int64)

    lost = found[found["touch"] < 0].reset_index(names="row")
    earlier = lost.drop(columns="touch").merge(rows[["touch", "customer", "asset", "at"]], on=["customer", "asset"])
    latest = earlier[earlier["at"] <= earlier["occurred"]].groupby("row")["touch"].max()  # touches are in order of time
    found.loc[latest.index, "touch"] = latest
    return found


def _closed(rows: pd.DataFrame, now: np.datetime64, wait_days: int) -> npt.NDArray[np.bool_]:
    """Whether the campaign ended, or, where no end is known, whether the touch was waited for."""
    ends = pd.to_datetime(rows["ends_at"], utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    waited = rows["at"].to_numpy(dtype="datetime64[us]") + np.timedelta64(wait_days, "D")
    return np.where(np.isnat(ends), waited, ends) <= now
