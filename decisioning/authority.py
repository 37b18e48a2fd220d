"""What needs a person before it leaves, and whether groups of customers are treated evenly: asked of what was decided.

Neither changes a decision. A send that a policy `escalate`, `approval` or `sign_off` may apply to is held: its record
names who must agree, and delivery leaves it out until they have. A policy `parity` compares the shares of groups of
customers that get something; when they are further apart than it allows, nothing of the run is delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.minimisation import Minimised
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import CompiledPolicies, compile_holds, compile_policies, readable
from decisioning.policies.evaluate import holds
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.parity import Counts, Verdict, judged
from decisioning.policies.rules import HOLDING, PARITY, Rule, read_rule
from decisioning.policies.screen import Verdicts
from decisioning.remits.triggers import Month, joined, on_record
from decisioning.schedule import caps_reached, earliest_sends
from decisioning.screening import asset_table, attributes_of, customer_table, verdicts_of
from decisioning.settings import DecisionSettings
from decisioning.times import moment
from graph.view import View

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

UNKNOWN_GROUP = "not known"


@dataclass(frozen=True, eq=False)
class Held:
    """Which sends wait for whom, in the order of the records.

    Attributes:
        by: The policies that hold each, joined by commas; None where none does.
        needs: Who must agree, joined by commas; None where nobody needs to.
    """

    by: Texts
    needs: Texts


def held(
    view: View, records: pd.DataFrame, settings: DecisionSettings, touches: pd.DataFrame, *, is_held_out: Flags
) -> Held:
    """Which of the sends need a person's word.

    Args:
        view: What was decided from.
        records: One per customer: customer_id, asset_id, channel_id, verb.
        settings: The playbook's settings.
        touches: What was sent before as-of.
        is_held_out: Per customer of the view.

    Raises:
        PolicyError: A policy cannot be parsed.
    """
    nobody = Held(*(np.full(len(records), None, dtype=object) for _ in range(2)))
    rules = {policy.identifier: policy for policy in settings.policies if policy.kind in HOLDING}
    if not rules:
        return nobody
    rows = np.flatnonzero((records["verb"] == "send").to_numpy())
    if not len(rows):
        return nobody
    verdicts = _hold_verdicts(view, settings, touches, is_held_out)
    sends = records.iloc[rows]
    words = verdicts.denied(*(
        nodes.positions(sends[column].to_numpy(dtype=object))
        for nodes, column in ((view.customers, "customer_id"), (view.assets, "asset_id"), (view.channels, "channel_id"))
    ))  # fmt: skip
    for policy, is_held in verdicts.by_policy(words).items():
        for row in rows[is_held]:
            nobody.by[row] = joined(nobody.by[row], policy)
            nobody.needs[row] = joined(nobody.needs[row], str(rules[policy].who))
    return nobody


def parity(
    view: View, records: pd.DataFrame, settings: DecisionSettings, *, is_held_out: Flags
) -> list[dict[str, Any]]:
    """What every policy `parity` finds, in their order; see `policies.parity.Verdict.facts`.

    Counted are customers who are not held out and whom `when` may select, and of them those who get a send that `of`
    may describe. It reads the view as it was before anything was withheld: to compare groups they must be known.

    Args:
        view: Everything that is known.
        records: One per customer: customer_id, asset_id, channel_id, verb, is_ghost.
        settings: The playbook's settings.
        is_held_out: Per customer of the view.
    """
    rules = [read_rule(policy) for policy in settings.policies if policy.kind == PARITY]
    if not rules:
        return []
    attributes = attributes_of(view)
    customers = customer_table(view, attributes, is_held_out)
    as_of = moment(view.as_of)
    assets = asset_table(view, attributes, earliest_sends(view, settings, as_of), settings, as_of)
    return [_compared(rule, view, records, customers, assets).facts() for rule in rules]


def _hold_verdicts(view: View, settings: DecisionSettings, touches: pd.DataFrame, is_held_out: Flags) -> Verdicts:
    as_of = moment(view.as_of)
    sends_at = earliest_sends(view, settings, as_of)
    attributes = attributes_of(view)
    compiled = compile_holds(settings.policies, attributes, is_running=True)
    assets = asset_table(view, compiled.attributes, sends_at, settings, as_of)
    reached: dict[str, Flags] = {}
    if any(name.startswith("cap.") for name in compiled.attribute_names):
        limits: CompiledPolicies = compile_policies(settings.policies, attributes, is_running=True)
        reached = dict(caps_reached(limits, assets, touches, view, sends_at))
    return verdicts_of(view, compiled, assets, reached, is_held_out)


def _compared(
    rule: Rule, view: View, records: pd.DataFrame, customers: AttributeTable, assets: AttributeTable
) -> Verdict:
    """The counts of one policy's groups, judged."""
    fitting = readable(rule, customers.attributes)
    if fitting.because:
        return judged(rule, {}, because=fitting.because)
    position = view.customers.positions(records["customer_id"].to_numpy(dtype=object))
    is_selected = np.broadcast_to(_may_hold(rule.when, customers), (customers.shape[0], 1))[position, 0]
    is_counted = is_selected & ~records["is_ghost"].to_numpy(dtype=np.bool_)
    is_given = np.zeros(len(records), dtype=np.bool_)
    rows = np.flatnonzero((records["verb"] == "send").to_numpy())
    at = (
        view.assets.positions(records["asset_id"].to_numpy(dtype=object)[rows]),
        view.channels.positions(records["channel_id"].to_numpy(dtype=object)[rows]),
    )
    is_given[rows] = np.broadcast_to(_may_hold(rule.expression, assets), assets.shape)[at]
    column = customers.column(rule.by or "")
    group = np.where(column.missing, UNKNOWN_GROUP, column.data.astype(str))[:, 0]
    group = np.broadcast_to(group, (customers.shape[0],))[position]
    names, place = np.unique(group[is_counted].astype(str), return_inverse=True)
    total = np.bincount(place, minlength=len(names))
    given = np.bincount(place, is_given[is_counted], minlength=len(names)).astype(np.int64)
    return judged(
        rule,
        {
            str(name): Counts(int(count), int(all_of_it))
            for name, count, all_of_it in zip(names, given, total, strict=True)
        },
        unknown=UNKNOWN_GROUP,
    )


