"""Demand against what one would use instead, at rolling origins that no choice has seen.

At every origin the models are fitted, chosen and calibrated on what was known by then. The rivals get the same factors
of the calendar as our models, series by series; and once more factors of the calendar that all series share.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import pandas as pd

from forecasting.backtest import Backtest, insist_on_no_leak, silent
from forecasting.demand.forecast import forecast_demand
from forecasting.demand.judging import judge, largest, reported_lengths
from forecasting.demand.periods import utc_starts
from forecasting.demand.scoring import summarised
from forecasting.demand.settings import DemandSettings
from forecasting.demand.tables import panel_of_sold, read_sold

LEAK_ORIGINS = 2


def backtest_demand(
    tables: Mapping[str, pd.DataFrame],
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score the demand forecast on the last `reported_origins` origins before as-of.

    Args:
        tables: Canonical: purchases, products, [categories, promotions, audience_members].
        settings: Of the forecast; `series` largest are reported, all are forecast and learnt from.
        as_of: Aware datetime; nothing after it is scored.
        timezone: IANA time zone of the periods.
        seed: Of the boosted trees and of the intervals' draws.
        report: Told about progress.

    Raises:
        TooLittleDataError: The history is too short for so many origins.
        LeakError: The forecast changes when the future is taken away.
    """
    sold = read_sold(tables, settings, as_of, timezone)
    everything = replace(settings, series=None) if settings.by == "category" else settings
    panel, _ = panel_of_sold(sold, tables, everything, as_of=as_of, timezone=timezone)
    lengths = reported_lengths(panel, settings)
    first = utc_starts(panel.periods[lengths[:1]], settings.frequency, timezone)[0].to_pydatetime()
    panel, nodes = panel_of_sold(sold, tables, everything, as_of=as_of, timezone=timezone, largest_by=first)
    lengths = reported_lengths(panel, settings)
    rows = largest(panel, nodes, int(lengths[0]), settings.series)
    judged = judge(panel, nodes, lengths, rows, settings, seed=seed, report=report)
    report("checking that nothing reads the future")
    insist_on_no_leak(
        lambda known, origin: forecast_demand(
            known, replace(settings, origins=LEAK_ORIGINS), as_of=origin, timezone=timezone, seed=seed
        ),
        tables,
        first,
    )
    return summarised(judged, panel, rows, settings, seed)
