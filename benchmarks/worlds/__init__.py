"""Simulated worlds: canonical tables together with the truth that made them, at any size, from a seed.

`simulate(CompanySettings(contacts=100_000, seed=7))` gives a `World`: `tables` are what a playbook's sources would
return, `truth` is what a model that sees only the tables should have found. Half of the behaviour, by account, is not
of the form that our models have.
"""

from benchmarks.worlds.settings import CompanySettings
from benchmarks.worlds.software_company import simulate
from benchmarks.worlds.world import Truth, World

__all__ = ["CompanySettings", "Truth", "World", "simulate"]
