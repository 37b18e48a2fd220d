"""What is known about what can be said: topics, assets, offers, channels, campaigns, audiences."""

from graph.declarations import Node, Property, Relationship

NODES: tuple[Node, ...] = (
    Node(
        "Topic",
        "topic_id",
        (Property("name", "text", "name", is_indexed=True),),
        "knowledge",
        "business",
        "A subject that assets speak about and customers care about.",
    ),
    Node(
        "Asset",
        "asset_id",
        (
            Property("version", "text", "the newest version", is_required=True),
            Property("title", "text", "title"),
            Property("kind", "text", "kind, e.g. coupon or reminder", is_indexed=True),
            Property("message_class", "text", "marketing, service or transactional"),
            Property("topics", "texts", "topics"),
            Property("language", "text", "language"),
            Property("region", "text", "region it is meant for"),
            Property("collection", "text", "collection"),
            Property("voice", "text", "voice it is written in"),
            Property("status", "text", "status"),
            Property("readiness", "text", "readiness"),
            Property(
                "compliance", "text", "what review says: cleared, pending or blocked; absent when none was needed"
            ),
            Property("reviewed_at", "time", "when it was reviewed last"),
            Property("seniority", "text", "seniority it is meant for"),
            Property("industry", "text", "industry it is meant for"),
            Property("campaign_id", "text", "campaign it belongs to, also one that is not in the graph"),
            Property("starts_at", "time", "may be sent from"),
            Property("ends_at", "time", "may be sent until"),
        ),
        "knowledge",
        "business",
        "Something that can be said: a message, coupon or page.",
    ),
    Node(
        "Offer",
        "offer_id",
        (
            Property("kind", "text", "discount, reward, shipping, value_add or bundle"),
            Property("discount_pct", "number", "depth of the discount, in percent"),
            Property("face_value", "number", "value on its face, in currency"),
            Property("min_spend", "number", "spend it asks for, in currency"),
            Property("reward", "text", "what is given"),
            Property("valid_days", "number", "days it is valid from the touch on"),
            Property("is_automatic", "boolean", "applies without a code"),
            Property("funded_by", "text", "who pays for it"),
            Property("funded_pct", "number", "share that others pay, in percent"),
            Property("unit_cost", "number", "what one redemption costs us, in currency"),
            Property("concession_order", "number", "place among concessions"),
            Property("starts_at", "time", "valid from"),
            Property("ends_at", "time", "valid until"),
            Property("redemption_ends_at", "time", "can be redeemed until"),
        ),
        "knowledge",
        "business",
        "What an asset concedes.",
    ),
    Node(
        "Channel",
        "channel_id",
        (
            Property("title", "text", "name for people"),
            Property("kind", "text", "kind"),
            Property("cost_per_touch", "number", "cost of one touch, in currency"),
        ),
        "knowledge",
        "business",
        "A way to reach customers.",
    ),
    Node(
        "Campaign",
        "campaign_id",
        (
            Property("kind", "text", "kind"),
            Property("channel_id", "text", "channel it runs on, also one that is not in the graph"),
            Property("audience", "text", "audience"),
            Property("status", "text", "status"),
            Property("budget", "number", "budget, in currency"),
            Property("daily_cap", "number", "money a day, in currency"),
            Property("starts_at", "time", "start"),
            Property("ends_at", "time", "end"),
            Property("assets_per_touch", "number", "assets that one touch carries; absent when all"),
        ),
        "knowledge",
        "business",
        "A campaign that ran or runs.",
    ),
    Node(
        "Audience",
        "audience_id",
        (Property("expression", "text", "who belongs to it, in the grammar of policies"),),
        "knowledge",
        "business",
        "A named group of customers, of the playbook.",
    ),
)

RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship(
        "Topic",
        "SIMILAR_TO",
        "Topic",
        "knowledge",
        "business",
        "Is close to the topic; stands both ways.",
        (Property("similarity", "number", "how close, 0 to 1", is_required=True),),
    ),
    Relationship("Asset", "ABOUT", "Topic", "knowledge", "business", "Speaks about the topic.", collect_by="source"),
    Relationship(
        "Asset", "ABOUT", "Category", "knowledge", "business", "Speaks about the category.", collect_by="source"
    ),
    Relationship(
        "Asset", "ABOUT", "Product", "knowledge", "business", "Speaks about the product.", collect_by="source"
    ),
    Relationship("Asset", "FITS", "Channel", "knowledge", "business", "Can be sent on the channel."),
    Relationship("Asset", "CARRIES", "Offer", "knowledge", "business", "Concedes the offer.", collect_by="source"),
    Relationship(
        "Asset",
        "PERFORMS",
        "Channel",
        "knowledge",
        "business",
        "How the asset did on the channel, counted from what was sent.",
        (
            Property("rate", "number", "share of its touches with the outcome, 0 to 1", is_required=True),
            Property("n", "integer", "touches", is_required=True),
            Property("outcome", "text", "the outcome that is counted", is_required=True),
            Property(
                "lift",
                "number",
                "difference to those who got nothing, where that was randomised; in outcomes per customer",
            ),
            Property("evidence_grade", "text", "randomised, adjusted or assumed", is_required=True),
        ),
    ),
    Relationship("Asset", "PART_OF", "Campaign", "knowledge", "business", "Belongs to the campaign."),
    Relationship("Campaign", "RUNS_ON", "Channel", "knowledge", "business", "Is sent on the channel."),
    Relationship("Campaign", "PART_OF", "Campaign", "knowledge", "business", "Is part of the campaign."),
    Relationship("Campaign", "TARGETS", "Audience", "knowledge", "business", "Is for the audience."),
    Relationship("Campaign", "TARGETS", "Account", "knowledge", "business", "Is for the account."),
)
