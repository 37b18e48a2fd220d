"""`pause_spend`: stop spending on a campaign."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="pause_spend",
    meaning="Stops all spending of a campaign until somebody resumes it.",
    subject_kinds=("campaign",),
    parameters=(Parameter("note", "text", "what whoever looks at it should know", is_required=False),),
    consequence="minor",
    detectability="within a day",
    leaves_through="campaigns",
    per_day=20,
    is_spending=True,
    changes="what a campaign spends",
    inverse=Inverse("resume_spend", {}),
)
