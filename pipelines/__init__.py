"""The day: playbook, sources in, steps of the loop, channels out. Dagster is known to `definitions` and `defs` only."""
