"""A small company to act in: accounts, people, campaigns and channels, as frames, in a few words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from decisioning.acting.act import Acted, Known, act
from decisioning.acting.settings import ActionRule, ActionSettings, ChannelBudget, MoneySettings
from decisioning.acting.subjects import Subjects, subjects_of
from forecasting.values.spend_curves import SpendCurves

AS_OF = datetime(2026, 3, 6, tzinfo=UTC)
CAMPAIGN = {"channel_id": "google", "kind": "search", "audience": None, "status": None, "budget": None}
HISTORY = ("verb", "subject_kind", "subject_id", "same_as", "days_ago")


def rule(verb: str = "task", **said: Any) -> ActionRule:
    """A rule with usual words."""
    usual: dict[str, Any] = {"name": verb.replace("_", "-"), "verb": verb, "subject_kind": "account", "when": "true"}
    return ActionRule(**(usual | {"because": "The test says so."} | said))


def curves(**steepness: float) -> SpendCurves:
    """Square-root curves: a channel of steepness s brings s × √spend a day, known for sure."""
    names = sorted(steepness)
    levels = np.linspace(0.0, 400.0, 801)
    response = np.stack([steepness[name] * np.sqrt(levels) for name in names])
    draws = np.stack([response * (1 + wobble) for wobble in (-0.1, 0.0, 0.1)])
    grade = np.array(["randomised"] * len(names), dtype=object)
    keys = np.array(names, dtype=object)
    return SpendCurves(keys, np.tile(levels, (len(names), 1)), draws, grade, grade, period_days=1)


@dataclass
class Company:
    """What there is; every method adds something and returns the company."""

    customers: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    spend: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    money: MoneySettings | None = None
    options: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    channels: tuple[str, ...] = ("email", "google", "linkedin")
    audiences: dict[str, int] = field(default_factory=dict)

    def customer(self, key: str, account: str | None = None, *, consents: bool = True, **said: Any) -> "Company":
        """Somebody who may be written to by e-mail."""
        usual = {"customer_id": key, "account_id": account, "is_held_out": False}
        self.customers.append(usual | said)
        if consents:
            self.consents.append({"customer_id": key, "channel_id": "email", "granted": True, "basis": "consent"})
        return self

    def account(self, key: str, **said: Any) -> "Company":
        """An account; what begins with `is_` or ends with `_score` is scored."""
        scored = {name: value for name, value in said.items() if name.startswith("is_") or name.endswith("_score")}
        own = {name: value for name, value in said.items() if name not in scored}
        self.accounts.append({"account_id": key, "name": key.title(), "tier": "strategic"} | own)
        self.scores[key] = scored
        return self

    def campaign(self, key: str, **said: Any) -> "Company":
        """A campaign that runs on Google."""
        times = {"starts_at": AS_OF - timedelta(days=60), "ends_at": AS_OF + timedelta(days=60)}
        self.campaigns.append({"campaign_id": key} | CAMPAIGN | times | {"bid": 2.0} | said)
        return self

    def spent(self, campaign: str, amount: float, *, days: int = 28, **said: Any) -> "Company":
        """A campaign spent so much on each of the last days."""
        channel = next((one["channel_id"] for one in self.campaigns if one["campaign_id"] == campaign), "google")
        for back in range(1, days + 1):
            keys = {"campaign_id": campaign, "channel_id": channel, "date": AS_OF - timedelta(days=back)}
            self.spend.append(keys | {"spend": amount} | said)
        return self

    def budget(self, approved: float, **channels: tuple[float, float, float]) -> "Company":
        """What was approved: in all, and (budget, least, most) of each channel."""
        budgets = tuple(ChannelBudget(name, *said) for name, said in sorted(channels.items()))
        self.money = MoneySettings(approved, budgets, step=10.0)
        return self

    def subjects(self) -> Subjects:
        """The frames."""
        channels = pd.DataFrame({"channel_id": list(self.channels), "title": list(self.channels)})
        tables = {
            "customers": _frame(self.customers, "customer_id", "account_id", "is_held_out"),
            "accounts": _frame(self.accounts, "account_id", "name", "tier"),
            "campaigns": _frame(self.campaigns, "campaign_id", *CAMPAIGN, "starts_at", "ends_at", "bid"),
            "channels": channels,
            "spend": _frame(self.spend, "campaign_id", "channel_id", "date", "spend"),
        }
        scores = [{"account_id": key} | said for key, said in self.scores.items()]
        return subjects_of(
            tables,
            account_scores=_frame(scores, "account_id"),
            consents=_frame(self.consents, "customer_id", "channel_id", "granted", "basis"),
            money=self.money,
            budgets=self._budgets(),
            audiences=self.audiences,
            as_of=AS_OF,
            timezone="UTC",
        )

    def act(self, *rules: ActionRule) -> Acted:
        """Decide by these rules."""
        caps = {"assumed": 0.6, "adjusted": 0.85, "randomised": 1.0}
        settings = ActionSettings("UTC", rules, money=self.money, confidence_cap=caps, **self.options)
        history = _frame(self.known.pop("history", []), *HISTORY)
        known = Known(AS_OF, history, **({"budgets": self._budgets()} | self.known))
        return act(self.subjects(), settings, known)

    def _budgets(self) -> Mapping[str, float]:
        return {one.channel_id: one.budget for one in self.money.budgets} if self.money else {}


def _frame(rows: list[dict[str, Any]], *columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=None if rows else list(columns))
    return frame.reindex(columns=list(dict.fromkeys([*columns, *frame.columns])))
