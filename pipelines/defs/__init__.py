"""The loop as Dagster assets, one folder per step. Everything in here is imported at loading: assets only."""
