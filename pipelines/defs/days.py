"""The daily partitions that all assets share. A partition is a local day of the playbook."""

import dagster as dg

FIRST_DAY = "2000-01-01"

# Dagster counts days in UTC: when its own has not begun yet, the next one has already where the sun rises first.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=2)
