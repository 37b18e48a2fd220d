"""Proving afterwards: runs sealed in the journal, everything verified, who did what, evidence to take away."""
