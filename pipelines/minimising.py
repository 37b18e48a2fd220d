"""Data minimisation of a run's tables: forecasts about a customer read of them what deciding about them may."""

from collections.abc import Mapping

import pandas as pd

from decisioning.experiments import is_held_out
from decisioning.minimisation import minimised, without_withheld
from decisioning.policies.rules import WITHHOLDING
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.playbook_settings import decision_settings
from pipelines.stored import stored_view

SIGNALS = "signals"


def permitted_tables(day: Day, run: RunRow, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of a run without what policies withhold: attributes of customers, and their signals.

    Args:
        day: Of the playbook.
        run: A run that has been related: who is selected is asked of its view.
        tables: Canonical tables.
    """
    settings = decision_settings(day.playbook)
    if not any(policy.kind in WITHHOLDING for policy in settings.policies):
        return dict(tables)
    view = stored_view(day, run)
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    less = minimised(view, settings.policies, held_out)
    permitted = dict(tables)
    if "customers" in permitted:
        permitted["customers"] = without_withheld(permitted["customers"], less)
    if SIGNALS in permitted and SIGNALS in less.withheld:
        who = set(view.customers.keys[less.withheld[SIGNALS]])
        signals = permitted[SIGNALS]
        permitted[SIGNALS] = signals[~signals["customer_id"].isin(who)].reset_index(drop=True)
    return permitted
