"""What rules and policies may name about each kind of subject: one frame per kind, columns named like attributes.

| kind | namespaces |
|---|---|
| customer | `customer.`, and `account.` of the account they work at |
| account | `account.` |
| campaign | `campaign.`, `channel.` it runs on, and `account.` it is for |
| channel | `channel.` |
| audience | `audience.` |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.settings import MoneySettings
from decisioning.acting.spend_facts import spend_facts
from decisioning.policies.attributes import Attributes, Declaration, types_of_frame
from decisioning.policies.columns import AttributeTable
from decisioning.verb import SUBJECT_KINDS, SubjectKind

KEY: Final = "key"
STOPPED: Final = ("paused", "ended", "archived", "removed")
"""Words of `campaigns.status` that say that a campaign does not run."""


@dataclass(frozen=True, eq=False)
class Subjects:
    """All that actions may be about.

    Attributes:
        frames: Per kind one row per subject, ascending by `key`; other columns are called like attributes.
        consents: customer_id, channel_id, granted, basis: the word that holds.
    """

    frames: Mapping[SubjectKind, pd.DataFrame]
    consents: pd.DataFrame

    def attributes(self, kind: SubjectKind) -> Attributes:
        """What may be named about subjects of a kind."""
        return declared(self.frames[kind].drop(columns=KEY))

    def table(self, kind: SubjectKind) -> AttributeTable:
        """The values of these attributes, shape (subjects, 1)."""
        return attribute_table(self.frames[kind].drop(columns=KEY))


def declared(frame: pd.DataFrame) -> Attributes:
    """Declarations of the columns of a frame that policies can name."""
    # all of it is one side: an action has one subject, and nothing is compared across millions of pairs
    types = types_of_frame(frame)
    return Attributes({name: Declaration(name, "customer", _TYPES.get(kind, kind)) for name, kind in types.items()})  # type: ignore[arg-type] # types of tables are types of policies but for integer


_TYPES: Final[Mapping[str, str]] = {"integer": "number"}


def attribute_table(frame: pd.DataFrame) -> AttributeTable:
    """The values of a frame's columns that policies can name, shape (rows, 1)."""
    return built(declared(frame), frame)


def built(attributes: Attributes, frame: pd.DataFrame) -> AttributeTable:
    """The values of declared columns; each has one per row, also what is declared of a channel."""
    values = {name: _upright(frame[name]) for name in attributes.declared}
    return AttributeTable.build(attributes, (len(frame), 1), values)


