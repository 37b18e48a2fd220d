"""`reply`: answer a customer who wrote to us."""

from decisioning.verb import Parameter, Verb

VERB = Verb(
    name="reply",
    meaning="Answers a message of a customer.",
    subject_kinds=("customer",),
    parameters=(
        Parameter("message", "text", "the message that is answered"),
        Parameter("asset", "text", "the answer"),
        Parameter("channel", "text", "where"),
    ),
    consequence="serious",
    detectability="within a day",
    leaves_through="replies",
    per_day=1_000,
    reaches_customer=True,
    told_apart_by=("message",),
    is_for_rules=False,
    cannot_be_undone_because="what was read cannot be unread",
)
