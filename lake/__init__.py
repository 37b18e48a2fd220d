"""The floor: canonical tables, their storage in Delta Lake, and the ledger of runs. Knows no other room."""
