"""What is believed about customers: one module per named rule, from evidence to weight, confidence, validity."""

from graph.beliefs.most_browsed import MOST_BROWSED, most_browsed
from graph.beliefs.repeat_purchase import REPEAT_PURCHASE, BeliefSettings, close_beliefs, repeat_purchase

__all__ = [
    "MOST_BROWSED",
    "REPEAT_PURCHASE",
    "BeliefSettings",
    "close_beliefs",
    "most_browsed",
    "repeat_purchase",
]
