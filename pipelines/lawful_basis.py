"""The lawful basis of what was decided for somebody: the consent that held in the view that the run decided from."""

from typing import Any

import numpy as np
import pandas as pd

from graph.view import View


def lawful_basis(view: View, customer_id: str, channel_id: str | None) -> dict[str, Any] | None:
    """The word of a customer on a channel as the view of a run knew it.

    Returns:
        `channel`, `basis` (consent, legitimate_interest, contract, assumed), `granted`, `source`, `recorded_at`; None
        where nothing is sent.
    """
    if channel_id is None:
        return None
    (customer,), (channel,) = view.customers.positions([customer_id]), view.channels.positions([channel_id])
    consents = view.consents
    found = np.flatnonzero((consents.sources == customer) & (consents.targets == channel))
    if not len(found):
        return None
    told = {name: consents.facts[name][found[0]] for name in ("basis", "granted", "source")}
    at = consents.facts["recorded_at"][found[0]]
    return {
        "channel": channel_id,
        "basis": None if pd.isna(told["basis"]) else str(told["basis"]),
        "granted": bool(told["granted"]),
        "source": None if pd.isna(told["source"]) else str(told["source"]),
        "recorded_at": None if pd.isna(at) else pd.Timestamp(at).tz_localize("UTC").isoformat(),
    }