def _may_hold(condition: Any, table: AttributeTable) -> Flags:
    return holds(negation_normal_form(condition), table.column, unknown=True)


def answered_for(
    records: pd.DataFrame,
    summary: Mapping[str, Any],
    *,
    everything: View,
    less: Minimised,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    is_held_out: Flags,
    unreadable: Mapping[str, str],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Records and summary with what they need a person for, and what was withheld before they were made.

    Args:
        records: One per customer of the view, in its order.
        summary: Of the same decisions.
        everything: The view as it was read.
        less: What was decided from.
        settings: The playbook's settings.
        touches: What was sent before as-of.
        is_held_out: Per customer.
        unreadable: Policies that the data at hand does not fit, with what does not.

    Returns:
        Records with `held_by` (policies), `needs` (who must agree), `withheld` (fields), and `remit` and `triggers`;
        the summary with `held` (sends per who must agree), `remits` (sends per agent), `parity`, `minimised`, and
        `unreadable_policies`.
    """
    waiting = held(less.view, records, settings, touches, is_held_out=is_held_out)
    records = records.copy(deep=False)  # the columns that are there are not copied
    records["held_by"], records["needs"], records["withheld"] = waiting.by, waiting.needs, less.texts()
    records = on_record(records, settings.remits, Month(touches, less.view.as_of, settings.timezone))
    is_counted = ~records["is_ghost"].to_numpy(dtype=np.bool_)
    return records, {
        **summary,
        "held": _counts(records["needs"], is_counted),
        "remits": _counts(records["remit"], is_counted),
        "parity": parity(everything, records, settings, is_held_out=is_held_out),
        "minimised": less.facts(),
        "unreadable_policies": dict(sorted(unreadable.items())),
    }


def _counts(names: "pd.Series[Any]", is_counted: Flags) -> dict[str, int]:
    """How many of those that count have each name, in the order of names."""
    found, counts = np.unique(names[is_counted].dropna().to_numpy(dtype=object).astype(str), return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
