"""`enrol`: put a customer into a programme that goes on by itself, such as a nurture or a sequence."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="enrol",
    meaning="Puts a customer into a programme of another system.",
    subject_kinds=("customer",),
    parameters=(
        Parameter("programme", "text", "the nurture or sequence"),
        Parameter("channel", "text", "where it speaks to them"),
    ),
    consequence="minor",
    detectability="within weeks",
    leaves_through="enrolments",
    per_day=1_000,
    reaches_customer=True,
    told_apart_by=("programme",),
    inverse=Inverse("unenrol", {"programme": "programme"}),
)
