"""Observing the graph: what it holds, how whole and how current it is, and how far decisions may trust it."""
