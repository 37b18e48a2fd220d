"""Recheck: the policies asked again about what was chosen, with what is known now. Used right before export."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates
from decisioning.screening import HOLDOUT, screen
from decisioning.settings import DecisionSettings
from decisioning.times import moment
from graph.view import Links, View

CONSENT_FACTS = ("granted", "basis", "source")


def refusing_policies(
    view: View, sends: pd.DataFrame, settings: DecisionSettings, *, consents: pd.DataFrame, touches: pd.DataFrame
) -> npt.NDArray[np.object_]:
    """Which policy refuses each chosen send now.

    Args:
        view: The view that was decided from.
        sends: Records of sends: customer_id, asset_id, channel_id.
        settings: Policies as written.
        consents: The consents that hold now, one row per customer and channel: customer_id, channel_id, granted, basis,
            source. Where there is no row, consent is missing and refuses.
        touches: Everything sent by anyone so far, apart from these sends.

    Returns:
        The first policy that refuses, None where none does; shape (len(sends),).
    """
    chosen = Candidates(
        customer=view.customers.positions(sends["customer_id"].to_numpy(dtype=object)),
        asset=view.assets.positions(sends["asset_id"].to_numpy(dtype=object)),
        channel=view.channels.positions(sends["channel_id"].to_numpy(dtype=object)),
        motive=np.zeros(len(sends), dtype=np.int64),
    )
    every = np.ones(len(sends), dtype=np.bool_)
    screened = screen(
        replace(view, consents=_links(view, consents)),
        chosen,
        settings,
        touches,
        is_held_out=np.zeros(len(view.customers), dtype=np.bool_),
        is_hour_left=every,
        is_offer_cost_known=every,
        as_of=moment(view.as_of),
    )
    refusing = np.full(len(sends), None, dtype=object)
    for policy, refuses in screened.by_policy.items():
        if policy != HOLDOUT:
            refusing[refuses & (refusing == None)] = policy  # noqa: E711 -- element by element, which `is` cannot do
    return refusing


def _links(view: View, consents: pd.DataFrame) -> Links:
    customer = view.customers.positions(consents["customer_id"].to_numpy(dtype=object))
    channel = view.channels.positions(consents["channel_id"].to_numpy(dtype=object))
    known = (customer >= 0) & (channel >= 0)
    facts = {name: consents[name].to_numpy(dtype=object)[known] for name in CONSENT_FACTS}
    return Links.build(customer[known], channel[known], len(view.customers), facts)
