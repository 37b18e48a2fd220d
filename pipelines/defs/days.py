"""The daily partitions that all assets share. A partition is a local day of the playbook."""

import dagster as dg

FIRST_DAY = "2015-01-01"

DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
