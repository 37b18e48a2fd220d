"""Policies: text ▶ parsed ▶ checked ▶ compiled to machine words ▶ verdicts for every candidate.

`rules` reads what people write, `check` says what is wrong with it, `compile` and `screen` apply it to all candidates
at once, and `interpreter` says the same thing slowly, one candidate at a time, so that both can be compared.
"""
