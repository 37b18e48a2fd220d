"""The closed lists of the canonical tables: the only words that a column with one may hold."""

PURCHASE_KINDS = ("sale", "return")
OFFER_KINDS = ("discount", "reward", "shipping", "value_add", "bundle")
FUNDED_BY = ("us", "manufacturer", "partner")
MESSAGE_CLASSES = ("marketing", "service", "transactional")
MESSAGE_DIRECTIONS = ("inbound", "outbound")
ASSET_KINDS = ("coupon", "reminder", "offer", "story", "service")
ASSET_STATUSES = ("draft", "active", "paused", "retired")
READINESS = ("draft", "reviewed", "approved")
COMPLIANCE = ("cleared", "pending", "blocked")
CONSENT_PURPOSES = ("marketing", "service", "profiling")
CONSENT_BASES = ("consent", "legitimate_interest", "contract", "assumed")
SUPPRESSION_KINDS = ("customer", "household", "account", "email", "phone", "address", "device")
OBSERVATION_KINDS = ("weather", "competitor", "price", "trend", "survey", "brand")
OBSERVED_SUBJECTS = ("region", "product", "category", "account", "topic")
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
