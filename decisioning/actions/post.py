"""`post`: publish something for an audience, such as on a social network."""

from decisioning.verb import Parameter, Verb

VERB = Verb(
    name="post",
    meaning="Publishes something for an audience.",
    subject_kinds=("audience", "channel"),
    parameters=(
        Parameter("asset", "text", "what is published"),
        Parameter("note", "text", "what whoever publishes it should know", is_required=False),
    ),
    consequence="serious",
    detectability="at once",
    leaves_through="posts",
    per_day=3,
    told_apart_by=("asset",),
    cannot_be_undone_because="it can be taken down, and somebody has seen it by then",
)
