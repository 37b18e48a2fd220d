"""The canonical tables: what a source query must produce. Names, units, keys and closed lists are declared here only.

Times are UTC in microseconds: a time without zone is read as UTC, a date as 00:00 in the playbook's time zone. Money is
in the playbook's currency. How rows are checked against this is in `lake.quality`. `identities`, `suppressions` and
`messages` are the only tables with direct identifiers or free text of customers: those never enter the graph.
"""

from collections.abc import Mapping

from lake.columns import Table
from lake.tables.accounts import ACCOUNTS, OPPORTUNITIES
from lake.tables.behaviour import MESSAGES, PURCHASES, SIGNALS, SUMMARIES
from lake.tables.catalogue import CATEGORIES, PRODUCTS, PROMOTIONS
from lake.tables.content import ASSETS, AUDIENCES, CAMPAIGNS, CHANNELS, OFFERS
from lake.tables.market import ASSERTIONS, ESTIMATES, OBSERVATIONS, SPEND
from lake.tables.people import CONSENTS, CUSTOMERS, IDENTITIES, MEMBERSHIPS, SUPPRESSIONS
from lake.tables.touches import ASSIGNMENTS, OUTCOMES, PLANNED_TOUCHES, RESULTS, TOUCHES
from lake.tables.vocabularies import (
    ASSET_KINDS,
    ASSET_STATUSES,
    COMPLIANCE,
    CONSENT_BASES,
    CONSENT_PURPOSES,
    EVIDENCE_GRADES,
    FUNDED_BY,
    MESSAGE_CLASSES,
    MESSAGE_DIRECTIONS,
    OBSERVATION_KINDS,
    OBSERVED_SUBJECTS,
    OFFER_KINDS,
    OUTCOME_NAMES,
    PURCHASE_KINDS,
    READINESS,
    SUPPRESSION_KINDS,
)

__all__ = [
    "ASSET_KINDS",
    "ASSET_STATUSES",
    "COMPLIANCE",
    "CONSENT_BASES",
    "CONSENT_PURPOSES",
    "EVIDENCE_GRADES",
    "FUNDED_BY",
    "MESSAGE_CLASSES",
    "MESSAGE_DIRECTIONS",
    "OBSERVATION_KINDS",
    "OBSERVED_SUBJECTS",
    "OFFER_KINDS",
    "OUTCOME_NAMES",
    "PURCHASE_KINDS",
    "READINESS",
    "SUPPRESSION_KINDS",
    "TABLES",
]

_TABLES = (
    CHANNELS,
    AUDIENCES,
    ACCOUNTS,
    CUSTOMERS,
    IDENTITIES,
    MEMBERSHIPS,
    SUPPRESSIONS,
    CATEGORIES,
    PRODUCTS,
    OFFERS,
    CAMPAIGNS,
    ASSETS,
    OPPORTUNITIES,
    PURCHASES,
    SIGNALS,
    SUMMARIES,
    TOUCHES,
    PLANNED_TOUCHES,
    ASSIGNMENTS,
    RESULTS,
    OUTCOMES,
    MESSAGES,
    CONSENTS,
    PROMOTIONS,
    OBSERVATIONS,
    SPEND,
    ESTIMATES,
    ASSERTIONS,
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}
"""All canonical tables by name, in an order in which references point backwards."""
