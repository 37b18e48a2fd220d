"""Campaign: a named audience and named assets from a day to a day. The motive is the campaign, value decides who.

> The campaign spring-sale runs until 2026-03-20 for the audience regulars.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.play import CAMPAIGNS, Known, Threshold, Trace, motive_rows
from decisioning.policies.screen import select
from decisioning.settings import CampaignSettings, OrderSettings, PlaySettings
from decisioning.times import at_local, local_date

# Between a favourite (at most 0.5) and a rhythm on its very day.
STRENGTH = 0.5


class Campaign:
    """Finds the audience of every campaign that runs on as-of's local day."""

    name: ClassVar[str] = "campaign"
    subject_kinds: ClassVar[tuple[str, ...]] = ("campaign",)
    requires: ClassVar[tuple[str, ...]] = ("customers", CAMPAIGNS)
    traces: ClassVar[tuple[Trace, ...]] = ()
    facts: ClassVar[tuple[str, ...]] = ("audience", "condition")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = False
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {}

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and campaign; `subject` is the campaign's place in the settings."""
        today = local_date(known.as_of, known.zone)
        frames = [
            self._audience_rows(known, position, campaign)
            for position, campaign in enumerate(settings.campaigns)
            if campaign.starts_on <= today <= campaign.ends_on
        ]
        if not frames:
            none = np.empty(0, dtype=np.int32)
            facts: dict[str, list[str]] = {"campaign": [], "audience": [], "condition": []}
            return motive_rows(none, none, np.empty(0), starts_at=known.as_of, until=known.as_of, facts=facts)
        return pd.concat(frames).sort_values(["customer", "subject"], kind="stable", ignore_index=True)

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """Which campaign it is, until when it runs and for whom."""
        last_days = (found["until"] - pd.Timedelta(microseconds=1)).dt.tz_convert(known.zone).dt.strftime("%Y-%m-%d")
        return [
            f"The campaign {name} runs until {last_day} for {f'the audience {audience}' if audience else 'everybody'}."
            for name, last_day, audience in zip(found["campaign"], last_days, found["audience"], strict=True)
        ]

    def _audience_rows(self, known: Known, position: int, campaign: CampaignSettings) -> pd.DataFrame:
        customer = np.arange(len(known.view.customers), dtype=np.int32)
        condition = None
        if campaign.audience is not None:
            condition = _condition(known, campaign)
            customer = customer[select(condition, known.customers, where=f"audience {campaign.audience}")]
        return motive_rows(
            customer,
            np.full(len(customer), position, dtype=np.int32),
            np.full(len(customer), STRENGTH),
            starts_at=at_local(campaign.starts_on, time.min, known.zone),
            until=at_local(campaign.ends_on + timedelta(days=1), time.min, known.zone),
            facts={
                "campaign": np.full(len(customer), campaign.name, dtype=object),
                "audience": np.full(len(customer), campaign.audience, dtype=object),
                "condition": np.full(len(customer), condition, dtype=object),
            },
        )


def _condition(known: Known, campaign: CampaignSettings) -> str:
    audience = str(campaign.audience)
    if audience not in known.settings.audiences:
        raise DecisioningError(
            f"There is no audience `{audience}`.",
            where=f"campaign {campaign.name}",
            remedy=f"Known: {', '.join(sorted(known.settings.audiences)) or 'none; write audiences.yaml'}.",
        )
    return known.settings.audiences[audience]


PLAY = Campaign()
