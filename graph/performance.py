"""How assets perform: per asset and channel touches, the rate of the outcome it is for, and lift where randomised."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from graph.settings import RelateSettings

COLUMNS: Final = ["from_key", "to_key", "rate", "n", "outcome", "lift", "evidence_grade"]
NOTHING: Final = "nothing"
_PAIR: Final = ["asset_id", "channel_id"]
_DRAW: Final = ["experiment_id", "customer_id", "assigned_at"]


def performance(tables: Mapping[str, pd.DataFrame], *, as_of: datetime, settings: RelateSettings) -> pd.DataFrame:
    """Rows of `Asset PERFORMS Channel`.

    n: touches that carried the asset. A touch that only names its campaign carried all assets of the campaign, or each
    with the same share where one touch carries some of them (`assets_per_touch`); n is then the expected number.
    rate: touches with the outcome, of n. Whoever was touched lately may still answer, so a rate is a floor.
    lift: only from randomised assignments; see `_lifts`. The grade is then `randomised`, else `assumed`: a rate alone
    says nothing about effect.

    Args:
        tables: `assets` (one row per asset), `channels`; touches, outcomes, campaigns, assignments and results where
            there are any.
        as_of: Nothing that happened at or after it counts.
        settings: The outcome that each kind of asset is for.
    """
    touches = tables.get("touches")
    if touches is None or touches.empty:
        return pd.DataFrame(columns=COLUMNS)
    now = pd.Timestamp(as_of)
    assets = tables["assets"]
    outcome_of = assets.set_index("asset_id")["kind"].map(dict(settings.outcomes)).dropna()
    sent = touches[(touches["sent_at"] < now) & touches["channel_id"].isin(tables["channels"]["channel_id"])]
    exposures = _exposures(sent, assets, tables.get("campaigns"))
    exposures = exposures[exposures["asset_id"].isin(outcome_of.index) & (exposures["n"] > 0)]
    if exposures.empty:
        return pd.DataFrame(columns=COLUMNS)
    exposures = exposures.assign(outcome=exposures["asset_id"].map(outcome_of))
    answered = _answered(_known_outcomes(tables, now), sent, outcome_of)
    rows = exposures.merge(answered, on=_PAIR, how="left")
    rate = (rows["answered"].fillna(0.0) / rows["n"]).clip(upper=1.0)
    rows = rows.assign(rate=rate, n=np.maximum(1, np.rint(rows["n"])).astype("int64"))
    rows = rows.merge(_lifts(tables, outcome_of, now, settings.outcome_window_days), on=_PAIR, how="left")
    rows = rows.assign(evidence_grade=np.where(rows["lift"].notna(), "randomised", "assumed"))
    return rows.rename(columns={"asset_id": "from_key", "channel_id": "to_key"})[COLUMNS].reset_index(drop=True)


def _exposures(sent: pd.DataFrame, assets: pd.DataFrame, campaigns: pd.DataFrame | None) -> pd.DataFrame:
    """Touches per asset and channel, `n`: those that name the asset, and the asset's share of those of its campaign."""
    named = _column(sent, "asset_id")
    direct = sent[named.notna()].groupby(_PAIR, sort=True).size().rename("n").reset_index()
    unnamed = sent[named.isna() & _column(sent, "campaign_id").notna()]
    if unnamed.empty or "campaign_id" not in assets.columns:
        return direct
    by_campaign = unnamed.groupby(["campaign_id", "channel_id"], sort=True).size().rename("n").reset_index()
    pool = assets.loc[assets["campaign_id"].notna(), ["asset_id", "campaign_id"]]
    carried = pool.merge(_share(pool, campaigns), on="campaign_id").merge(by_campaign, on="campaign_id")
    carried = carried.assign(n=carried["n"] * carried["share"])[[*_PAIR, "n"]]
    return pd.concat([direct, carried]).groupby(_PAIR, sort=True)["n"].sum().reset_index()


def _share(pool: pd.DataFrame, campaigns: pd.DataFrame | None) -> pd.DataFrame:
    """Per campaign the share of its assets that one touch carries."""
    share = pool.groupby("campaign_id").size().rename("assets").reset_index()
    if campaigns is None or "assets_per_touch" not in campaigns.columns:
        return share.assign(share=1.0)
    share = share.merge(campaigns[["campaign_id", "assets_per_touch"]], on="campaign_id", how="left")
    return share.assign(share=(share["assets_per_touch"] / share["assets"]).fillna(1.0).clip(upper=1.0))


def _known_outcomes(tables: Mapping[str, pd.DataFrame], now: pd.Timestamp) -> pd.DataFrame:
    outcomes = tables.get("outcomes")
    if outcomes is None:
        return pd.DataFrame(columns=["touch_id", "customer_id", "asset_id", "name", "occurred_at"])
    known = outcomes[outcomes["occurred_at"] < now]
    return known.assign(**{name: _column(known, name) for name in ("touch_id", "customer_id", "asset_id")})


