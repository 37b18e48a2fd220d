"""What came of our own touches: each outcome beside the decision whose touch it follows."""

import pandas as pd

OUTCOME_COLUMNS = ("outcome_id", "decision_id", "name", "occurred_at", "value")


def outcomes_by_decision(outcomes: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """Every outcome with the touch it follows; touches of our own go by their decision's id.

    An outcome that names no touch belongs to the customer's latest touch with its asset, at or before its moment.

    Args:
        outcomes: Rows of the canonical table `outcomes`.
        touches: Rows of the canonical table `touches`.

    Returns:
        `OUTCOME_COLUMNS`, in order of outcome_id. A touch of somebody else's stands under its own id, which is no
        decision's; an outcome of no touch at all is left out.
    """
    touch = outcomes["touch_id"].astype(object).where(outcomes["touch_id"].notna(), _latest_touch(outcomes, touches))
    followed = outcomes.assign(decision_id=touch)
    followed = followed[followed["decision_id"].notna()].sort_values("outcome_id", ignore_index=True)
    return followed[list(OUTCOME_COLUMNS)]


def _latest_touch(outcomes: pd.DataFrame, touches: pd.DataFrame) -> pd.Series:
    """Per outcome the id of the customer's latest touch with its asset, None where there is none."""
    pair = ["customer_id", "asset_id"]
    asked = outcomes.loc[outcomes["touch_id"].isna(), [*pair, "occurred_at"]].dropna().rename_axis("row").reset_index()
    sent = touches[["touch_id", *pair, "sent_at"]].dropna().sort_values(["sent_at", "touch_id"])
    if asked.empty or sent.empty:
        return pd.Series(None, index=outcomes.index, dtype=object)
    found = pd.merge_asof(
        asked.astype(dict.fromkeys(pair, object)).sort_values(["occurred_at", "row"]),
        sent.astype(dict.fromkeys(pair, object)),
        left_on="occurred_at",
        right_on="sent_at",
        by=pair,
    )
    latest = found.set_index("row")["touch_id"].astype(object)
    return latest.reindex(outcomes.index).where(lambda ids: ids.notna(), None)
