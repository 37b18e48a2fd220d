"""What the company has committed to, per campaign and month: `commitments.csv` beside the exports, for finance.

Every delivered send with an offer reserves what its redemptions are expected to cost. The reservation ends with a
redemption, which costs what one redemption costs, or lapses with the offer.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from decisioning.liability import LAPSED, REDEEMED, with_liability
from decisioning.limit_windows import RESERVED
from decisioning.record_columns import insist_on_columns
from graph.view import View
from lake.reservations import Reservations
from lake.runs import RunRow
from pipelines.channels.files import replace_file
from pipelines.day import Day
from pipelines.stored import canonical_tables

FILE = "commitments.csv"
STATES = (RESERVED, REDEEMED, LAPSED)
CENTS = 6


def with_commitments(sends: pd.DataFrame) -> pd.DataFrame:
    """Sends with `expected_cost` of redemptions and `exposure`, what one redemption costs; in currency.

    Raises:
        DecisioningError: An earlier version recorded them, in other columns.
    """
    insist_on_columns(sends)
    return sends.assign(expected_cost=sends["offer_cost"].fillna(0.0), exposure=sends["redemption_cost"].fillna(0.0))


def commitments(day: Day, run: RunRow, view: View) -> pd.DataFrame:
    """The ledger of all reservations that hold, as of now.

    Returns:
        One row per `month` (YYYY-MM of the send, in the playbook's time zone) and `campaign_id` (empty without one):
        `sends`, `touch_cost`, `offers_reserved`, `offers_redeemed`, `offers_lapsed`, `reserved` (expected cost of what
        may still be claimed), `exposure` (what it costs if all of it is), `redeemed` (what redemptions cost), `lapsed`
        (expected cost that will not come any more); in order of month and campaign.
    """
    rows = Reservations(day.lake).everything().rename(columns={"decision_id": "touch_id", "send_at": "sent_at"})
    outcomes = canonical_tables(day, run, ["outcomes"])["outcomes"]
    rows = with_liability(rows, outcomes, view, day.clock.now)
    campaign = pd.Series(view.assets.frame["campaign_id"].to_numpy(dtype=object), index=view.assets.keys)
    month = pd.to_datetime(rows["sent_at"], utc=True).dt.tz_convert(day.playbook.warrant.timezone).dt.strftime("%Y-%m")
    is_in = {state: rows["liability"].eq(state) for state in STATES}
    amounts: dict[str, Any] = {
        "sends": 1,
        "touch_cost": rows["cost"].astype("float64"),
        **{f"offers_{state}": is_in[state].astype("int64") for state in STATES},
        "reserved": rows["expected_cost"].where(is_in[RESERVED], 0.0),
        "exposure": rows["exposure"].where(is_in[RESERVED], 0.0),
        "redeemed": rows["exposure"].where(is_in[REDEEMED], 0.0),
        "lapsed": rows["expected_cost"].where(is_in[LAPSED], 0.0),
    }
    named = rows["asset_id"].map(campaign).fillna("").astype(str)
    ledger = rows.assign(month=month, campaign_id=named, **amounts)
    found = ledger.groupby(["month", "campaign_id"], as_index=False)[list(amounts)].sum()
    return found.round(CENTS).sort_values(["month", "campaign_id"], ignore_index=True)


def write_commitments(day: Day, run: RunRow, view: View) -> Path:
    """Write the ledger beside the exports of a run."""
    folder = day.home.exports(day.playbook.name) / run.run_id
    folder.mkdir(parents=True, exist_ok=True)
    text = commitments(day, run, view).to_csv(index=False, lineterminator="\n")
    return replace_file(folder / FILE, text.encode())
