"""The canonical tables: what a source query must produce. Names, units, keys and closed lists are declared here only.

Times are UTC in microseconds: a time without zone is read as UTC, a date as 00:00 in the playbook's time zone. Money is
in the playbook's currency. How rows are checked against this is in `lake.quality`.
"""

from collections.abc import Mapping

from lake.columns import Column, RowRule, Table

PURCHASE_KINDS = ("sale", "return")
OFFER_KINDS = ("discount", "reward", "shipping", "value_add", "bundle")
FUNDED_BY = ("us", "manufacturer", "partner")
MESSAGE_CLASSES = ("marketing", "service", "transactional")
ASSET_KINDS = ("coupon", "reminder", "offer", "story", "service")
ASSET_STATUSES = ("draft", "active", "paused", "retired")
READINESS = ("draft", "reviewed", "approved")
CONSENT_PURPOSES = ("marketing", "service", "profiling")
CONSENT_BASES = ("consent", "legitimate_interest", "contract", "assumed")
OUTCOME_NAMES = (
    "delivered",
    "bounced",
    "opened",
    "clicked",
    "redeemed",
    "converted",
    "refunded",
    "unsubscribed",
    "complained",
    "replied",
)
EVIDENCE_GRADES = ("randomised", "adjusted", "assumed")


def _text(
    name: str, doc: str, *, required: bool = False, one_of: tuple[str, ...] = (), of: str | None = None
) -> Column:
    return Column(name, "text", doc, required=required, closed_list=one_of, references=of)


def _number(
    name: str, doc: str, *, required: bool = False, minimum: float | None = None, maximum: float | None = None
) -> Column:
    return Column(name, "number", doc, required=required, minimum=minimum, maximum=maximum)


def _time(name: str, doc: str, *, required: bool = False) -> Column:
    return Column(name, "time", doc, required=required)


def _flag(name: str, doc: str, *, required: bool = False) -> Column:
    return Column(name, "boolean", doc, required=required)


def _texts(name: str, doc: str, *, of: str | None = None) -> Column:
    return Column(name, "texts", doc, references=of)


