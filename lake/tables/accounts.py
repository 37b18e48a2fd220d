"""The companies that customers work at, and what is being sold to them."""

from lake.columns import Table
from lake.tables.declaring import flag, number, text, time

ACCOUNTS = Table(
    "accounts",
    ("account_id",),
    (
        text("account_id", "Key of the account.", required=True),
        text("name", "Its name.", required=True),
        text("industry", "Its industry."),
        text("tier", "How much it matters to us."),
        flag("is_regulated", "Whether it is in a regulated trade."),
        text("region", "Where it is."),
        text("owner", "Who of us looks after it."),
    ),
)

OPPORTUNITIES = Table(
    "opportunities",
    ("opportunity_id",),
    (
        text("opportunity_id", "Key of the opportunity.", required=True),
        text("account_id", "With which account.", required=True, of="accounts.account_id"),
        text("stage", "Stage it has reached.", required=True),
        number("amount", "What it is worth, in currency.", required=True, minimum=0),
        time("opened_at", "When it was opened.", required=True),
        time("closed_at", "When it was closed; null while it is open."),
        flag("is_won", "Whether it was won; null while it is open."),
        text("owner", "Who of us looks after it."),
        text("campaign_id", "The campaign it came from."),
    ),
    event_time="opened_at",
)
