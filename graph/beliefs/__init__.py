"""What is believed about customers: one module per named rule, from evidence to weight, confidence, validity."""

from graph.beliefs.believe import believe
from graph.beliefs.closing import close_beliefs, closed_table, earlier
from graph.beliefs.rules import RULES
from graph.beliefs.settings import BeliefSettings
from graph.beliefs.stated import parse_statement

__all__ = ["RULES", "BeliefSettings", "believe", "close_beliefs", "closed_table", "earlier", "parse_statement"]
