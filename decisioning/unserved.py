"""Unserved value: what was not said, by motive and by what stood in the way. A creative brief.

Every customer without a send is counted exactly once, under the message that would have brought most and what kept it
from being sent; who had no reason to be talked to stands in a row of their own. So the rows add up to the customers
without a send.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.case import Case
from decisioning.gather import gather
from decisioning.policies.builtin import OBJECTION, SENDING_HOURS
from decisioning.rhythms import align
from decisioning.weighing import Weighed
from forecasting.values import Floats

NO_REASON = "no reason to talk"
NO_CONTENT = "no content"
CONSENT, OUT_OF_STOCK = "consent", "asset-out-of-stock"
STOCK = "stock"
CAP = "cap"
POLICY = "policy"
LIMITS = "limits"
NOT_WORTH_IT = "not worth it"
CAUSES = (NO_CONTENT, CONSENT, STOCK, CAP, POLICY, LIMITS, NOT_WORTH_IT, NO_REASON)

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

COLUMNS = (
    "customer_id",
    "cause",
    "detail",
    "play",
    "subject",
    "asset_id",
    "channel_id",
    "value",
    "is_estimate",
    "cost",
)
SAMPLES = 3


@dataclass(frozen=True, eq=False)
class Unserved:
    """Why customers were sent nothing, one row each.

    Attributes:
        frame: `COLUMNS`: cause, one of `CAUSES`; detail, the policy or the limit; the motive; the message that would
            have been sent; value lost in currency, an estimate where there is no message; cost, the touch cost of that
            message.
    """

    frame: pd.DataFrame


def find_unserved(weighed: Weighed, none_reasons: Mapping[str, str]) -> Unserved:
    """What stood in the way of each customer of a case.

    What keeps somebody from being written to is what refuses the best message for them. Where an allowed message was
    worth something, it is the limits, whatever else was refused.

    Args:
        weighed: Customers who were sent nothing, and all that could have been said to them.
        none_reasons: The reason on record, by customer.
    """
    case, candidates, worth = weighed.case, weighed.candidates, weighed.worth
    view, count = case.view, len(case.view.customers)
    is_served_by_room = weighed.is_eligible & (worth.ranked > 0)
    allowed = _best(candidates.customer, np.where(is_served_by_room, worth.ranked, -np.inf), count)
    any_best = _best(candidates.customer, np.where(np.isfinite(worth.ranked), worth.ranked, -np.inf), count)
    best = np.where(allowed >= 0, allowed, any_best)
    strongest = _strongest_motives(weighed)
    motive = np.where(best >= 0, gather(candidates.motive, best, -1), strongest)
    value = np.maximum(gather(worth.value, best, 0.0), 0.0)
    refusing = gather(_first_refusal(weighed), best, "")
    reason = pd.Series(view.customers.keys).map(none_reasons).fillna("").astype(str).str.partition(": ")[2]
    limit = gather(weighed.dearest, best, "")
    limit = np.where(limit == "", reason.to_numpy(dtype=object), limit)
    is_estimate = (best < 0) & (motive >= 0)
    cause, detail = _causes(
        case, has_motive=motive >= 0, has_message=best >= 0, value=value, refusing=refusing, limit=limit
    )
    table = case.motives.table
    frame = pd.DataFrame(
        {
            "customer_id": view.customers.keys,
            "cause": cause,
            "detail": detail,
            "play": gather(table["play"].to_numpy(dtype=object), motive, None),
            "subject": gather(table["subject"].to_numpy(dtype=object), motive, None),
            "asset_id": gather(view.assets.keys, gather(candidates.asset, best, -1), None),
            "channel_id": gather(view.channels.keys, gather(candidates.channel, best, -1), None),
            "value": np.where(is_estimate, _estimates(weighed, strongest), value),
            "is_estimate": is_estimate,
            "cost": gather(worth.touch_cost, best, 0.0),
        },
        columns=list(COLUMNS),
    )
    return Unserved(frame)


def by_motive_and_cause(
    found: pd.DataFrame, reasons: Mapping[str, str], prices: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The rows of the table motive × cause, the most valuable first.

    Args:
        found: `Unserved.frame`, of all customers without a send.
        reasons: What each policy says.
        prices: What one more unit of each limit is worth.

    Returns:
        Per play, subject, cause and detail: `customers`, `value` lost, `is_estimate`, `assets` and `channels` that
        would have been used most, `cost` of the touches, `samples` of customers, and `fix`, the cheapest one in words.
    """
    rows = []
    by = ["play", "subject", "cause", "detail"]
    named = found.assign(**{name: found[name].fillna("") for name in ("play", "subject")})
    for (play, subject, cause, detail), group in named.groupby(by, sort=True):
        row = {
            "play": play or None,
            "subject": subject or None,
            "cause": cause,
            "detail": detail,
            "customers": len(group),
            "value": float(group["value"].sum()),
            "is_estimate": bool(group["is_estimate"].any()),
            "assets": _most(group["asset_id"]),
            "channels": _most(group["channel_id"]),
            "cost": float(group["cost"].sum()),
            "samples": sorted(group["customer_id"])[:SAMPLES],
        }
        rows.append(row | {"fix": _fix(row, reasons, prices)})
    return sorted(rows, key=lambda row: (-row["value"], -row["customers"], str(row["play"]), str(row["subject"])))


