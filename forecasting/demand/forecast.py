"""Units to come by category, product or audience, from canonical tables."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from forecasting.demand.model import DemandModel
from forecasting.demand.settings import DemandSettings
from forecasting.demand.tables import read_panel


def forecast_demand(
    tables: Mapping[str, pd.DataFrame],
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
) -> pd.DataFrame:
    """Units of every series and of all sums above them, period by period, with intervals.

    Args:
        tables: Canonical: purchases, products, [categories: what categories are part of; promotions;
            audience_members with customer_id and audience_id when settings ask for audiences].
        settings: What a series is, frequency, horizon.
        as_of: Aware datetime; nothing from then on is looked at but promotions that settings call planned.
        timezone: IANA time zone in which days and weeks are.
        seed: Of the boosted trees.

    Returns:
        Columns of `DemandForecast.to_frame`; series are `category/<id>`, `product/<id>`,
        `audience/<id>/category/<id>`, and sums `category/<id>`, `audience/<id>` and `total`.

    Raises:
        ForecastingError: A table or column is missing or cannot be read.
        TooLittleDataError: Too few periods.
    """
    panel, nodes = read_panel(tables, settings, as_of=as_of, timezone=timezone)
    return DemandModel(settings, random_state=seed).fit_panel(panel, nodes, timezone=timezone).predict().to_frame()
