"""Actions beyond messages, as pure functions: rules and curves ▶ proposals ▶ screened ▶ capped ▶ records.

What may be done at all is declared in `decisioning.actions`; `act` is the page to read first.
"""
