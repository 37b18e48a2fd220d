"""What customers did: purchases, signals, measures of them, and what they wrote."""

from lake.columns import RowRule, Table
from lake.tables.declaring import number, prose, text, time
from lake.tables.vocabularies import MESSAGE_DIRECTIONS, PURCHASE_KINDS

PURCHASES = Table(
    "purchases",
    ("order_id", "line"),
    (
        text("order_id", "Key of the order.", required=True),
        text("line", "Line within the order.", required=True),
        text("customer_id", "Who bought.", required=True, of="customers.customer_id"),
        text("kind", "Sale or return.", required=True, one_of=PURCHASE_KINDS),
        number("net_value", "Paid after discount, without tax, negative for returns, in currency.", required=True),
        time("occurred_at", "When.", required=True),
        text("product_id", "What; without it the line counts for value only.", of="products.product_id"),
        number("quantity", "How many units; without it the line counts for value only."),
        number("discount", "What offers took off, in currency; null = unknown."),
        text("currency", "Currency of the amounts."),
        text("original_order_id", "For a return: the order it returns."),
        text("store_id", "Where."),
        time("received_at", "When we learnt of it."),
    ),
    event_time="occurred_at",
    learnt=("received_at",),
    rules=(
        RowRule(
            "a sale with quantity 0 or less",
            "kind != 'sale' or quantity > 0 or quantity != quantity",
            ("kind", "quantity"),
        ),
        RowRule("a sale with value 0 or less", "kind != 'sale' or net_value > 0", ("kind", "net_value")),
    ),
)

SIGNALS = Table(
    "signals",
    ("signal_id",),
    (
        text("signal_id", "Key of the signal.", required=True),
        text("customer_id", "Who; null for a visitor who is not known.", of="customers.customer_id"),
        text("anonymous_id", "The visitor, where the customer is not known."),
        text("name", "What happened, in the words of Segment's specification: Product Viewed, ….", required=True),
        time("occurred_at", "When.", required=True),
        time("received_at", "When we learnt of it."),
        text("session_id", "Session it belongs to."),
        text("product_id", "Product it concerns.", of="products.product_id"),
        text("asset_id", "Asset it concerns."),
        text("channel_id", "Channel it came by."),
        text("campaign_id", "Campaign it came by."),
        text("topic", "Topic it concerns."),
        number("value", "Its value: a count, seconds or an amount, as the name says."),
        text("source", "Where it was recorded."),
        prose("properties", "Anything else, as JSON."),
    ),
    event_time="occurred_at",
    learnt=("received_at",),
)

SUMMARIES = Table(
    "summaries",
    ("customer_id", "name", "measured_at"),
    (
        text("customer_id", "Who.", required=True, of="customers.customer_id"),
        text("name", "What was measured: days_since_purchase, orders, spend, ….", required=True),
        time("measured_at", "When.", required=True),
        number("value", "The measure, in the unit of its name; spend in currency.", required=True),
        number("window_days", "Days before it that the measure covers.", minimum=0),
        text("category_id", "The category it is about; null = all.", of="categories.category_id"),
    ),
    event_time="measured_at",
)

MESSAGES = Table(
    "messages",
    ("message_id",),
    (
        text("message_id", "Key of the message.", required=True),
        text("customer_id", "With whom.", required=True, of="customers.customer_id"),
        text("direction", "Whether the customer wrote it or we did.", required=True, one_of=MESSAGE_DIRECTIONS),
        time("occurred_at", "When.", required=True),
        prose("text", "What was written; it never enters the graph.", required=True),
        text("touch_id", "The touch it answers or was."),
    ),
    event_time="occurred_at",
)
