"""What the fused pass goes over: the view, the forecasts and the playbook as the arrays that the kernel reads."""

import pandas as pd

from decisioning.channel_days import ChannelDays
from decisioning.motives import Motives
from decisioning.policies.screen import Verdicts
from decisioning.rhythms import Rhythms
from decisioning.settings import DecisionSettings
from decisioning.shortlist import Terrain
from decisioning.terrain.blocks import blocks_of
from decisioning.terrain.hours import hours_of
from decisioning.terrain.reasons import reasons_of
from decisioning.terrain.rules import refusal_names, rules_of
from decisioning.terrain.worth import worth_of
from forecasting.values import Forecasts
from graph.view import View

__all__ = ["terrain_of"]


def terrain_of(  # noqa: PLR0917 -- as many things as it is made of
    view: View,
    motives: Motives,
    forecasts: Forecasts,
    rhythms: Rhythms,
    verdicts: Verdicts,
    days: ChannelDays,
    settings: DecisionSettings,
    touches: pd.DataFrame,
) -> Terrain:
    """Everything that a pass over all candidates reads.

    Raises:
        DecisioningError: View, motives, forecasts and settings do not fit together.
    """
    reasons, motive_rows = reasons_of(view, motives, settings, touches)
    rules, hours = rules_of(view, verdicts), hours_of(view, days)
    worth = worth_of(view, forecasts, rhythms, settings, reasons)
    return Terrain(
        reasons=reasons,
        rules=rules,
        worth=worth,
        hours=hours,
        blocks=blocks_of(reasons, rules, worth, hours),
        motive_rows=motive_rows,
        refusal_names=refusal_names(verdicts),
    )
