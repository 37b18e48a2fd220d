"""`send`: say something to a customer on a channel."""

from decisioning.verb import Parameter, Verb

VERB = Verb(
    name="send",
    meaning="Sends a message to a customer.",
    subject_kinds=("customer",),
    parameters=(
        Parameter("asset", "text", "what is said"),
        Parameter("channel", "text", "where"),
        Parameter("send_at", "text", "when, UTC"),
    ),
    consequence="minor",
    detectability="within a day",
    leaves_through="channel",
    per_day=10_000_000,
    reaches_customer=True,
    changes="the day's message",
    is_for_rules=False,
    cannot_be_undone_because="what was read cannot be unread; until the channel has sent it, it can be cancelled",
)
