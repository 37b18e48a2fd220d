"""What was sent, to whom at random, and what came of it."""

from lake.columns import RowRule, Table
from lake.tables.declaring import number, text, time
from lake.tables.vocabularies import MESSAGE_CLASSES, OUTCOME_NAMES

TOUCHES = Table(
    "touches",
    ("touch_id",),
    (
        text("touch_id", "Key of the touch; our own carry the decision's id.", required=True),
        text("customer_id", "Whom it reached.", required=True, of="customers.customer_id"),
        text("channel_id", "On which channel.", required=True),
        time("sent_at", "When.", required=True),
        text("asset_id", "Which asset, where that is recorded."),
        text("campaign_id", "For which campaign."),
        text("experiment_id", "In which experiment."),
        time("assigned_at", "When the experiment assigned it."),
        number("cost", "What it cost, in currency.", minimum=0),
        number("expected_cost", "What redemptions of its offer were expected to cost, in currency.", minimum=0),
        text("agent_id", "Who sent it."),
    ),
    event_time="sent_at",
)

PLANNED_TOUCHES = Table(
    "planned_touches",
    ("touch_id",),
    (
        text("touch_id", "Key of the touch that another system will send.", required=True),
        text("customer_id", "Whom it will reach.", of="customers.customer_id"),
        text("audience", "Whom it will reach, where that is an audience; one that is not known may reach anybody."),
        text("channel_id", "On which channel.", required=True),
        time("send_at", "When.", required=True),
        text("message_class", "What sort of message it is.", required=True, one_of=MESSAGE_CLASSES),
    ),
    rules=(
        RowRule(
            "neither customer_id nor audience, or both",
            "(customer_id == customer_id) != (audience == audience)",
            ("customer_id", "audience"),
        ),
    ),
)

ASSIGNMENTS = Table(
    "assignments",
    ("experiment_id", "customer_id", "assigned_at"),
    (
        text("experiment_id", "Key of the experiment.", required=True),
        text("customer_id", "Who was assigned.", required=True, of="customers.customer_id"),
        time("assigned_at", "When.", required=True),
        text("arm", "To which arm; `nothing` alone says that nothing was sent.", required=True),
        text("asset_id", "Asset of the arm."),
        text("channel_id", "Channel of the arm."),
        number("propensity", "Probability of this arm, 0 to 1.", minimum=0, maximum=1),
        time("active_until", "Until when the arm was in force."),
        time("observed_until", "Until when outcomes were counted."),
    ),
    event_time="assigned_at",
)

RESULTS = Table(
    "results",
    ("experiment_id", "customer_id", "assigned_at", "metric"),
    (
        text("experiment_id", "Key of the experiment.", required=True),
        text("customer_id", "Who was assigned.", required=True, of="customers.customer_id"),
        time("assigned_at", "When.", required=True),
        text("metric", "What was counted.", required=True),
        number("value", "What it came to, zeros included.", required=True),
        number("window_days", "Days after the assignment in which it was counted.", required=True, minimum=0),
    ),
    event_time="assigned_at",
)

OUTCOMES = Table(
    "outcomes",
    ("outcome_id",),
    (
        text("outcome_id", "Key of the outcome.", required=True),
        text("touch_id", "The touch it follows.", of="touches.touch_id"),
        text("customer_id", "Who did it.", of="customers.customer_id"),
        text("asset_id", "The asset it concerns."),
        text("name", "What happened.", required=True, one_of=OUTCOME_NAMES),
        time("occurred_at", "When.", required=True),
        number("value", "Its value: a count or an amount in currency, as the name says."),
    ),
    event_time="occurred_at",
)
