"""`move_budget`: spend money of one channel on another."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="move_budget",
    meaning="Moves money of this month from one channel to another.",
    subject_kinds=("channel",),
    parameters=(
        Parameter("to", "text", "the channel that gets it"),
        Parameter("amount", "number", "how much", "currency per month", minimum=0),
    ),
    consequence="serious",
    detectability="within weeks",
    leaves_through="budgets",
    per_day=5,
    is_spending=True,
    needs_counterfactual=True,
    changes="the budgets of channels",
    told_apart_by=("to",),
    inverse=Inverse("move_budget", {"to": "subject", "amount": "amount"}, subject="to"),
)
