"""What other systems are going to send: it uses up frequency caps before anything of ours does."""

import pandas as pd

from decisioning.experiments import is_held_out
from decisioning.policies.screen import select
from decisioning.screening import attributes_of, customer_table
from decisioning.settings import DecisionSettings
from graph.view import View

KEPT = ("cost", "expected_cost", "lapses_at", "liability")
"""What limits count of touches, where it is known."""
COLUMNS = ["touch_id", "customer_id", "channel_id", "asset_id", "sent_at"]


def with_planned(touches: pd.DataFrame, planned: pd.DataFrame, view: View, settings: DecisionSettings) -> pd.DataFrame:
    """What was sent and what is planned, as touches whose asset is not known, so that they count for every cap.

    A planned touch that stands among the touches has been sent; one whose time is over without standing there counts as
    sent then. One for an audience that nobody has defined may reach anybody, and so counts for everybody.

    Args:
        touches: touch_id, customer_id, channel_id, asset_id, sent_at; further columns but
            those of money are left out when any is planned.
        planned: touch_id, customer_id or audience, channel_id, send_at.
        view: Whose customers the audiences are chosen from.
        settings: Audiences and the holdout, which conditions may name.

    Raises:
        PolicyError: An audience is wrong.
    """
    open_ones = planned[~planned["touch_id"].isin(touches["touch_id"])]
    if open_ones.empty:
        return touches
    parts = [open_ones[open_ones["customer_id"].notna()], *_of_audiences(open_ones, view, settings)]
    to_come = pd.concat(parts, ignore_index=True).rename(columns={"send_at": "sent_at"}).assign(asset_id=None)
    columns = [*COLUMNS, *(name for name in KEPT if name in touches.columns)]
    found = [part.reindex(columns=columns) for part in (touches, to_come) if len(part)]
    return pd.concat(found, ignore_index=True) if found else touches


def _of_audiences(planned: pd.DataFrame, view: View, settings: DecisionSettings) -> list[pd.DataFrame]:
    """A row for every customer of the audience of each planned touch that has one."""
    named = planned[planned["customer_id"].isna()]
    if named.empty:
        return []
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    customers = customer_table(view, attributes_of(view), held_out)
    parts = []
    for audience in named["audience"].unique():
        members = pd.DataFrame({"customer_id": view.customers.keys})
        if audience in settings.audiences:
            members = members[select(settings.audiences[audience], customers, where=f"audience {audience}")]
        parts.append(named[named["audience"] == audience].drop(columns="customer_id").merge(members, how="cross"))
    return parts
