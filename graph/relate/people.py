"""People: customers and what they did lately, where they can be reached, work and live, and what they joined."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from graph.relate.rows import Rows, chosen, declared, keyed, known, pairs, values_of
from lake.refusals import refusals
from lake.suppressions import suppressed

PURPOSE = "marketing"
SUPPRESSED = "suppressions"
MEMBERSHIP = ("tier", "points", "next_tier", "points_missing", "deadline", "points_per_unit")


def people(tables: Mapping[str, pd.DataFrame], activity: pd.DataFrame, *, as_of: datetime) -> Rows:
    """Customers and everything that hangs on them but what they bought and are believed to want.

    Args:
        tables: Canonical tables.
        activity: What customers did lately, by customer_id.
        as_of: The moment the world is known at.
    """
    customers = tables["customers"]
    return {
        "Customer": _customers(tables, activity),
        "Customer REACHABLE_ON Channel": _reachable(tables, as_of),
        "Customer LIVES_IN Region": pairs(customers, "customer_id", "region"),
        **_workplaces(customers, tables.get("accounts")),
        **_memberships(tables.get("memberships")),
    }


def _customers(tables: Mapping[str, pd.DataFrame], activity: pd.DataFrame) -> pd.DataFrame:
    """Customers with all their columns, their supplied lifetime value and what they did lately."""
    customers = tables["customers"].drop(columns=[*activity.columns.drop("customer_id"), "pclv"], errors="ignore")
    customers = customers.merge(activity, on="customer_id", how="left")
    recent = ["shopping_days_28d", "shopping_days_91d"]
    customers[recent] = customers[recent].fillna(0).astype("int64")
    customers = customers.merge(_aliases(tables.get("aliases")), on="customer_id", how="left")
    return customers.merge(_lifetime_values(tables.get("estimates")), on="customer_id", how="left")


def _aliases(aliases: pd.DataFrame | None) -> pd.DataFrame:
    """Other ids of the same person, in order; without any there is no such column."""
    if aliases is None or aliases.empty:
        return pd.DataFrame({"customer_id": pd.Series(dtype=object)})
    ordered = aliases.sort_values(["customer_id", "alias"])
    return ordered.groupby("customer_id")["alias"].agg(list).rename("aliases").reset_index()


def _lifetime_values(estimates: pd.DataFrame | None) -> pd.DataFrame:
    if estimates is None:
        return pd.DataFrame({"customer_id": pd.Series(dtype=object), "pclv": pd.Series(dtype=float)})
    supplied = estimates[(estimates["subject_kind"] == "customer") & (estimates["name"] == "pclv")]
    return supplied[["subject_id", "value"]].rename(columns={"subject_id": "customer_id", "value": "pclv"})


def _reachable(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
    """The newest word on marketing per customer and channel; whoever is suppressed is not reachable at all."""
    said = _newest_words(_words_on_consent(tables), as_of)
    closed = suppressed(
        tables.get("suppressions"),
        tables["customers"],
        tables.get("identities"),
        tables["channels"],
        at=as_of,
    )
    if closed.empty:
        return said
    closed = closed.rename(columns={"customer_id": "from_key", "channel_id": "to_key", "starts_at": "recorded_at"})
    closed = closed[["from_key", "to_key", "recorded_at"]].assign(granted=False, basis=None, source=SUPPRESSED)
    parts = [part for part in (said, closed) if len(part)]
    return pd.concat(parts).drop_duplicates(["from_key", "to_key"], keep="last", ignore_index=True)


def _words_on_consent(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """What consents and outcomes say; an unsubscribe is a refusal wherever it was recorded."""
    consents, outcomes, touches = (tables.get(name) for name in ("consents", "outcomes", "touches"))
    if consents is None or outcomes is None or touches is None:
        return consents
    refused = refusals(outcomes, touches, tables["channels"])
    return pd.concat([consents, refused], ignore_index=True) if len(refused) else consents


def _newest_words(consents: pd.DataFrame | None, as_of: datetime) -> pd.DataFrame:
    """The newest word per customer and channel; at the same moment, a refusal wins."""
    if consents is None:
        return pd.DataFrame()
    # an undated word is older than any dated one
    is_known = consents["recorded_at"].isna() | (consents["recorded_at"] < pd.Timestamp(as_of))
    words = consents[(consents["purpose"] == PURPOSE) & is_known]
    words = words.assign(is_refusal=~words["granted"].fillna(value=False).astype(bool))
    newest = words.sort_values(
        ["customer_id", "channel_id", "recorded_at", "is_refusal"], na_position="first", kind="stable"
    ).drop_duplicates(["customer_id", "channel_id"], keep="last")
    reachable = chosen(newest, {"customer_id": "from_key", "channel_id": "to_key", "recorded_at": "recorded_at"})
    return reachable.assign(granted=~newest["is_refusal"], **chosen(newest, {"basis": "basis", "source": "source"}))


def _workplaces(customers: pd.DataFrame, accounts: pd.DataFrame | None) -> Rows:
    """Accounts and their buying groups; a customer of an account that no table knows works nowhere."""
    rows = declared("Account", accounts)
    works_at = known(pairs(customers, "customer_id", "account_id"), rows["account_id"])
    return {"Account": rows, "Customer WORKS_AT Account": works_at, **_buying_groups(customers, works_at)}


def _buying_groups(customers: pd.DataFrame, works_at: pd.DataFrame) -> Rows:
    if "buying_group" not in customers.columns:
        return {}
    grouped = customers[customers["buying_group"].notna() & customers["customer_id"].isin(works_at["from_key"])]
    account = grouped["account_id"].astype(object)
    # the first slash ends the account, so that `a/b` with `c` is not taken for `a` with `b/c`
    account = account.str.replace("%", "%25", regex=False).str.replace("/", "%2F", regex=False)
    key = account + "/" + grouped["buying_group"].astype(object)
    member = chosen(grouped.assign(to_key=key), {"customer_id": "from_key", "to_key": "to_key", "role": "role"})
    groups = pd.DataFrame(
        {"buying_group_id": key, "name": grouped["buying_group"], "account_id": grouped["account_id"]}
    ).drop_duplicates("buying_group_id", ignore_index=True)
    return {
        "BuyingGroup": groups[["buying_group_id", "name"]],
        "Customer MEMBER_OF BuyingGroup": member.reset_index(drop=True),
        "BuyingGroup PART_OF Account": pairs(groups, "buying_group_id", "account_id"),
    }


def _memberships(memberships: pd.DataFrame | None) -> Rows:
    if memberships is None:
        return {}
    names = {"customer_id": "from_key", "programme_id": "to_key", **{name: name for name in MEMBERSHIP}}
    return {
        "Programme": keyed("Programme", values_of(memberships, "programme_id")),
        "Customer ENROLLED_IN Programme": chosen(memberships, names),
    }
