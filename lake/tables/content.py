"""What can be said and where: channels, audiences, offers, campaigns and assets."""

from lake.columns import Table
from lake.tables.declaring import flag, number, prose, text, texts, time
from lake.tables.vocabularies import (
    ASSET_KINDS,
    ASSET_STATUSES,
    COMPLIANCE,
    FUNDED_BY,
    MESSAGE_CLASSES,
    OFFER_KINDS,
    READINESS,
)

CHANNELS = Table(
    "channels",
    ("channel_id",),
    (
        text("channel_id", "Key of the channel, from channels.yaml.", required=True),
        text("title", "Its name for people."),
        text("kind", "How it is reached.", required=True),
        number("cost_per_touch", "Cost of one send, in currency.", minimum=0),
    ),
)

AUDIENCES = Table(
    "audiences",
    ("audience_id",),
    (
        text("audience_id", "Name of the audience, from audiences.yaml.", required=True),
        prose("expression", "Who belongs to it, in the grammar of policies.", required=True),
    ),
)

OFFERS = Table(
    "offers",
    ("offer_id",),
    (
        text("offer_id", "Key of the offer.", required=True),
        text("kind", "What is offered.", required=True, one_of=OFFER_KINDS),
        number("discount_pct", "Price reduction, in percent; null when it is not known.", minimum=0, maximum=100),
        number("face_value", "What the customer saves with one redemption, in currency.", minimum=0),
        number("min_spend", "Spend that one purchase needs for it to be redeemed, in currency.", minimum=0),
        text("reward", "What is given."),
        number("valid_days", "Days of validity from the touch.", minimum=0),
        flag("is_automatic", "Everybody who buys gets it, asked or not."),
        text("funded_by", "Who pays.", one_of=FUNDED_BY),
        number("funded_pct", "Share of the face value that others pay, in percent.", minimum=0, maximum=100),
        number("unit_cost", "What one redemption costs us, in currency; wins over face value.", minimum=0),
        number("concession_order", "Place in the order in which concessions are made.", minimum=0),
        time("starts_at", "Valid from."),
        time("ends_at", "Offered until."),
        time("redemption_ends_at", "Redeemable until."),
    ),
)

CAMPAIGNS = Table(
    "campaigns",
    ("campaign_id",),
    (
        text("campaign_id", "Key of the campaign.", required=True),
        text("channel_id", "Channel it runs on.", of="channels.channel_id"),
        text("kind", "Its kind.", required=True),
        text("parent_id", "Campaign it is part of.", of="campaigns.campaign_id"),
        text("audience", "Whom it is for."),
        text("status", "Whether it runs."),
        number("budget", "Money for all of it, in currency.", minimum=0),
        number("daily_cap", "Money per day, in currency.", minimum=0),
        number("bid", "Bid, in currency.", minimum=0),
        number("assets_per_touch", "How many of its assets one touch carries; null = all.", minimum=1),
        time("starts_at", "When it starts."),
        time("ends_at", "When it ends."),
    ),
)

ASSETS = Table(
    "assets",
    ("asset_id", "version"),
    (
        text("asset_id", "Key of the asset.", required=True),
        text("version", "Its version.", required=True),
        text("title", "Its title, as a customer reads it.", required=True),
        text("kind", "What it is.", required=True, one_of=ASSET_KINDS),
        text("message_class", "What sort of message it is.", required=True, one_of=MESSAGE_CLASSES),
        texts("topics", "Topics it is about."),
        texts("products", "Products it is about.", of="products.product_id"),
        texts("categories", "Categories it is about.", of="categories.category_id"),
        texts("channels", "Channels it fits; null = all.", of="channels.channel_id"),
        text("offer_id", "The offer it carries.", of="offers.offer_id"),
        text("campaign_id", "The campaign it belongs to.", of="campaigns.campaign_id"),
        text("language", "Language tag."),
        text("region", "Region it is for."),
        text("collection", "Collection it is about."),
        text("voice", "Voice it is written in."),
        text("status", "Whether it may be used; null = active.", one_of=ASSET_STATUSES),
        text("readiness", "How far it has been checked.", one_of=READINESS),
        text("compliance", "What legal or brand review says; null = no review was needed.", one_of=COMPLIANCE),
        time("reviewed_at", "When it was reviewed last."),
        text("seniority", "Seniority it is for."),
        text("industry", "Industry it is for."),
        time("starts_at", "Usable from."),
        time("ends_at", "Usable until."),
    ),
)
