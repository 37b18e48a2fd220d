"""Two ways of deciding one day compared: what a change of settings would bring, and to whom.

Pure: two sets of records and their summaries in, plain values for JSON out.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

SAMPLES = 5
MOST_LIMITS = 50
DUST = 5e-7
"""In currency; two values nearer to each other than this are equal."""

Summary = Mapping[str, Any]
Document = dict[str, Any]


def compare(before: pd.DataFrame, after: pd.DataFrame, summary_before: Summary, summary_after: Summary) -> Document:
    """What changes between two decisions about the same customers.

    Args:
        before: Records as they are, one row per customer, held-out ones included.
        after: Records as they would be.
        summary_before: As `summarise` gives it.
        summary_after: The same under the changed settings.

    Returns:
        `before` and `after`, see `_totals`; `difference` of the two; `upside` and `downside`, the ends of the
        difference's 95 % interval; `customers`, how many gain a message, lose theirs, get a better or a lesser one, or
        another one of equal worth, with their value and a few samples each; `limits`, what one more unit of each is
        worth, before and after.
    """
    was, becomes = _totals(before, summary_before), _totals(after, summary_after)
    low, high = sorted((becomes["low"] - was["low"], becomes["high"] - was["high"]))
    names = ("value", "cost", "sends", "none")
    return {
        "before": was,
        "after": becomes,
        "difference": {name: becomes[name] - was[name] for name in names}
        | {"low": low, "high": high, "by_channel": _differences(was["by_channel"], becomes["by_channel"])},
        "upside": {"value": high, "is_gain": high > 0},
        "downside": {"value": low, "is_loss": low < 0},
        "customers": _customers(before, after),
        "limits": _limits(summary_before, summary_after),
    }


def _totals(records: pd.DataFrame, summary: Summary) -> Document:
    """Value with its 95 % interval and certified bound, touch cost, and customers with and without a send.

    What is uncertain about an effect is the same for every customer, so that ends of intervals add up.
    """
    sends = records[(records["verb"] == "send") & ~records["is_ghost"].astype(bool)]
    return {
        "value": float(summary["value"]),
        "low": math.fsum(row["margin_low"] for row in summary["plays"]),
        "high": math.fsum(row["margin_high"] for row in summary["plays"]),
        "bound": float(summary["bound"]),
        "cost": float(summary["cost"]),
        "sends": len(sends),
        "none": int(summary["none"]),
        "by_channel": _counts(sends["channel_id"]),
        "by_play": _counts(sends["play"]),
        "evidence_grade": summary["evidence_grade"],
    }


def _customers(before: pd.DataFrame, after: pd.DataFrame) -> Document:
    both = _treated(before).merge(_treated(after), on="customer_id", suffixes=("_before", "_after"))
    difference = both["value_after"] - both["value_before"]
    had, has = both["asset_id_before"].notna(), both["asset_id_after"].notna()
    is_other = (both["asset_id_before"] != both["asset_id_after"]) | (
        both["channel_id_before"] != both["channel_id_after"]
    )
    groups = {
        "gain": ~had & has,
        "lose": had & ~has,
        "better": had & has & is_other & (difference > DUST),
        "lesser": had & has & is_other & (difference < -DUST),
        "other": had & has & is_other & (difference.abs() <= DUST),
    }
    changed = {name: _group(both[chosen], difference[chosen]) for name, chosen in groups.items()}
    return {**changed, "unchanged": len(both) - sum(group["count"] for group in changed.values())}


def _treated(records: pd.DataFrame) -> pd.DataFrame:
    """Who is not held out, with what they get; nothing is None and worth 0."""
    rows = records.loc[~records["is_ghost"].astype(bool)]
    is_send = (rows["verb"] == "send").to_numpy()
    texts = {name: rows[name].astype(object).where(is_send, None) for name in ("asset_id", "title", "channel_id")}
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"].to_numpy(dtype=object),
            **{name: column.to_numpy(dtype=object) for name, column in texts.items()},
            "value": np.where(is_send, rows["value"].to_numpy(dtype=np.float64), 0.0),
            "none_reason": rows["none_reason"].to_numpy(dtype=object),
        }
    )


def _group(rows: pd.DataFrame, difference: "pd.Series[float]") -> Document:
    """How many customers, what they differ by in sum, and those whom it concerns most."""
    most = difference.abs().sort_values(ascending=False, kind="stable").index[:SAMPLES]
    return {
        "count": len(rows),
        "value": math.fsum(difference),
        "samples": [
            {
                "customer_id": row["customer_id"],
                "before": _what(row, "before"),
                "after": _what(row, "after"),
                "value": float(difference.loc[place]),
            }
            for place, row in zip(most, rows.loc[most].to_dict("records"), strict=True)
        ],
    }


def _what(row: Mapping[Any, Any], side: str) -> Document | None:
    asset = row[f"asset_id_{side}"]
    if asset is None:
        return None
    return {
        "asset_id": asset,
        "title": row[f"title_{side}"] or asset,
        "channel": row[f"channel_id_{side}"],
        "value": float(row[f"value_{side}"]),
    }


def _limits(before: Summary, after: Summary) -> list[Document]:
    """Per limit what one more unit is worth, None where there is no such limit on that side.

    Of many limits those with a price on either side, and the rest not at all.
    """
    was, becomes = before["shadow_prices"], after["shadow_prices"]
    units = {row["name"]: row["unit"] for side in (before, after) for row in side.get("limits", [])}
    names = sorted(was.keys() | becomes.keys())
    shown = [name for name in names if len(names) <= MOST_LIMITS or was.get(name) or becomes.get(name)]
    return [
        {"limit": name, "unit": units.get(name), "before": was.get(name), "after": becomes.get(name)} for name in shown
    ]


def _counts(column: "pd.Series[Any]") -> dict[str, int]:
    return {str(name): int(count) for name, count in sorted(column.value_counts().items())}


def _differences(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: after.get(name, 0) - before.get(name, 0) for name in sorted(before.keys() | after.keys())}
