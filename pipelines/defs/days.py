"""The daily partitions that all assets share. One partition is one local day of the playbook; never one per customer."""

import dagster as dg

FIRST_DAY = "2015-01-01"

DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
