"""`actions.yaml`: what is done beyond messages, by rules, within approved money and limits; and what it means.

Everything that the file alone can be wrong about is refused here, with its line: verbs that nobody declared, parameters
that a verb does not have or that are missing, bids without bounds, budgets above what was approved. What only the data
can tell (attributes) is found by `warrant check`, and again when a run decides.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, model_validator

from decisioning.acting.settings import ActionRule, ActionSettings, ChannelBudget, MoneySettings, Within
from decisioning.actions import UndeclaredVerbError, available, verb_named
from decisioning.verb import SUBJECT_KINDS, SubjectKind, Verb
from pipelines.errors import PlaybookError
from pipelines.playbook_files import ChannelName, Money, Share, Strict
from pipelines.yaml_lines import Location, YamlFile

if TYPE_CHECKING:
    from decisioning.settings import PolicySpecification
    from pipelines.playbook import Playbook

FILE: Final = "actions.yaml"
BIDDING: Final = "set_bid"
MOVING: Final = "move_budget"
LEAST_CONFIDENCE: Final = 0.70
"""From which confidence on curves move money, unless a rule says otherwise."""
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Value = Annotated[float, Field()] | str


class WithinFile(Strict):
    """What a number stays within."""

    at_least: Money | None = None
    at_most: Money | None = None
    change_pct: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "WithinFile":
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("has its at_most below its at_least")
        return self


class RuleFile(Strict):
    """One rule."""

    verb: str
    for_: SubjectKind = Field(alias="for")
    when: str = "true"
    because: Annotated[str, Field(min_length=1)]
    parameters: dict[str, Value] = Field(default_factory=dict)
    within: WithinFile = WithinFile()
    again_after_days: Annotated[float, Field(ge=0, le=3650)] = 7.0
    worth: Value | None = None
    most_per_day: Annotated[int, Field(ge=0)] | None = None
    least_confidence: Share | None = None


class BudgetFile(Strict):
    """What may be spent on a channel in a month."""

    budget: Money
    least: Money = 0.0
    most: Money | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "BudgetFile":
        if not self.least <= self.budget <= (self.budget if self.most is None else self.most):
            raise ValueError("must have least <= budget <= most")
        return self


class MoneyFile(Strict):
    """The approved spend of a month."""

    approved: Money
    by: Annotated[str, Field(min_length=1)]
    channels: Annotated[dict[ChannelName, BudgetFile], Field(min_length=1)]
    step: Annotated[float, Field(gt=0)] = 50.0


class ActionsFile(Strict):
    """`actions.yaml`."""

    rules: dict[RuleName, RuleFile] = Field(default_factory=dict)
    limits: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    money_per_month: MoneyFile | None = None


def action_settings(
    playbook: "Playbook", policies: "tuple[PolicySpecification, ...]", confidence_cap: Mapping[str, float]
) -> ActionSettings | None:
    """What deciding on actions needs of a playbook, None where it has no `actions.yaml`.

    Args:
        playbook: The playbook.
        policies: All of its policies.
        confidence_cap: Largest confidence per evidence grade.
    """
    stated = playbook.actions
    if stated is None:
        return None
    margin_pct = playbook.warrant.objective.margin_pct
    return ActionSettings(
        timezone=playbook.timezone,
        rules=tuple(_rule(name, rule, playbook.files[FILE]) for name, rule in stated.rules.items()),
        limits=dict(stated.limits),
        money=_money(stated.money_per_month),
        policies=policies,
        audiences=dict(playbook.audiences),
        confidence_cap=confidence_cap,
        margin_share=None if margin_pct is None else margin_pct / 100,
    )


def insist_on_sense(stated: ActionsFile, file: YamlFile, channels: Iterable[str]) -> None:
    """Refuse what the file alone shows to be wrong.

    Raises:
        UndeclaredVerbError: A verb that no file declares.
        PlaybookError: With the line.
    """
    known = sorted(channels)
    for name in stated.limits:
        verb_named(name, where=file.where(("limits", name)))
    for name, rule in stated.rules.items():
        _insist_on_rule(name, rule, stated, file)
    money = stated.money_per_month
    if money is None:
        return
    here: Location = ("money_per_month", "channels")
    for channel_id in money.channels:
        if channel_id not in known:
            raise PlaybookError(
                f"there is no channel `{channel_id}`.",
                where=file.where((*here, channel_id)),
                remedy=f"Name it in channels.yaml, as kind: ads. {_known(channel_id, known)}",
            )
    total = sum(one.budget for one in money.channels.values())
    if total > money.approved:
        raise PlaybookError(
            f"the budgets add up to {total:,.2f}, and {money.approved:,.2f} a month is approved.",
            where=file.where(("money_per_month", "approved")),
            remedy="Lower a budget, or let whoever approves money raise it.",
        )


def _insist_on_rule(name: str, rule: RuleFile, stated: ActionsFile, file: YamlFile) -> None:
    here: Location = ("rules", name)
    verb = verb_named(rule.verb, where=file.where((*here, "verb")))
    if not verb.is_for_rules:
        usable = ", ".join(one.name for one in available().values() if one.is_for_rules)
        raise PlaybookError(
            f"`{verb.name}` is chosen by plays, for each customer the best; no rule can call for it.",
            where=file.where((*here, "verb")),
            remedy=f"Rules can call for {usable}.",
        )
    if rule.for_ not in verb.subject_kinds:
        raise PlaybookError(
            f"`{verb.name}` cannot be done to a{'n' if rule.for_[0] == 'a' else ''} {rule.for_}.",
            where=file.where((*here, "for")),
            remedy=f"It is done to: {', '.join(verb.subject_kinds)}.",
        )
    _insist_on_parameters(verb, rule, file, here)
    if verb.name == BIDDING and (rule.within.at_least is None or rule.within.at_most is None):
        raise PlaybookError(
            "a bid changes only within parameters, and this rule states none.",
            where=file.where(here),
            remedy="Write within: {at_least: …, at_most: …, change_pct: …}; change_pct may be left out.",
        )
    if verb.name == MOVING and stated.money_per_month is None:
        raise PlaybookError(
            "money moves only inside what was approved, and nobody has approved any.",
            where=file.where(here),
            remedy="Write money_per_month: {approved: …, by: …, channels: {…}}.",
        )


def _insist_on_parameters(verb: Verb, rule: RuleFile, file: YamlFile, here: Location) -> None:
    declared = [one.name for one in verb.parameters]
    for name in rule.parameters:
        if name not in declared:
            raise PlaybookError(
                f"the verb `{verb.name}` has no parameter `{name}`.",
                where=file.where((*here, "parameters", name)),
                remedy=_known(name, declared),
            )
    if verb.name == MOVING and not rule.parameters:
        return  # the curves say how much goes where
    given = {*rule.parameters, *(("bid_before",) if verb.name == BIDDING else ())}
    lacking = [one for one in verb.parameters if one.is_required and one.name not in given]
    if lacking:
        said = "; ".join(f"{one.name}: {one.meaning}{f', {one.unit}' if one.unit else ''}" for one in lacking)
        raise PlaybookError(
            f"`{verb.name}` cannot be done without its parameter{'s' if len(lacking) > 1 else ''} "
            f"{', '.join(one.name for one in lacking)}.",
            where=file.where((*here, "parameters")),
            remedy=f"Write under parameters: {said}.",
        )


def _rule(name: str, rule: RuleFile, file: YamlFile) -> ActionRule:
    is_from_curves = rule.verb == MOVING and not rule.parameters
    least = LEAST_CONFIDENCE if is_from_curves and rule.least_confidence is None else rule.least_confidence
    return ActionRule(
        name=name,
        verb=rule.verb,
        subject_kind=rule.for_,
        when=rule.when,
        because=rule.because,
        parameters=dict(rule.parameters),
        within=Within(rule.within.at_least, rule.within.at_most, rule.within.change_pct),
        again_after_days=rule.again_after_days,
        worth=None if rule.worth is None else str(rule.worth),
        most=rule.most_per_day,
        least_confidence=least,
        is_from_curves=is_from_curves,
        where=file.where(("rules", name)),
    )


def _money(stated: MoneyFile | None) -> MoneySettings | None:
    if stated is None:
        return None
    budgets = tuple(
        ChannelBudget(channel_id, one.budget, one.least, one.budget if one.most is None else one.most)
        for channel_id, one in sorted(stated.channels.items())
    )
    return MoneySettings(stated.approved, budgets, stated.step)


def _known(name: str, known: Iterable[str]) -> str:
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    said = f"Did you mean `{nearest[0]}`? " if nearest else ""
    return f"{said}Known: {', '.join(names) or 'none'}."


__all__ = ["FILE", "SUBJECT_KINDS", "ActionsFile", "UndeclaredVerbError", "action_settings", "insist_on_sense"]
