"""Policies over actions: which of the playbook's are asked about which action, and the ones that always hold.

A policy is asked about an action when the action has everything that the policy names: a policy about assets says
nothing about a bid, one about `action.amount` nothing about a task. A value that is there and missing refuses, as ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.acting.proposals import OUTSIDE_PARAMETERS, PARAMETER
from decisioning.acting.subjects import KEY, Subjects, built, declared
from decisioning.actions import available, verb_named
from decisioning.errors import PolicyError
from decisioning.policies.attributes import ALWAYS_DECLARED, SIDES, Attributes, Declaration, ValueType
from decisioning.policies.columns import AttributeTable, Truths
from decisioning.policies.evaluate import holds
from decisioning.policies.expressions import attribute_names
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.rules import HOLDING, Rule, read_rule
from decisioning.policies.typing_rules import rule_problems
from decisioning.settings import PolicySpecification
from decisioning.verb import SUBJECT_KINDS, Parameter, SubjectKind, Verb

MISSING: Final = "parameter-missing"
NO_COUNTERFACTUAL: Final = "counterfactual-unknown"
UNSURE: Final = "confidence-too-low"
APPROVED_SPEND: Final = "approved-spend"
DONE: Final = "done-already"
TAKEN: Final = "changed-by-another-rule"

ONLY_ACTIONS: Final = ("action.", "account.", "campaign.", "audience.")
"""Namespaces that only actions have; a policy that names one of them is never asked about a message."""
CHANNEL: Final = PARAMETER + "channel"
TEXTS: Final[Mapping[str, str]] = {"verb": "verb", "rule": "rule_name", "subject_kind": "subject_kind"}
NUMBERS: Final = ("worth", "confidence")
"""What can be said of every action beside its parameters, as `action.<name>`, by column of proposals."""
ASKED: Final = ("deny", "require", *HOLDING)
"""Kinds of policies that are asked about an action; a cap counts messages."""

BUILT_IN: Final[tuple[PolicySpecification, ...]] = (
    PolicySpecification(
        identifier="consent",
        kind="require",
        expression="consent.granted",
        because="Nobody hears from us who did not agree to it, on that very channel.",
        where="built in",
    ),
    PolicySpecification(
        identifier="campaign-not-running",
        kind="deny",
        when='action.verb in ["set_bid", "pause_spend"]',
        expression="not campaign.is_running",
        because="What has ended, is paused or has not begun has no bid and spends nothing.",
        where="built in",
    ),
    PolicySpecification(
        identifier="campaign-not-paused",
        kind="deny",
        when='action.verb == "resume_spend"',
        expression="campaign.is_running or campaign.has_ended",
        because="Only what is paused and has not ended can be resumed.",
        where="built in",
    ),
)

BECAUSE: Final = {
    MISSING: "An action without all its parameters cannot be carried out.",
    OUTSIDE_PARAMETERS: "No bid lies within all the parameters of its rule.",
    NO_COUNTERFACTUAL: "Money is moved only where it can be told what that brings against no change.",
    UNSURE: "It is not sure enough that this is better than no change.",
    APPROVED_SPEND: "No channel, and not all of them together, may spend more than was approved for the month.",
    DONE: "The same was done to it a short while ago.",
    TAKEN: "Another rule changes the same of it today; of two, the first in the playbook does.",
}
"""Reasons that are no policies: what no expression over one action can say."""

# Sides matter to messages alone; what the built-in policies of messages name is there so that tests can be compiled.
_EVERYWHERE: Final = {
    name: Declaration(name, SIDES[name.partition(".")[0]], kind) for name, kind in ALWAYS_DECLARED.items()
}


def is_only_about_actions(policy: PolicySpecification) -> bool:
    """Whether a policy names what only actions have, so that no message is asked about it.

    A text that does not parse is left to the checks of messages, which say what is wrong with it.
    """
    written = [text for text in (policy.when, policy.expression) if text]
    if not any(space in text for text in written for space in ONLY_ACTIONS):
        return False
    try:
        rule = read_rule(policy)
    except PolicyError:
        return False
    return any(name.startswith(ONLY_ACTIONS) for name in _named(rule))


def action_attributes(subjects: Subjects) -> Attributes:
    """Everything that a policy about actions may name."""
    found: dict[str, Declaration] = dict(_EVERYWHERE)
    for kind in SUBJECT_KINDS:
        for name, declaration in subjects.attributes(kind).declared.items():
            if name not in found or found[name].type == "unknown":
                found[name] = declaration
    for verb in available().values():
        for one in verb.parameters:
            found[PARAMETER + one.name] = Declaration(PARAMETER + one.name, "customer", one.kind)
    for name in TEXTS:
        found[PARAMETER + name] = Declaration(PARAMETER + name, "customer", "text")
    for name in NUMBERS:
        found[PARAMETER + name] = Declaration(PARAMETER + name, "customer", "number")
    return Attributes(found)


def screen(
    proposals: pd.DataFrame, subjects: Subjects, policies: Sequence[PolicySpecification]
) -> tuple[list[list[str]], pd.Series]:
    """Which policies refuse each proposal, and on which lawful basis customers are reached.

    Returns:
        Policy ids per proposal, the built-in ones first; the basis of the consent, None where none was asked for.

    Raises:
        PolicyError: A policy that names what only actions have does not fit what is known.
    """
    refused: list[list[str]] = [[] for _ in range(len(proposals))]
    basis = pd.Series([None] * len(proposals), dtype=object)
    rules = [read_rule(policy) for policy in (*BUILT_IN, *policies) if policy.kind in ASKED]
    known = action_attributes(subjects)
    for rule in rules:
        if any(name.startswith(ONLY_ACTIONS) for name in _named(rule)):
            for problem in rule_problems(rule, known):
                raise PolicyError(problem.what, where=rule.where, remedy=problem.remedy, column=problem.column)
    speaks = _speaks(proposals)
    for group_key, places in proposals.groupby(["subject_kind", "verb", speaks], sort=False).indices.items():
        kind, verb, is_speaking = cast("tuple[SubjectKind, str, bool]", group_key)
        at = np.asarray(places, dtype=np.int64)
        group = proposals.iloc[at].reset_index(drop=True)
        table, words = _table(group, subjects, kind, verb_named(verb), is_speaking=bool(is_speaking))
        if words is not None:
            basis.iloc[at] = words
        for rule in rules:
            if _is_asked(rule, table):
                for place in at[_refuses(rule, table)]:
                    refused[place].append(rule.identifier)
    return refused, basis


def check_policies(policies: Iterable[PolicySpecification], subjects: Subjects) -> list[PolicyError]:
    """What is wrong with the policies about actions: unknown attributes, wrong types, own tests that fail."""
    from decisioning.policies.own_tests import failures

    known, found = action_attributes(subjects), []
    for policy in policies:
        if not is_only_about_actions(policy):
            continue
        rule = read_rule(policy)
        problems = [
            PolicyError(one.what, where=rule.where, remedy=one.remedy, column=one.column)
            for one in rule_problems(rule, known)
        ]
        found += problems or list(failures(policy, known))
    return found


def _named(rule: Rule) -> frozenset[str]:
    return attribute_names(rule.when) | attribute_names(rule.expression)


def _is_asked(rule: Rule, table: AttributeTable) -> bool:
    return _named(rule) <= set(table.columns)


def _refuses(rule: Rule, table: AttributeTable) -> Truths:
    found = holds(negation_normal_form(rule.refusal), table.column, unknown=True)
    return np.asarray(np.broadcast_to(found, (table.shape[0], 1))[:, 0], dtype=np.bool_)


def _speaks(proposals: pd.DataFrame) -> "pd.Series[bool]":
    """Which proposals let a customer hear from us on a channel."""
    reaching = [name for name, verb in available().items() if verb.reaches_customer]
    channel = proposals.get(CHANNEL, pd.Series([None] * len(proposals), dtype=object, index=proposals.index))
    return (proposals["subject_kind"] == "customer") & (proposals["verb"].isin(reaching) | channel.notna())


def _table(
    group: pd.DataFrame, subjects: Subjects, kind: SubjectKind, verb: Verb, *, is_speaking: bool
) -> "tuple[AttributeTable, npt.NDArray[np.object_] | None]":
    """What can be known of proposals of one verb about subjects of one kind, and the lawful basis of each."""
    frame = subjects.frames[kind].drop(columns=KEY)
    parts = [frame.iloc[group["row"].to_numpy()].reset_index(drop=True)]
    own: dict[str, pd.Series[Any]] = {PARAMETER + one.name: _column(group, one) for one in verb.parameters}
    own |= {f"{PARAMETER}{name}": group[column].astype(object) for name, column in TEXTS.items()}
    own |= {PARAMETER + name: group[name].astype(np.float64) for name in NUMBERS}
    parts.append(pd.DataFrame(own))
    basis = None
    if is_speaking:
        words = _consents(group, subjects.consents)
        basis = words["basis"].to_numpy(dtype=object)
        parts.append(words.rename(columns=lambda name: f"consent.{name}"))
        channels = subjects.frames["channel"]
        at = pd.Index(channels[KEY], dtype=object).get_indexer(pd.Index(own[CHANNEL], dtype=object))
        places = pd.Index(np.where(at >= 0, at, len(channels)))
        parts.append(channels.drop(columns=KEY).reindex(places).reset_index(drop=True))
    types = {PARAMETER + one.name: one.kind for one in verb.parameters} | {"consent.granted": "boolean"}
    return _typed(pd.concat(parts, axis="columns"), types), basis


def _column(group: pd.DataFrame, one: Parameter) -> "pd.Series[Any]":
    """A parameter of proposals, missing where no rule stated it."""
    name, is_number = PARAMETER + one.name, one.kind == "number"
    if name not in group:
        return pd.Series([np.nan if is_number else None] * len(group), dtype=np.float64 if is_number else object)
    return group[name].astype(np.float64) if is_number else group[name].astype(object)


def _consents(group: pd.DataFrame, consents: pd.DataFrame) -> pd.DataFrame:
    """The word of each proposal's customer on its channel: granted, basis."""
    wanted = pd.DataFrame({"customer_id": group["subject_id"], "channel_id": group[CHANNEL]}, dtype=object)
    words = consents[["customer_id", "channel_id", "granted", "basis"]].drop_duplicates(["customer_id", "channel_id"])
    found = wanted.merge(words.astype({"customer_id": object, "channel_id": object}), how="left")
    return found[["granted", "basis"]].astype(object)


def _typed(frame: pd.DataFrame, types: Mapping[str, str]) -> AttributeTable:
    """The table of a frame, where a column without any value has its declared type all the same."""
    declared_here = dict(declared(frame).declared)
    for name, kind in types.items():
        if name in frame:
            declared_here[name] = Declaration(name, "customer", _VALUE_TYPES[kind])
    return built(Attributes(declared_here), frame)


_VALUE_TYPES: Final[Mapping[str, ValueType]] = {"number": "number", "text": "text", "boolean": "boolean"}