def by_cause(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Customers and value by cause, in the order of `CAUSES`; all of them add up to the customers without a send."""
    groups = found.groupby("cause")
    counts, values = groups.size(), groups["value"].sum()
    return [
        {"cause": cause, "customers": int(counts.get(cause, 0)), "value": float(values.get(cause, 0.0))}
        for cause in CAUSES
        if counts.get(cause, 0)
    ]


def _first_refusal(weighed: Weighed) -> Texts:
    """The first policy that refuses each candidate; "" where none does."""
    first = np.full(len(weighed.candidates), "", dtype=object)
    for policy, refused in reversed(list(weighed.refusals.items())):
        first[refused] = policy
    return first


def _causes(
    case: Case, *, has_motive: Flags, has_message: Flags, value: Floats, refusing: Texts, limit: Texts
) -> tuple[Texts, Texts]:
    """Cause and detail of every customer."""
    caps = [policy.identifier for policy in case.settings.policies if policy.kind == "cap"]
    is_refused = refusing != ""
    cause = np.select(
        [
            ~has_message & ~has_motive,
            ~has_message,
            value <= 0,
            ~is_refused,
            refusing == CONSENT,
            refusing == OUT_OF_STOCK,
            np.isin(refusing.astype(str), caps),
        ],
        [NO_REASON, NO_CONTENT, NOT_WORTH_IT, LIMITS, CONSENT, STOCK, CAP],
        default=POLICY,
    ).astype(object)
    detail = np.where(cause == LIMITS, limit, np.where(is_refused, refusing, ""))
    return cause, np.where(np.isin(cause.astype(str), [NO_REASON, NO_CONTENT, NOT_WORTH_IT]), "", detail)


def _fix(row: Mapping[str, Any], reasons: Mapping[str, str], prices: Mapping[str, float]) -> str:  # noqa: PLR0911
    """The cheapest thing that would let these messages go, in words."""
    cause, detail, count = row["cause"], row["detail"], row["customers"]
    who = f"{count:,} customer{'' if count == 1 else 's'}"
    channel = row["channels"][0] if row["channels"] else "a channel"
    if cause == NO_CONTENT:
        return f"Write something about {row['subject']} for {who}."
    if cause == CONSENT:
        return f"Ask {who} for their consent to {channel}."
    if cause == STOCK:
        return f"Restock what {row['assets'][0]} is about, or write about what stands in for it."
    if cause == CAP:
        return f"One more message allowed by {detail} would let these go, {row['cost']:,.2f} of touch cost."
    if cause == LIMITS:
        price = prices.get(detail, 0.0)
        worth = f", of which the first is worth {price:,.4f}" if price else ""
        more = f"{row['cost']:,.2f} more" if detail.endswith("budget") else f"{count:,} more sends"
        return f"{more} within {detail or 'the limits'}{worth}."
    if cause == NOT_WORTH_IT:
        return "Nothing: say it on a cheaper channel or without the offer, or leave them in peace."
    if cause == POLICY and detail == OBJECTION:
        return "Nothing: they said that they do not want to hear about it."
    if cause == POLICY and detail == SENDING_HOURS:
        return f"Decide earlier in the day, or on a channel that is open longer than {channel}."
    if cause == POLICY:
        return f"Write a message that {detail} allows ({reasons.get(detail, '').rstrip('.')})."
    return "Nothing: wait for a reason."


def _best(customer: npt.NDArray[np.int32], worth: Floats, count: int) -> npt.NDArray[np.int64]:
    """Each customer's candidate that is worth most, the first of equals; -1 where none is worth anything finite."""
    rows = np.flatnonzero(np.isfinite(worth))
    order = rows[np.lexsort((rows, -worth[rows], customer[rows]))]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = np.diff(customer[order]) != 0
    best = np.full(count, -1, dtype=np.int64)
    best[customer[order[is_first]]] = order[is_first]
    return best


def _strongest_motives(weighed: Weighed) -> npt.NDArray[np.int64]:
    """Row of each customer's strongest motive, -1 without one."""
    case = weighed.case
    frame = case.motives.table
    customer = case.view.customers.positions(frame["customer_id"].to_numpy(dtype=object))
    return _best(customer, frame["strength"].to_numpy(dtype=np.float64), len(case.view.customers))


def _estimates(weighed: Weighed, motive: npt.NDArray[np.int64]) -> Floats:
    """What a usual message about each customer's strongest motive would bring, where it is about a category; else 0.

    Their margin there, times what a message of the middle kind changes, less the cheapest touch.
    """
    case = weighed.case
    view, forecasts, frame = case.view, case.forecasts, case.motives.table
    if not len(frame) or not len(forecasts.uplift.mean):
        return np.zeros(len(motive))
    subjects = frame["subject"].to_numpy(dtype=object)[np.maximum(motive, 0)]
    keys = [str(subject).partition("/")[2] for subject in subjects]
    is_category = np.array([str(subject).startswith("category/") for subject in subjects])
    category = view.categories.positions(keys)
    rhythms = align(view, forecasts.cadence, forecasts.recent, case.usual)
    found = rhythms.pairs.find(np.arange(len(motive)), np.maximum(category, 0))
    margin = np.where(found >= 0, np.append(rhythms.cadence.margin_none, 0.0)[found], 0.0)
    thin = (found < 0) & rhythms.has_thin_history
    margin = np.where(thin, rhythms.usual.margin[np.maximum(category, 0)] if len(view.categories) else 0.0, margin)
    cheapest = min((channel.cost_per_touch for channel in case.settings.channels), default=0.0)
    gain = margin * float(np.median(forecasts.uplift.mean)) - cheapest
    return np.where((motive >= 0) & is_category & (category >= 0), np.maximum(gain, 0.0), 0.0)


def _most(column: "pd.Series[Any]") -> list[str]:
    """The most frequent values, the first of equals by name."""
    counts = column.dropna().value_counts()
    return [str(name) for name in sorted(counts.index, key=lambda name: (-counts[name], str(name)))[:SAMPLES]]
