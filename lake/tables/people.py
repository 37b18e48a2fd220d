"""Who may be talked to: customers, what identifies them, their consent, memberships and suppressions."""

from lake.columns import Table
from lake.tables.declaring import flag, number, prose, text, time
from lake.tables.vocabularies import CONSENT_BASES, CONSENT_PURPOSES, SUPPRESSION_KINDS

CUSTOMERS = Table(
    "customers",
    ("customer_id",),
    (
        text("customer_id", "Key of the customer, pseudonymous.", required=True),
        text("household_id", "Household; limits and holdout go by it."),
        text("account_id", "The company the customer works at."),
        text("region", "Where the customer lives."),
        text("timezone", "IANA time zone; without it the playbook's."),
        text("language", "Language tag, e.g. en."),
        time("joined_at", "When the customer joined."),
        text("role", "Role at the account."),
        text("seniority", "Seniority at the account."),
        text("buying_group", "Buying group at the account."),
        text("stage", "Stage of the relation."),
        flag("is_minor", "Whether the customer is a minor."),
        flag("is_known", "Whether the customer is known by name."),
        time("attributes_at", "When the attributes were true."),
    ),
    allows_attributes=True,
    learnt=("joined_at",),
    measured="attributes_at",
    lasting=("household_id", "timezone", "joined_at"),
)

IDENTITIES = Table(
    "identities",
    ("kind", "value", "customer_id"),
    (
        text("kind", "What identifies: email, phone, device, anonymous_id, crm_id, ….", required=True),
        text("value", "The identifier itself; it never enters the graph.", required=True),
        text(
            "customer_id",
            "Whose it is; several customers may share one: they may be the same person.",
            required=True,
            of="customers.customer_id",
        ),
        time("first_seen_at", "When it was first seen with this customer.", required=True),
    ),
    event_time="first_seen_at",
)

CONSENTS = Table(
    "consents",
    ("customer_id", "channel_id", "purpose", "recorded_at"),
    (
        text("customer_id", "Who.", required=True, of="customers.customer_id"),
        text("channel_id", "For which channel.", required=True, of="channels.channel_id"),
        text("purpose", "For what.", required=True, one_of=CONSENT_PURPOSES),
        flag("granted", "Given or withdrawn; the row recorded last holds.", required=True),
        time("recorded_at", "When.", required=True),
        text("source", "Where it was recorded.", required=True),
        text("basis", "Lawful basis.", required=True, one_of=CONSENT_BASES),
    ),
    event_time="recorded_at",
)

SUPPRESSIONS = Table(
    "suppressions",
    ("kind", "value", "scope"),
    (
        text("kind", "What the value is.", required=True, one_of=SUPPRESSION_KINDS),
        text("value", "Key of the customer, household or account, or an identifier of `identities`.", required=True),
        text("scope", "The channel that is closed; `*` for all channels.", required=True),
        prose("reason", "Why.", required=True),
        time("starts_at", "Closed from.", required=True),
        time("ends_at", "Closed until; without it for good."),
    ),
)

MEMBERSHIPS = Table(
    "memberships",
    ("customer_id", "programme_id"),
    (
        text("customer_id", "Who.", required=True, of="customers.customer_id"),
        text("programme_id", "Loyalty programme.", required=True),
        text("tier", "Tier reached."),
        number("points", "Points held."),
        text("next_tier", "Tier above it."),
        number("points_missing", "Points missing to the tier above.", minimum=0),
        time("deadline", "Until when they have to be collected."),
        number("points_per_unit", "Points for one unit of currency spent.", minimum=0),
    ),
)
