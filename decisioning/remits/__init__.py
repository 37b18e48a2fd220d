"""Delegated authority: what an agent is for, what it may do, within which limits, and who answers for it.

`values` says what a remit is, `linter` what makes one an abdication, `compiling` which policies and limits it becomes,
`authority` under which remit a decision is made, `triggers` what of it waits for a person, `wording` what it says in
plain words and `changes` what a newer one widens or narrows. An agent is a remit and has no code of its own.
"""