_TABLES = (
    Table(
        "channels",
        ("channel_id",),
        (
            _text("channel_id", "Key of the channel, from channels.yaml.", required=True),
            _text("title", "Its name for people."),
            _text("kind", "How it is reached.", required=True),
            _number("cost_per_touch", "Cost of one send, in currency.", minimum=0),
        ),
    ),
    Table(
        "customers",
        ("customer_id",),
        (
            _text("customer_id", "Key of the customer, pseudonymous.", required=True),
            _text("household_id", "Household; limits and holdout go by it."),
            _text("account_id", "The company the customer works at."),
            _text("region", "Where the customer lives."),
            _text("timezone", "IANA time zone; without it the playbook's."),
            _text("language", "Language tag, e.g. en."),
            _time("joined_at", "When the customer joined."),
            _text("role", "Role at the account."),
            _text("seniority", "Seniority at the account."),
            _text("buying_group", "Buying group at the account."),
            _text("stage", "Stage of the relation."),
            _flag("is_minor", "Whether the customer is a minor."),
            _flag("is_known", "Whether the customer is known by name."),
            _time("attributes_at", "When the attributes were true."),
        ),
        allows_attributes=True,
    ),
    Table(
        "categories",
        ("category_id",),
        (
            _text("category_id", "Key of the category.", required=True),
            _text("name", "Its name.", required=True),
            _text("parent_id", "The category it is part of.", of="categories.category_id"),
        ),
    ),
    Table(
        "products",
        ("product_id",),
        (
            _text("product_id", "Key of the product.", required=True),
            _text("name", "Its name.", required=True),
            _text("category_id", "Its category.", of="categories.category_id"),
            _number("price", "Price of one unit, in currency.", minimum=0),
            _number("unit_cost", "What one unit costs us, in currency.", minimum=0),
            _text("collection", "Collection it belongs to."),
            _text("size", "Its size."),
            _text("season", "Season it is for."),
            _number("stock", "Units in stock.", minimum=0),
            _number("depletion_days", "Days after which one unit is used up.", minimum=0),
        ),
        allows_attributes=True,
    ),
    Table(
        "offers",
        ("offer_id",),
        (
            _text("offer_id", "Key of the offer.", required=True),
            _text("kind", "What is offered.", required=True, one_of=OFFER_KINDS),
            _number("discount_pct", "Price reduction, in percent; null when it is not known.", minimum=0, maximum=100),
            _number("face_value", "What the customer saves with one redemption, in currency.", minimum=0),
            _number("min_spend", "Spend that is needed, in currency.", minimum=0),
            _text("reward", "What is given."),
            _number("valid_days", "Days of validity from the touch.", minimum=0),
            _flag("is_automatic", "Everybody who buys gets it, asked or not."),
            _text("funded_by", "Who pays.", one_of=FUNDED_BY),
            _number("funded_pct", "Share of the face value that others pay, in percent.", minimum=0, maximum=100),
            _number("unit_cost", "What one redemption costs us, in currency; wins over face value.", minimum=0),
            _number("concession_order", "Place in the order in which concessions are made.", minimum=0),
            _time("starts_at", "Valid from."),
            _time("ends_at", "Offered until."),
            _time("redemption_ends_at", "Redeemable until."),
        ),
    ),
    Table(
        "campaigns",
        ("campaign_id",),
        (
            _text("campaign_id", "Key of the campaign.", required=True),
            _text("channel_id", "Channel it runs on.", of="channels.channel_id"),
            _text("kind", "Its kind.", required=True),
            _text("parent_id", "Campaign it is part of.", of="campaigns.campaign_id"),
            _text("audience", "Whom it is for."),
            _text("status", "Whether it runs."),
            _number("budget", "Money for all of it, in currency.", minimum=0),
            _number("daily_cap", "Money per day, in currency.", minimum=0),
            _number("bid", "Bid, in currency.", minimum=0),
            _number("assets_per_touch", "How many of its assets one touch carries; null = all.", minimum=1),
            _time("starts_at", "When it starts."),
            _time("ends_at", "When it ends."),
        ),
    ),
    Table(
        "assets",
        ("asset_id", "version"),
        (
            _text("asset_id", "Key of the asset.", required=True),
            _text("version", "Its version.", required=True),
            _text("title", "Its title, as a customer reads it.", required=True),
            _text("kind", "What it is.", required=True, one_of=ASSET_KINDS),
            _text("message_class", "What sort of message it is.", required=True, one_of=MESSAGE_CLASSES),
            _texts("topics", "Topics it is about."),
            _texts("products", "Products it is about.", of="products.product_id"),
            _texts("categories", "Categories it is about.", of="categories.category_id"),
            _texts("channels", "Channels it fits; null = all.", of="channels.channel_id"),
            _text("offer_id", "The offer it carries.", of="offers.offer_id"),
            _text("campaign_id", "The campaign it belongs to.", of="campaigns.campaign_id"),
            _text("language", "Language tag."),
            _text("region", "Region it is for."),
            _text("collection", "Collection it is about."),
            _text("voice", "Voice it is written in."),
            _text("status", "Whether it may be used; null = active.", one_of=ASSET_STATUSES),
            _text("readiness", "How far it has been checked.", one_of=READINESS),
            _text("seniority", "Seniority it is for."),
            _text("industry", "Industry it is for."),
            _time("starts_at", "Usable from."),
            _time("ends_at", "Usable until."),
        ),
    ),
    Table(
        "purchases",
        ("order_id", "line"),
        (
            _text("order_id", "Key of the order.", required=True),
            _text("line", "Line within the order.", required=True),
            _text("customer_id", "Who bought.", required=True, of="customers.customer_id"),
            _text("kind", "Sale or return.", required=True, one_of=PURCHASE_KINDS),
            _number("net_value", "Paid after discount, without tax, negative for returns, in currency.", required=True),
            _time("occurred_at", "When.", required=True),
            _text("product_id", "What; without it the line counts for value only.", of="products.product_id"),
            _number("quantity", "How many units; without it the line counts for value only."),
            _number("discount", "What offers took off, in currency; null = unknown."),
            _text("currency", "Currency of the amounts."),
            _text("original_order_id", "For a return: the order it returns."),
            _text("store_id", "Where."),
            _time("received_at", "When we learnt of it."),
        ),
        event_time="occurred_at",
        rules=(
            RowRule(
                "a sale with quantity 0 or less",
                "kind != 'sale' or quantity > 0 or quantity != quantity",
                ("kind", "quantity"),
            ),
            RowRule("a sale with value 0 or less", "kind != 'sale' or net_value > 0", ("kind", "net_value")),
        ),
    ),
    Table(
        "signals",
        ("signal_id",),
        (
            _text("signal_id", "Key of the signal.", required=True),
            _text("customer_id", "Who; null for a visitor who is not known.", of="customers.customer_id"),
            _text("anonymous_id", "The visitor, where the customer is not known."),
            _text("name", "What happened, in the words of Segment's specification: Product Viewed, ….", required=True),
            _time("occurred_at", "When.", required=True),
            _time("received_at", "When we learnt of it."),
            _text("session_id", "Session it belongs to."),
            _text("product_id", "Product it concerns.", of="products.product_id"),
            _text("asset_id", "Asset it concerns."),
            _text("channel_id", "Channel it came by."),
            _text("campaign_id", "Campaign it came by."),
            _text("topic", "Topic it concerns."),
            _number("value", "Its value: a count, seconds or an amount, as the name says."),
            _text("source", "Where it was recorded."),
            _text("properties", "Anything else, as JSON."),
        ),
        event_time="occurred_at",
    ),
    Table(
        "touches",
        ("touch_id",),
        (
            _text("touch_id", "Key of the touch; our own carry the decision's id.", required=True),
            _text("customer_id", "Whom it reached.", required=True, of="customers.customer_id"),
            _text("channel_id", "On which channel.", required=True),
            _time("sent_at", "When.", required=True),
            _text("asset_id", "Which asset, where that is recorded."),
            _text("campaign_id", "For which campaign."),
            _text("experiment_id", "In which experiment."),
            _time("assigned_at", "When the experiment assigned it."),
            _number("cost", "What it cost, in currency.", minimum=0),
            _text("agent_id", "Who sent it."),
        ),
        event_time="sent_at",
    ),
    Table(
        "assignments",
        ("experiment_id", "customer_id", "assigned_at"),
        (
            _text("experiment_id", "Key of the experiment.", required=True),
            _text("customer_id", "Who was assigned.", required=True, of="customers.customer_id"),
            _time("assigned_at", "When.", required=True),
            _text("arm", "To which arm; `nothing` alone says that nothing was sent.", required=True),
            _text("asset_id", "Asset of the arm."),
            _text("channel_id", "Channel of the arm."),
            _number("propensity", "Probability of this arm, 0 to 1.", minimum=0, maximum=1),
            _time("active_until", "Until when the arm was in force."),
            _time("observed_until", "Until when outcomes were counted."),
        ),
        event_time="assigned_at",
    ),
    Table(
        "outcomes",
        ("outcome_id",),
        (
            _text("outcome_id", "Key of the outcome.", required=True),
            _text("touch_id", "The touch it follows.", of="touches.touch_id"),
            _text("customer_id", "Who did it.", of="customers.customer_id"),
            _text("asset_id", "The asset it concerns."),
            _text("name", "What happened.", required=True, one_of=OUTCOME_NAMES),
            _time("occurred_at", "When.", required=True),
            _number("value", "Its value: a count or an amount in currency, as the name says."),
        ),
        event_time="occurred_at",
    ),
    Table(
        "consents",
        ("customer_id", "channel_id", "purpose", "recorded_at"),
        (
            _text("customer_id", "Who.", required=True, of="customers.customer_id"),
            _text("channel_id", "For which channel.", required=True, of="channels.channel_id"),
            _text("purpose", "For what.", required=True, one_of=CONSENT_PURPOSES),
            _flag("granted", "Given or withdrawn; the row recorded last holds.", required=True),
            _time("recorded_at", "When.", required=True),
            _text("source", "Where it was recorded.", required=True),
            _text("basis", "Lawful basis.", required=True, one_of=CONSENT_BASES),
        ),
        event_time="recorded_at",
    ),
    Table(
        "promotions",
        ("product_id", "kind", "starts_at", "store_id"),
        (
            _text("product_id", "What is promoted.", required=True, of="products.product_id"),
            _text("kind", "How: display, mailer, ….", required=True),
            _time("starts_at", "From.", required=True),
            _text("store_id", "Where; `*` for all stores.", required=True),
            _time("ends_at", "Until."),
        ),
    ),
    Table(
        "estimates",
        ("subject_kind", "subject_id", "name"),
        (
            _text("subject_kind", "What is estimated about: customer, product, ….", required=True),
            _text("subject_id", "Its key.", required=True),
            _text("name", "What is estimated, e.g. pclv.", required=True),
            _number("value", "The estimate, in the unit of its name; pclv in currency.", required=True),
            _number("low", "Lower end of its 95 % interval."),
            _number("high", "Upper end of its 95 % interval."),
            _number("sd", "Its standard deviation.", minimum=0),
            _text("grade", "How it was identified.", one_of=EVIDENCE_GRADES),
            _text("source", "Who or what says so."),
        ),
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}
"""All canonical tables by name, in an order in which references point backwards."""
