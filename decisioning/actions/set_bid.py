"""`set_bid`: bid more or less for what a campaign buys."""

from decisioning.verb import Inverse, Parameter, Verb

VERB = Verb(
    name="set_bid",
    meaning="Sets the bid of a campaign.",
    subject_kinds=("campaign",),
    parameters=(
        Parameter("bid", "number", "the new bid", "currency", minimum=0),
        Parameter("bid_before", "number", "the bid that it replaces", "currency", minimum=0),
    ),
    consequence="serious",
    detectability="within a day",
    leaves_through="bids",
    per_day=20,
    is_spending=True,
    changes="what a campaign spends",
    inverse=Inverse("set_bid", {"bid": "bid_before", "bid_before": "bid"}),
)
