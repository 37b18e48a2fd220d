"""From the playbook's files to the settings that the pure core takes."""

from dataclasses import replace
from typing import Any

from decisioning.acting.policies import is_only_about_actions
from decisioning.acting.settings import ActionSettings
from decisioning.plays import available
from decisioning.policies.builtin import BESIDE, BUILT_IN
from decisioning.remits.authority import plays_that_may_send
from decisioning.remits.compiling import action_policies, actions_per_day, limits_of_remit, policies_of
from decisioning.remits.triggers import reasons_of
from decisioning.settings import (
    CampaignSettings,
    ChannelSettings,
    DecisionSettings,
    OrderSettings,
    PlaySettings,
    PolicySpecification,
    Season,
)
from forecasting.settings import ForecastSettings, Prior
from graph.affinity import AffinitySettings
from graph.beliefs import BeliefSettings
from graph.settings import DECLARED_OUTCOMES, RelateSettings
from pipelines.errors import PlaybookError
from pipelines.playbook import PlacedPolicy, Playbook
from pipelines.playbook_actions import action_settings
from pipelines.playbook_boosts import boost_settings
from pipelines.playbook_files import (
    CapRule,
    ChannelFile,
    ParityRule,
    PersonRule,
    Policy,
    RedactRule,
)
from pipelines.playbook_limits import limit_settings
from pipelines.playbook_plays import MessageOrder, Play

DEFAULT_CONFIDENCE_CAPS = {"assumed": 0.60, "adjusted": 0.85, "randomised": 1.00}
THEMED = "shift-of-interest"
DEFAULT_UPLIFT = Prior(mean=0.03, low=0.0, high=0.06)


def decision_settings(playbook: Playbook) -> DecisionSettings:
    """What the decision core needs of the playbook."""
    warrant, remits = playbook.warrant, playbook.remits
    plays = play_settings(playbook)
    may_send = plays_that_may_send(remits, [play.name for play in plays])
    stated = tuple(one for one in stated_policies(playbook) if not is_only_about_actions(one))
    return DecisionSettings(
        timezone=warrant.timezone,
        plays=tuple(play for play in plays if play.name in may_send),
        policies=(*stated, *(policy for remit in remits for policy in policies_of(remit))),
        audiences=dict(playbook.audiences),
        channels=tuple(_channel(key, channel) for key, channel in sorted(playbook.channels.channels.items())),
        budget=warrant.budget_per_day,
        limits=(*limit_settings(playbook), *(limit for remit in remits for limit in limits_of_remit(remit))),
        remits=remits,
        kept_share=warrant.kept_for_events,
        boosts=boost_settings(playbook),
        holdout_share=warrant.holdout_share,
        holdout_salt=warrant.holdout_salt,
        exploration=warrant.exploration,
        value_window_days=warrant.objective.value_window_days,
        confidence_cap=DEFAULT_CONFIDENCE_CAPS | dict(warrant.confidence_caps),
        seed=warrant.seed,
        required_readiness=warrant.required_readiness,
        seasons=tuple(Season(name, stated.from_, stated.until) for name, stated in sorted(warrant.seasons.items())),
    )


def stated_policies(playbook: Playbook) -> tuple[PolicySpecification, ...]:
    """All policies of `policies/`, those about messages and those about other actions."""
    return tuple(policy_of(placed) for placed in playbook.policies)


def acting_settings(playbook: Playbook) -> ActionSettings | None:
    """What deciding on actions beyond messages needs of the playbook; None without `actions.yaml`."""
    caps = DEFAULT_CONFIDENCE_CAPS | dict(playbook.warrant.confidence_caps)
    policies = stated_policies(playbook) + action_policies(playbook.remits)
    for_messages = tuple(policy for remit in playbook.remits for policy in policies_of(remit))
    found = action_settings(playbook, policies + for_messages, caps)
    return None if found is None else replace(found, limits=actions_per_day(playbook.remits, found.limits))


def policy_reasons(playbook: Playbook) -> dict[str, str]:
    """Why each policy refuses, as its `because` says: the built-in ones, the playbook's, and those beside them."""
    written = {placed.policy.id: placed.policy.because for placed in playbook.policies}
    built_in = {policy.identifier: policy.because for policy in BUILT_IN}
    agents = {policy.identifier: policy.because for remit in playbook.remits for policy in policies_of(remit)}
    agents |= {name: because for remit in playbook.remits for name, because in reasons_of(remit).items()}
    actions = {policy.identifier: policy.because for policy in action_policies(playbook.remits)}
    return {**built_in, **written, **agents, **actions, **BESIDE}


def forecast_settings(playbook: Playbook) -> ForecastSettings:
    """What the forecasts need of the playbook; a kind of asset without a stated prior gets the default one."""
    warrant = playbook.warrant
    return ForecastSettings(
        value_window_days=warrant.objective.value_window_days,
        minimum_days=warrant.cadence.minimum_days,
        margin_pct=warrant.objective.margin_pct,
        uplift={kind: Prior(belief.mean, belief.low, belief.high) for kind, belief in warrant.uplift.kinds.items()},
        default_uplift=DEFAULT_UPLIFT,
        uplift_source=warrant.uplift.because,
        redemption_prior=warrant.redemption.prior,
    )


