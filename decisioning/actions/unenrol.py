"""`unenrol`: take a customer out of a programme."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="unenrol",
    meaning="Takes a customer out of a programme of another system.",
    subject_kinds=("customer",),
    parameters=(
        Parameter("programme", "text", "the nurture or sequence"),
        Parameter("channel", "text", "where it spoke to them", is_required=False),
    ),
    consequence="trifling",
    detectability="within weeks",
    leaves_through="enrolments",
    per_day=1_000,
    told_apart_by=("programme",),
    inverse=Inverse("enrol", {"programme": "programme", "channel": "channel"}),
)