def _answered(outcomes: pd.DataFrame, sent: pd.DataFrame, outcome_of: "pd.Series[str]") -> pd.DataFrame:
    """Touches per asset and channel that were answered with the asset's outcome, each once.

    An outcome without touch belongs to the newest touch of its customer before it that could have carried its asset:
    one that names the asset, else one that names none.
    """
    facts = sent[["touch_id", "customer_id", "channel_id", "sent_at"]].assign(sent_asset=_column(sent, "asset_id"))
    with_touch = outcomes[outcomes["touch_id"].notna()].merge(facts.drop(columns="customer_id"), on="touch_id")
    without = outcomes[outcomes["touch_id"].isna() & outcomes["asset_id"].notna()]
    met = without.drop(columns="touch_id").merge(facts, on="customer_id")
    met = met[
        (met["sent_at"] <= met["occurred_at"]) & (met["sent_asset"].isna() | (met["sent_asset"] == met["asset_id"]))
    ]
    met = met.assign(is_named=met["sent_asset"].notna()).sort_values(["is_named", "sent_at", "touch_id"], kind="stable")
    met = met.drop_duplicates("outcome_id", keep="last") if len(met) else met
    parts = [part for part in (with_touch, met) if len(part)]
    if not parts:
        return pd.DataFrame({"asset_id": [], "channel_id": [], "answered": []}).astype(
            {"asset_id": object, "channel_id": object}
        )
    found = pd.concat(parts)
    found["asset_id"] = found["asset_id"].where(found["asset_id"].notna(), found["sent_asset"])
    found = found[found["name"] == found["asset_id"].map(outcome_of)].drop_duplicates(["touch_id", "asset_id"])
    return found.groupby(_PAIR, sort=True).size().rename("answered").reset_index()


def _lifts(
    tables: Mapping[str, pd.DataFrame], outcome_of: "pd.Series[str]", now: pd.Timestamp, window_days: float
) -> pd.DataFrame:
    """Per asset and channel: outcomes per customer who was assigned to it less those of customers assigned to nothing.

    Only within one experiment, only draws whose window is over and was observed, weighted with one over the probability
    of the arm (Hájek's estimator); several experiments count by the customers of the arm. `results` speak where an
    experiment has some for the outcome, else the outcomes of the customers within the window do.
    """
    empty = pd.DataFrame({"asset_id": [], "channel_id": [], "lift": []}).astype(
        {"asset_id": object, "channel_id": object}
    )
    assignments = tables.get("assignments")
    if assignments is None or assignments.empty:
        return empty
    drawn = _closed(assignments, now, window_days)
    treated = drawn[drawn["asset_id"].isin(outcome_of.index) & drawn["channel_id"].notna() & (drawn["arm"] != NOTHING)]
    arms = treated[["experiment_id", *_PAIR]].drop_duplicates()
    arms = arms.assign(outcome=arms["asset_id"].map(outcome_of))
    if arms.empty:
        return empty
    control = drawn[drawn["arm"] == NOTHING].drop(columns=_PAIR)
    compared = pd.concat(
        [
            treated.merge(arms, on=["experiment_id", *_PAIR]).assign(is_treated=True),
            control.merge(arms, on="experiment_id").assign(is_treated=False),
        ]
    )
    compared = compared.merge(_counts(compared, tables, now, window_days), on=[*_DRAW, "outcome"], how="left")
    compared = compared.assign(counted=compared["counted"].fillna(0.0))
    return _differences(compared)


def _closed(assignments: pd.DataFrame, now: pd.Timestamp, window_days: float) -> pd.DataFrame:
    """Draws whose window is over at as-of and was observed to its end."""
    drawn = assignments.assign(
        **{name: _column(assignments, name) for name in (*_PAIR, "propensity", "observed_until")},
    )
    ends_at = drawn["assigned_at"] + pd.Timedelta(days=window_days)
    observed = pd.to_datetime(drawn["observed_until"], utc=True)
    return drawn[(ends_at <= now) & (observed.isna() | (ends_at <= observed))]


def _counts(
    compared: pd.DataFrame, tables: Mapping[str, pd.DataFrame], now: pd.Timestamp, window_days: float
) -> pd.DataFrame:
    """Outcomes per draw within its window, `counted`; results of an experiment win over events."""
    draws = compared[[*_DRAW, "outcome"]].drop_duplicates()
    outcomes = _known_outcomes(tables, now)
    events = draws.merge(
        outcomes[["customer_id", "name", "occurred_at"]].rename(columns={"name": "outcome"}),
        on=["customer_id", "outcome"],
    )
    until = events["assigned_at"] + pd.Timedelta(days=window_days)
    events = events[(events["occurred_at"] >= events["assigned_at"]) & (events["occurred_at"] < until)]
    counted = events.groupby([*_DRAW, "outcome"]).size().rename("counted").astype(float).reset_index()
    results = tables.get("results")
    if results is None or results.empty:
        return counted
    told = results[results["window_days"] == window_days].rename(columns={"metric": "outcome", "value": "counted"})
    told = told[[*_DRAW, "outcome", "counted"]]
    spoken = pd.MultiIndex.from_frame(told[["experiment_id", "outcome"]].drop_duplicates())
    silent = counted[~pd.MultiIndex.from_frame(counted[["experiment_id", "outcome"]]).isin(spoken)]
    return pd.concat([part for part in (silent, told) if len(part)] or [silent])


def _differences(compared: pd.DataFrame) -> pd.DataFrame:
    """Weighted mean of the treated less that of the others, per experiment, then over experiments."""
    weight = 1.0 / compared["propensity"].astype(float).where(compared["propensity"].astype(float) > 0).fillna(1.0)
    weighed = compared.assign(weight=weight, total=weight * compared["counted"], drawn=1)
    of_arm = weighed.groupby(["experiment_id", *_PAIR, "is_treated"])[["weight", "total", "drawn"]].sum()
    of_arm = of_arm.assign(mean=of_arm["total"] / of_arm["weight"]).reset_index()
    arms = (of_arm[of_arm["is_treated"] == is_treated].drop(columns="is_treated") for is_treated in (True, False))
    treated, control = arms
    both = treated.merge(control, on=["experiment_id", *_PAIR], suffixes=("", "_control"))
    both = both.assign(part=(both["mean"] - both["mean_control"]) * both["drawn"])
    summed = both.groupby(_PAIR)[["part", "drawn"]].sum()
    return (summed["part"] / summed["drawn"]).rename("lift").reset_index()


def _column(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object)
