"""What the playbook tells relate: thresholds of what enters the graph, and how beliefs are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from graph.affinity import AffinitySettings
from graph.beliefs import BeliefSettings

DECLARED_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {"coupon": "redeemed", "offer": "redeemed", "reminder": "converted", "story": "clicked", "service": "replied"}
)
"""The outcome that each kind of asset is for, unless the playbook says otherwise."""


@dataclass(frozen=True)
class RelateSettings:
    """Settings of `graph.relate`.

    Attributes:
        product_threshold: Shopping days from which on `BOUGHT` a product is kept.
        beliefs: When evidence becomes a belief.
        affinity: What makes products alike.
        outcomes: Per kind of asset the outcome whose rate says how it performs.
        outcome_window_days: Days after a randomised assignment in which outcomes count towards lift.
        expired_days: Days for which an observation that no longer holds stays in the graph.
    """

    product_threshold: int = 2
    beliefs: BeliefSettings = field(default_factory=BeliefSettings)
    affinity: AffinitySettings = field(default_factory=AffinitySettings)
    outcomes: Mapping[str, str] = field(default_factory=lambda: DECLARED_OUTCOMES)
    outcome_window_days: float = 28.0
    expired_days: float = 91.0
