"""Checking `actions.yaml` against the data before anything runs: what each rule names, and what it has to work with."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from decisioning.acting.policies import action_attributes, check_policies
from decisioning.acting.proposals import names_in
from decisioning.acting.settings import ActionRule, ActionSettings
from decisioning.acting.subjects import Subjects
from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from graph.view import View
from pipelines.acting import TABLES, account_scores, subjects_from
from pipelines.day import Day
from pipelines.playbook_settings import acting_settings
from pipelines.stored import empty_table

NEEDS = {"account": "accounts", "campaign": "campaigns", "channel": "spend"}
"""The table without which there is nothing of a kind to act on."""


def check_actions(
    day: Day, view: View, kept: Mapping[str, pd.DataFrame]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is wrong with the rules and policies about actions, as far as the data shows it.

    Args:
        day: Of the playbook.
        view: Its customers have the columns that rules may name.
        kept: Canonical tables as they were read.

    Returns:
        `rule`, `verb`, `subject`, `on` and `because` of each rule; and errors with `where`, `what`, `remedy`.
    """
    settings = acting_settings(day.playbook)
    if settings is None:
        return [], []
    tables = {name: kept.get(name, empty_table(name)) for name in TABLES}
    budgets = {one.channel_id: one.budget for one in settings.money.budgets} if settings.money else {}
    scores = account_scores({}, day.playbook.scores, tables["accounts"]["account_id"])
    subjects = subjects_from(day, view, tables, scores, settings=settings, budgets=budgets)
    errors, rules = [], []
    for rule in settings.rules:
        problem = _problem(rule, subjects)
        if problem is not None:
            errors.append(_plain(problem))
        lacking = NEEDS.get(rule.subject_kind)
        because = f"{lacking} is missing" if lacking and tables[lacking].empty else None
        rules.append(
            {
                "rule": rule.name,
                "verb": rule.verb,
                "subject": rule.subject_kind,
                "on": because is None and problem is None,
                "because": because if problem is None else problem.what,
            }
        )
    errors += [_plain(error) for error in check_policies(settings.policies, subjects)]
    return rules, errors


def _problem(rule: ActionRule, subjects: Subjects) -> PolicyError | None:
    try:
        names_in(rule, subjects.attributes(rule.subject_kind))
    except PolicyError as error:
        return error
    return None


def _plain(error: PolicyError) -> dict[str, Any]:
    column = f", column {error.column}" if error.column is not None else ""
    return {"where": f"{error.place or error.where}{column}", "what": error.what, "remedy": error.remedy}


def attributes_of_actions(day: Day, view: View) -> Attributes:
    """What policies about actions may name, from the columns that canonical tables have."""
    settings = acting_settings(day.playbook) or ActionSettings(day.playbook.timezone)
    tables = {name: empty_table(name) for name in TABLES}
    scores = account_scores({}, day.playbook.scores, tables["accounts"]["account_id"])
    return action_attributes(subjects_from(day, view, tables, scores, settings=settings, budgets={}))
