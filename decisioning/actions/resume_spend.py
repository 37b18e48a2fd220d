"""`resume_spend`: go on spending on a campaign that was paused."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="resume_spend",
    meaning="Lets a paused campaign spend again.",
    subject_kinds=("campaign",),
    parameters=(Parameter("note", "text", "what whoever looks at it should know", is_required=False),),
    consequence="serious",
    detectability="within a day",
    leaves_through="campaigns",
    per_day=20,
    is_spending=True,
    changes="what a campaign spends",
    inverse=Inverse("pause_spend", {}),
)
