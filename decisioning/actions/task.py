"""`task`: give a person something to do, such as a call."""

from decisioning.verb import Parameter, Verb

VERB = Verb(
    name="task",
    meaning="Gives somebody of ours something to do.",
    subject_kinds=("customer", "account", "campaign"),
    parameters=(
        Parameter("assignee", "text", "who is to do it: a person, a role or a queue"),
        Parameter("title", "text", "what is to be done"),
        Parameter("due_days", "number", "how soon", "days", is_required=False, minimum=0),
        Parameter(
            "channel", "text", "how a customer is to be reached, so that consent is asked for", is_required=False
        ),
    ),
    consequence="minor",
    detectability="at once",
    leaves_through="tasks",
    per_day=50,
    told_apart_by=("assignee", "title"),
    cannot_be_undone_because="somebody has read it by then; the queue itself can drop what is still open",
)