def _upright(column: "pd.Series[Any]") -> npt.NDArray[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy()[:, np.newaxis]


def subjects_of(
    tables: Mapping[str, pd.DataFrame],
    *,
    account_scores: pd.DataFrame,
    consents: pd.DataFrame,
    money: MoneySettings | None,
    budgets: Mapping[str, float],
    audiences: Mapping[str, int],
    as_of: datetime,
    timezone: str,
) -> Subjects:
    """Bring tables into frames of subjects.

    Args:
        tables: `customers` (with `customer_id`, `is_held_out`, and whatever is known of them), `accounts`, `campaigns`,
            `channels`, `spend`.
        account_scores: `account_id` and a column per score, stage and surge.
        consents: See `Subjects`.
        money: The approved spend.
        budgets: What each of its channels has this month by now.
        audiences: How many customers each audience has.
        as_of: The moment the world is known at.
        timezone: IANA time zone of local days.

    Raises:
        DecisioningError: The table spend holds what is no amount.
    """
    customers = tables["customers"]
    accounts = _accounts(tables["accounts"], account_scores, customers)
    channels = _channels(tables["channels"], tables["spend"], money, budgets, as_of=as_of, timezone=timezone)
    campaigns = _campaigns(tables["campaigns"], tables["spend"], as_of=as_of, timezone=timezone)
    paid_for = _paid_for(tables["spend"], campaigns, accounts)
    frames: dict[SubjectKind, pd.DataFrame] = {
        "customer": _joined(_named("customer", customers), "customer.account_id", _named("account", accounts)),
        "account": _named("account", accounts),
        "channel": _named("channel", channels),
        "campaign": _joined(
            _joined(_named("campaign", campaigns), "campaign.channel_id", _named("channel", channels)),
            paid_for,
            _named("account", accounts),
        ),
        "audience": _named(
            "audience", pd.DataFrame({"audience_id": list(audiences), "customers": list(audiences.values())})
        ),
    }
    return Subjects({kind: frames[kind] for kind in SUBJECT_KINDS}, consents)


def _named(kind: SubjectKind, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame sorted by its id, columns called like attributes, and `key`."""
    identifier = f"{kind}_id"
    ordered = frame.sort_values(identifier, kind="stable", ignore_index=True)
    return ordered.rename(columns=lambda name: f"{kind}.{name}").assign(**{KEY: ordered[identifier]})


def _joined(frame: pd.DataFrame, by: "str | pd.Series[Any]", other: pd.DataFrame) -> pd.DataFrame:
    """The columns of another kind beside each row; missing where there is none."""
    keys = (frame[by] if by in frame else pd.Series([None] * len(frame))) if isinstance(by, str) else by
    at = pd.Index(other[KEY], dtype=object).get_indexer(pd.Index(keys, dtype=object))
    found = other.drop(columns=KEY).reset_index(drop=True)
    # one row of nothing behind the others: -1 leads there
    picked = found.reindex(pd.Index(np.where(at >= 0, at, len(found)))).reset_index(drop=True)
    return pd.concat([frame.reset_index(drop=True), picked], axis="columns")


def _accounts(accounts: pd.DataFrame, scores: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    found = accounts.merge(scores, on="account_id", how="left") if len(scores.columns) > 1 else accounts.copy()
    account = customers["account_id"] if "account_id" in customers else pd.Series([None] * len(customers), dtype=object)
    people = customers.assign(account=account).groupby("account", observed=True)["is_held_out"]
    contacts = people.size().reindex(found["account_id"], fill_value=0).to_numpy(dtype=np.float64)
    held_out = people.all().reindex(found["account_id"], fill_value=False).to_numpy(dtype=np.bool_)
    return found.assign(contacts=contacts, is_held_out=held_out)


def _campaigns(campaigns: pd.DataFrame, spend: pd.DataFrame, *, as_of: datetime, timezone: str) -> pd.DataFrame:
    now = pd.Timestamp(as_of)
    starts, ends = (pd.to_datetime(campaigns[name], utc=True) for name in ("starts_at", "ends_at"))
    status = campaigns["status"].astype(object).map(lambda word: word.lower() if isinstance(word, str) else "")
    has_ended = (ends <= now).to_numpy(dtype=np.bool_)
    is_running = ~has_ended & ~(starts > now).to_numpy(dtype=np.bool_) & ~status.isin(STOPPED).to_numpy(dtype=np.bool_)
    facts = spend_facts(spend, "campaign_id", as_of=as_of, timezone=timezone)
    return campaigns.assign(has_ended=has_ended, is_running=is_running).merge(facts, on="campaign_id", how="left")


def _channels(
    channels: pd.DataFrame,
    spend: pd.DataFrame,
    money: MoneySettings | None,
    budgets: Mapping[str, float],
    *,
    as_of: datetime,
    timezone: str,
) -> pd.DataFrame:
    facts = spend_facts(spend, "channel_id", as_of=as_of, timezone=timezone)
    stated = {one.channel_id: one for one in money.budgets} if money else {}
    found = channels.merge(facts, on="channel_id", how="left")
    for name in ("budget", "least", "most"):
        values = [getattr(stated[key], name) if key in stated else np.nan for key in found["channel_id"]]
        found[f"{name}_per_month"] = np.array(values, dtype=np.float64)
    now = [budgets.get(str(key), np.nan) for key in found["channel_id"]]
    return found.assign(budget_per_month=np.array(now, dtype=np.float64))


def _paid_for(spend: pd.DataFrame, campaigns: pd.DataFrame, accounts: pd.DataFrame) -> "pd.Series[Any]":
    """The account that each campaign is for: the one it names as its audience, or the only one it was paid for."""
    known = pd.Index(accounts["account_id"], dtype=object)
    named = campaigns["audience"].where(campaigns["audience"].isin(known), None)
    if "account_id" in spend:
        pairs = spend.loc[spend["account_id"].isin(known), ["campaign_id", "account_id"]].drop_duplicates()
        alone = pairs[~pairs["campaign_id"].duplicated(keep=False)].set_index("campaign_id")["account_id"]
        named = named.where(named.notna(), campaigns["campaign_id"].map(alone))
    # `_named` sorts campaigns by their id
    return named[np.argsort(campaigns["campaign_id"].to_numpy(dtype=object), kind="stable")].reset_index(drop=True)


def plain(values: Iterable[Any]) -> list[Any]:
    """Values as JSON knows them: missing ones None, times as ISO texts, numpy's numbers as Python's."""
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, list | tuple | np.ndarray) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp | datetime):
        return value.isoformat()
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