def relate_settings(playbook: Playbook) -> RelateSettings:
    """What relate needs of the playbook."""
    graph, beliefs = playbook.warrant.graph, playbook.warrant.beliefs
    return RelateSettings(
        product_threshold=graph.product_threshold_days,
        beliefs=BeliefSettings(**beliefs.model_dump()),
        affinity=AffinitySettings(graph.size_orders),
        outcomes={**DECLARED_OUTCOMES, **graph.outcomes},
        outcome_window_days=playbook.warrant.objective.value_window_days,
        expired_days=graph.expired_days,
    )


def play_settings(playbook: Playbook) -> tuple[PlaySettings, ...]:
    """The plays that are on: those of `plays.yaml`, or all there are when it names none.

    Raises:
        PlaybookError: An unknown play, threshold or audience, with its line.
    """
    known = available()
    stated = playbook.plays.plays or dict.fromkeys(known)
    for name in stated:
        if name not in known:
            raise PlaybookError(
                f"there is no play `{name}`.", where=_where(playbook, name), remedy=f"Known: {', '.join(known)}."
            )
    excluded = frozenset(entry.category for entry in playbook.plays.excluded_categories)
    plays = [(name, play or Play()) for name, play in stated.items()]
    return tuple(_play(playbook, name, play, excluded) for name, play in plays if play.enabled)


def _play(playbook: Playbook, name: str, play: Play, excluded: frozenset[str]) -> PlaySettings:
    defaults = available()[name].defaults
    for threshold in play.thresholds:
        if threshold not in defaults:
            raise PlaybookError(
                f"the play `{name}` has no threshold `{threshold}`.",
                where=_where(playbook, name, "thresholds", threshold),
                remedy=f"Known: {', '.join(defaults) or 'none'}.",
            )
    if play.themes and name != THEMED:
        raise PlaybookError(
            f"the play `{name}` has no themes.",
            where=_where(playbook, name, "themes"),
            remedy=f"State them under `{THEMED}`.",
        )
    for position, campaign in enumerate(play.campaigns):
        if campaign.audience is not None and campaign.audience not in playbook.audiences:
            raise PlaybookError(
                f"there is no audience `{campaign.audience}`.",
                where=_where(playbook, name, "campaigns", position, "audience"),
                remedy=f"Known: {', '.join(playbook.audiences) or 'none; write audiences.yaml'}.",
            )
    return PlaySettings(
        name=name,
        thresholds=dict(play.thresholds),
        answers=play.answers,
        excluded_categories=excluded,
        campaigns=tuple(
            CampaignSettings(campaign.name, campaign.audience, campaign.assets, campaign.from_, campaign.until)
            for campaign in play.campaigns
        ),
        orders=None if play.order is None else tuple(_order(order) for order in play.order),
        themes=dict(play.themes),
    )


def _order(order: MessageOrder) -> OrderSettings:
    return OrderSettings(
        because=order.because,
        first=order.first,
        last=order.last,
        when=order.when,
        is_stepwise=order.stepwise,
        tried_days=order.tried_days,
    )


def policy_of(placed: PlacedPolicy) -> PolicySpecification:
    """A policy of a file as the decision core takes it."""
    policy = placed.policy
    return PolicySpecification(
        identifier=policy.id,
        because=policy.because,
        when=policy.when,
        tests=policy.tests,
        where=placed.where,
        starts=placed.starts,
        **_of_its_kind(policy),
    )


def _of_its_kind(policy: Policy) -> dict[str, Any]:
    """The kind of a policy, and what only policies of that kind have."""
    stated: dict[str, Any] = {"kind": "deny", "expression": policy.deny}
    match policy:
        case Policy(require=str(expression)):
            stated = {"kind": "require", "expression": expression}
        case Policy(require=PersonRule(approval=str(who))):
            stated = {"kind": "approval", "who": who}
        case Policy(require=PersonRule(sign_off=str(who))):
            stated = {"kind": "sign_off", "who": who}
        case Policy(escalate=str(expression)):
            stated = {"kind": "escalate", "expression": expression, "who": policy.to}
        case Policy(cap=CapRule() as cap):
            stated = {"kind": "cap", "expression": cap.of, "count": cap.count, "days": cap.days}
        case Policy(redact=RedactRule(all_but=permitted)):
            stated = {"kind": "permit", "fields": permitted}
        case Policy(redact=tuple(withheld)):
            stated = {"kind": "redact", "fields": withheld}
        case Policy(parity=ParityRule() as rule):
            numbers = {"by": rule.by, "within": rule.within, "least": rule.least}
            stated = {"kind": "parity", "expression": rule.of, **numbers}
    return stated


def _channel(key: str, channel: ChannelFile) -> ChannelSettings:
    return ChannelSettings(
        channel_id=key,
        kind=channel.kind,
        cost_per_touch=channel.cost_per_touch,
        capacity=channel.capacity,
        budget=channel.budget,
        template_limit=channel.template_limit,
        quiet_from=channel.quiet_hours.from_ if channel.quiet_hours else None,
        quiet_until=channel.quiet_hours.until if channel.quiet_hours else None,
        send_hour=channel.send_hour,
        p_opt_out=channel.opt_out.probability,
        future_margin=channel.opt_out.future_margin,
        is_assumed=channel.assumed,
    )


def _where(playbook: Playbook, *location: str | int) -> str:
    file = playbook.files.get("plays.yaml")
    return file.where(("plays", *location)) if file else str(playbook.folder)
