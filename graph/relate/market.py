"""The market and the moment: what is being sold to accounts, and what was observed and holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd

from graph.relate.rows import Rows, declared, keyed, known, pairs, values_of

AFFECTED: Mapping[str, str] = {
    "region": "Region",
    "product": "Product",
    "category": "Category",
    "account": "Account",
    "topic": "Topic",
}
"""Label behind the `about_kind` of an observation."""

TOLD_BY_CLOSING = ("closed_at", "is_won", "stage")


def opportunities(tables: Mapping[str, pd.DataFrame], *, as_of: datetime) -> Rows:
    """Opportunities as they stood at as-of: of one that was closed later, how it ended is not known yet."""
    table = tables.get("opportunities")
    if table is None:
        return {}
    seen = table[table["opened_at"] < pd.Timestamp(as_of)]
    if "closed_at" in seen.columns:
        is_later = seen["closed_at"] >= pd.Timestamp(as_of)
        told = [name for name in TOLD_BY_CLOSING if name in seen.columns]
        seen = seen.assign(**{name: seen[name].mask(is_later, None) for name in told})
    campaigns = tables.get("campaigns", pd.DataFrame({"campaign_id": []}))
    return {
        "Opportunity": declared("Opportunity", seen),
        "Opportunity WITH Account": pairs(seen, "opportunity_id", "account_id"),
        "Opportunity FROM Campaign": known(pairs(seen, "opportunity_id", "campaign_id"), campaigns["campaign_id"]),
    }


def observations(tables: Mapping[str, pd.DataFrame], *, as_of: datetime, expired_days: float) -> Rows:
    """Observations, and what those that hold at as-of bear on.

    One that holds no longer (`valid_until` at or before as-of) bears on nothing; it stays for some days, so that
    people can ask what expired.

    Args:
        tables: Canonical tables.
        as_of: The moment the world is known at.
        expired_days: For how long what expired stays.
    """
    table = tables.get("observations")
    if table is None:
        return {}
    now = pd.Timestamp(as_of)
    seen = table[table["observed_at"] < now]
    until = seen["valid_until"] if "valid_until" in seen.columns else pd.Series(pd.NaT, index=seen.index)
    holds = until.isna() | (until > now)
    kept = seen[holds | (until > now - timedelta(days=expired_days))]
    rows = {"Observation": declared("Observation", kept)}
    for about, label in AFFECTED.items():
        bearing = seen[holds & (seen["about_kind"] == about)]
        rows[f"Observation AFFECTS {label}"] = pairs(bearing, "observation_id", "about_id")
    return rows | {
        "Observation AFFECTS Product": known(rows["Observation AFFECTS Product"], tables["products"]["product_id"]),
        "Observation AFFECTS Category": known(
            rows["Observation AFFECTS Category"], tables["categories"]["category_id"]
        ),
        "Observation AFFECTS Account": known(
            rows["Observation AFFECTS Account"], values_of(tables.get("accounts"), "account_id")
        ),
    }


def regions(rows: Rows) -> pd.DataFrame:
    """Every region that somebody lives in or that an observation bears on."""
    affected = values_of(rows.get("Observation AFFECTS Region"), "to_key")
    return keyed("Region", pd.concat([rows["Customer LIVES_IN Region"]["to_key"], affected]))
