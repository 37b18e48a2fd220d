"""`show`: place something where a customer looks by themselves, such as a page."""

from decisioning.verb import Parameter, Verb

VERB = Verb(
    name="show",
    meaning="Shows something to a customer the next time they come.",
    subject_kinds=("customer",),
    parameters=(
        Parameter("asset", "text", "what is shown"),
        Parameter("channel", "text", "the place"),
        Parameter("send_at", "text", "from when, UTC"),
    ),
    consequence="trifling",
    detectability="within a day",
    leaves_through="channel",
    per_day=10_000_000,
    reaches_customer=True,
    changes="the day's message",
    is_for_rules=False,
    cannot_be_undone_because="what was seen cannot be unseen; the place can be given to something else at any time",
)
