"""What the playbook says about beliefs, as the rules take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from graph.beliefs.rules import RULES


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True)
class BeliefSettings:
    """When evidence becomes a belief, and how fast it fades.

    Attributes:
        minimum_days: Shopping days in a category from which on a customer is believed to be interested.
        half_life_days: Days in which the weight of evidence halves, for rules that have no half-life of their own.
        half_lives: Days per rule, by its name; wins over the rule's own.
        fidelity: How much a signal tells, 0 to 1, by its name or by `<source>/<name>`; wins over the defaults.
        expires_below: Weight below which a belief has expired, and evidence makes none.
        signal_days: Days for which a signal stays in the graph.
        signal_fidelity: Fidelity from which on a signal enters the graph.
    """

    minimum_days: int = 4
    half_life_days: float = 90.0
    half_lives: Mapping[str, float] = field(default_factory=_nothing)
    fidelity: Mapping[str, float] = field(default_factory=_nothing)
    expires_below: float = 0.25
    signal_days: float = 60.0
    signal_fidelity: float = 0.3

    def half_life(self, rule: str) -> float:
        """Days in which the weight of a rule's evidence halves."""
        own = RULES[rule].half_life_days
        return self.half_lives.get(rule, self.half_life_days if own is None else own)
