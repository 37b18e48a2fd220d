"""The named rules of belief: what each says, how fast it fades, and the event that its confidence is the chance of.

Confidence is `Curve.chance` of a tally that every rule keeps: k of n occasions in the customer's own past on which the
event, or the nearest thing to it, came true. The curves were fitted on simulated customers (`benchmarks/
belief_reliability.py`, which also measures how honest they are on customers it did not fit), that of `repeat-purchase`
also on half the households of the grocer's data (`benchmarks/belief_grocer.py`); the playbook has no say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Relation = Literal["INTERESTED_IN", "PREFERS", "OBJECTS_TO", "TRIGGERED_BY"]
Numbers = npt.NDArray[np.float64]

LOWEST, HIGHEST = 0.02, 0.98
"""Nobody is ever surer than this, either way."""

REPEAT_PURCHASE: Final = "repeat-purchase"
MOST_BROWSED: Final = "most-browsed"
ENGAGED: Final = "engaged"
CHOSEN_MOST: Final = "chosen-most"
ANSWERS_ON: Final = "answers-on"
CHECKOUT_LEFT: Final = "checkout-left"
PRICING_VISITED: Final = "pricing-visited"
RETURNING_VISITOR: Final = "returning-visitor"
OBSERVED: Final = "observed"
OFFERS_IGNORED: Final = "offers-ignored"
REFUSED: Final = "refused"
RETURNED: Final = "returned"
HESITATED: Final = "hesitated"
STATED: Final = "stated"


@dataclass(frozen=True)
class Curve:
    """A logistic curve from a tally and a weight to a probability.

    Attributes:
        base: Log-odds without any evidence of one's own.
        by_tally: What the log-odds of (k + 1) / (n + 2) count for.
        by_weight: What the natural logarithm of 1 + weight counts for.
    """

    base: float
    by_tally: float
    by_weight: float = 0.0

    def chance(self, tally: Numbers, occasions: Numbers, weight: Numbers) -> Numbers:
        """The probability of the rule's event, between LOWEST and HIGHEST.

        Args:
            tally: k, how often it came true.
            occasions: n, how often it could have.
            weight: Weight of the evidence.
        """
        odds = np.log((tally + 1) / (occasions - tally + 1))
        log_odds = self.base + self.by_tally * odds + self.by_weight * np.log1p(weight)
        return np.asarray(np.clip(1 / (1 + np.exp(-log_odds)), LOWEST, HIGHEST), dtype=np.float64)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: Its name, as beliefs carry it.
        relation: What it says.
        event: What its confidence is the probability of, after the newest evidence (`valid_from`).
        half_life_days: Days in which its weight halves; None for the playbook's general half-life.
        curve: From its tally to that probability; None where somebody states it.
    """

    name: str
    relation: Relation | None
    event: str
    half_life_days: float | None
    curve: Curve | None


_RULES = (
    Rule(
        REPEAT_PURCHASE,
        "INTERESTED_IN",
        "shops in the category again, on another day, within 28 days",
        None,
        Curve(-2.17, 0.29, 1.36),
    ),
    Rule(
        MOST_BROWSED,
        "INTERESTED_IN",
        "looks at a product of the category again, on another day, within 28 days",
        None,
        Curve(-1.02, 0.48, 0.69),
    ),
    Rule(
        ENGAGED,
        "INTERESTED_IN",
        "shows interest in it again, on another day, within 28 days",
        30.0,
        Curve(-0.51, 0.72, 0.52),
    ),
    Rule(
        CHOSEN_MOST,
        "PREFERS",
        "the next visit that is about anything is about this",
        60.0,
        Curve(-0.34, 0.97, 0.28),
    ),
    Rule(
        ANSWERS_ON,
        "PREFERS",
        "answers the next message on this channel within 14 days",
        90.0,
        Curve(-1.47, 0.54, 0.63),
    ),
    Rule(CHECKOUT_LEFT, "TRIGGERED_BY", "buys something within 14 days", 7.0, Curve(0.35, 0.18, 0.74)),
    Rule(
        PRICING_VISITED,
        "TRIGGERED_BY",
        "asks for a demo or a trial, starts a checkout or buys within 28 days",
        14.0,
        Curve(0.49, 0.41, 0.4),
    ),
    Rule(
        RETURNING_VISITOR,
        "TRIGGERED_BY",
        "comes back to the topic, on another day, within 14 days",
        14.0,
        Curve(-1.29, 0.76, 0.99),
    ),
    Rule(OBSERVED, "TRIGGERED_BY", "what was observed is so, as its source states", 14.0, None),
    Rule(
        OFFERS_IGNORED,
        "OBJECTS_TO",
        "the next purchase is at full price",
        120.0,
        Curve(0.01, 0.96, 0.16),
    ),
    Rule(REFUSED, "OBJECTS_TO", "answers no message about it within 28 days", 180.0, Curve(1.7, 0.25, 0.17)),
    Rule(
        RETURNED,
        "OBJECTS_TO",
        "sends back something of the next order in the category",
        120.0,
        Curve(-1.46, 0.94, 0.88),
    ),
    Rule(HESITATED, "OBJECTS_TO", "buys nothing within 14 days", 14.0, Curve(-0.09, -0.22, 0.02)),
    Rule(STATED, None, "what was stated is so, as its author states", 365.0, None),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _RULES})
"""Every rule by its name."""
