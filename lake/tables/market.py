"""What is known from elsewhere: observations, spend, supplied estimates, and what analysts assert."""

from lake.columns import Table
from lake.tables.declaring import number, prose, text, time
from lake.tables.vocabularies import EVIDENCE_GRADES, OBSERVATION_KINDS, OBSERVED_SUBJECTS

OBSERVATIONS = Table(
    "observations",
    ("observation_id",),
    (
        text("observation_id", "Key of the observation.", required=True),
        text("kind", "What sort of thing was observed.", required=True, one_of=OBSERVATION_KINDS),
        text("about_kind", "What sort of thing it is about.", required=True, one_of=OBSERVED_SUBJECTS),
        text("about_id", "Its key.", required=True),
        time("observed_at", "When.", required=True),
        number("value", "Its value, in the unit of its kind."),
        prose("text", "In words."),
        time("valid_until", "Until when it holds; without it for good."),
        text("source", "Who or what says so."),
        number("confidence", "How sure it is, 0 to 1.", minimum=0, maximum=1),
    ),
    event_time="observed_at",
)

SPEND = Table(
    "spend",
    ("campaign_id", "channel_id", "date"),
    (
        text("campaign_id", "For which campaign.", required=True, of="campaigns.campaign_id"),
        text("channel_id", "On which channel.", required=True),
        time("date", "On which day.", required=True),
        number("spend", "What it cost, in currency.", required=True, minimum=0),
        number("impressions", "How often it was shown.", minimum=0),
        number("clicks", "How often it was clicked.", minimum=0),
        number("conversions", "How often it led to what it was for.", minimum=0),
        number("revenue", "What that brought, in currency."),
        text("account_id", "The account it was spent on."),
    ),
    event_time="date",
)

ESTIMATES = Table(
    "estimates",
    ("subject_kind", "subject_id", "name"),
    (
        text("subject_kind", "What is estimated about: customer, product, ….", required=True),
        text("subject_id", "Its key.", required=True),
        text("name", "What is estimated, e.g. pclv.", required=True),
        number("value", "The estimate, in the unit of its name; pclv in currency.", required=True),
        number("low", "Lower end of its 95 % interval."),
        number("high", "Upper end of its 95 % interval."),
        number("sd", "Its standard deviation.", minimum=0),
        text("grade", "How it was identified.", one_of=EVIDENCE_GRADES),
        text("source", "Who or what says so."),
    ),
)

ASSERTIONS = Table(
    "assertions",
    ("assertion_id",),
    (
        text("assertion_id", "Key of the assertion.", required=True),
        text("subject", "Whom it is about: customer/<id>.", required=True),
        text("statement", "What holds, such as `prefers topic/tea until 2026-12-31 confidence 0.8`.", required=True),
        text("author", "Who says so.", required=True),
        prose("reason", "On what grounds.", required=True),
        time("asserted_at", "When.", required=True),
    ),
    event_time="asserted_at",
)
