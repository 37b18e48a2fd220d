"""What the reasoning graph holds, declared once: labels, keys, typed properties, sensitivity, relationship types.

Constraints, indexes and write statements (`graph.statements`), checks (`graph.content`) and the page
`docs/reference/graph.md` (`graph.schema_page`) derive from here; `python -m graph.schema` writes that page anew.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from graph.declarations import Kind, Layer, Node, Property, Relationship

_BOUGHT = (
    Property("count", "integer", "local days with a purchase (sale, quantity and value above zero)", is_required=True),
    Property("spend", "number", "net value of all purchases, returns taken off, in currency", is_required=True),
    Property("last_at", "time", "last purchase", is_required=True),
)

NODES: tuple[Node, ...] = (
    Node(
        "Customer",
        "customer_id",
        (
            Property("household_id", "text", "household"),
            Property("account_id", "text", "account"),
            Property("region", "text", "region", is_indexed=True),
            Property("timezone", "text", "IANA time zone"),
            Property("language", "text", "language"),
            Property("joined_at", "time", "start of the relationship"),
            Property("role", "text", "role in the account"),
            Property("seniority", "text", "seniority in the account"),
            Property("buying_group", "text", "buying group"),
            Property("stage", "text", "stage", is_indexed=True),
            Property("is_minor", "boolean", "under age"),
            Property("is_known", "boolean", "identified, not anonymous"),
            Property("attributes_at", "time", "when the attributes were measured"),
            Property("pclv", "number", "predicted customer lifetime value, in currency; a supplied estimate"),
            Property("shopping_days_28d", "integer", "shopping days on the last 28 local days", is_required=True),
            Property("shopping_days_91d", "integer", "shopping days on the last 91 local days", is_required=True),
            Property("last_purchase_at", "time", "last purchase", is_indexed=True),
        ),
        "knowledge",
        "personal",
        "Somebody who may be talked to, under a pseudonymous key.",
        has_attributes=True,
    ),
    Node(
        "Category",
        "category_id",
        (Property("name", "text", "name", is_indexed=True),),
        "knowledge",
        "business",
        "A group of products.",
    ),
    Node(
        "Product",
        "product_id",
        (
            Property("name", "text", "name"),
            Property("price", "number", "price, in currency"),
            Property("season", "text", "season it is for"),
            Property("unit_cost", "number", "what one unit costs us, in currency"),
        ),
        "knowledge",
        "business",
        "A product that something refers to: somebody bought it on enough days, or an asset is about it.",
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
            Property("starts_at", "time", "start"),
            Property("ends_at", "time", "end"),
            Property("assets_per_touch", "number", "assets that one touch carries; absent when all"),
        ),
        "knowledge",
        "business",
        "A campaign that ran or runs.",
    ),
    Node(
        "Motive",
        "motive_id",
        (
            Property("play", "text", "the play that found it", is_required=True, is_indexed=True),
            Property("subject", "text", "what it is about, e.g. category/GROCERY/MILK", is_required=True),
        ),
        "decisions",
        "business",
        "A reason to talk to somebody now: a play and its subject, keyed `play:subject`.",
    ),
    Node(
        "Decision",
        "decision_id",
        (
            Property("run_id", "text", "the run that decided", is_required=True, is_indexed=True),
            Property("as_of", "time", "the moment it was decided for", is_required=True),
            Property("verb", "text", "what is done", is_required=True),
            Property("is_ghost", "boolean", "held out: recorded, never sent", is_required=True),
            Property("arm", "text", "arm of the experiment"),
            Property("motive_sentence", "text", "why, in one sentence"),
            Property("asset_version", "text", "version of the chosen asset"),
            Property("offer_id", "text", "the offer it carries"),
            Property("send_at", "time", "when to send"),
            Property("expires_at", "time", "not to be sent after"),
            Property("value", "number", "expected incremental margin, in currency"),
            Property("confidence", "number", "P(value > 0), capped by the evidence grade"),
            Property("evidence_grade", "text", "randomised, adjusted or assumed"),
            Property("propensity", "number", "probability with which this action was chosen"),
            Property("touch_cost", "number", "cost of the touch, in currency"),
            Property("margin_to_runner_up", "number", "value above the next best, in currency"),
        ),
        "decisions",
        "personal",
        "A send, or a ghost of one. Decisions to do nothing are counts on their run.",
    ),
    Node(
        "Run",
        "run_id",
        (
            Property("as_of", "time", "the moment it knows the world at", is_required=True, is_indexed=True),
            Property("code_version", "text", "version of the code"),
            Property("playbook_digest", "text", "digest of the playbook"),
            Property("customers", "integer", "customers it decided: sends + nothing + held_out", is_required=True),
            Property("sends", "integer", "decisions to send", is_required=True),
            Property("nothing", "integer", "to do nothing; by reason as `nothing_<reason>`", is_required=True),
            Property("held_out", "integer", "customers held out", is_required=True),
            Property("ghosts", "integer", "of these, who would have been sent something", is_required=True),
        ),
        "decisions",
        "business",
        "One run of the loop.",
        has_attributes=True,
    ),
    Node(
        "TableVersion",
        "version_id",
        (
            Property("table", "text", "canonical table", is_required=True),
            Property("digest", "text", "digest of its content", is_required=True),
        ),
        "decisions",
        "business",
        "The content of a table that a run read.",
    ),
    Node(
        "ModelVersion",
        "version_id",
        (
            Property("model", "text", "model", is_required=True),
            Property("digest", "text", "digest of what it learnt", is_required=True),
        ),
        "decisions",
        "business",
        "A fitted model that a run used.",
    ),
    Node(
        "PolicyVersion",
        "version_id",
        (
            Property("policy", "text", "id of the policy", is_required=True, is_indexed=True),
            Property("digest", "text", "digest of the compiled policies", is_required=True),
        ),
        "decisions",
        "business",
        "A policy as a run applied it.",
    ),
)

RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("Product", "IN_CATEGORY", "Category", "knowledge", "business", "The product's category."),
    Relationship("Category", "WITHIN", "Category", "knowledge", "business", "The category's parent."),
    Relationship(
        "Customer", "BOUGHT", "Category", "knowledge", "personal", "Shopped in the category, all in all.", _BOUGHT
    ),
    Relationship(
        "Customer",
        "BOUGHT",
        "Product",
        "knowledge",
        "personal",
        "Bought the product, from the playbook's number of shopping days on.",
        _BOUGHT,
        collect_by="source",
    ),
    Relationship(
        "Customer",
        "INTERESTED_IN",
        "Category",
        "knowledge",
        "personal",
        "We believe, by a named rule, in an interest; open while `valid_to` is absent.",
        (
            Property("rule", "text", "the rule that believes it", is_required=True),
            Property("valid_from", "time", "last evidence", is_required=True),
            Property("valid_to", "time", "closed, by newer evidence or for lack of it"),
            Property("weight", "number", "shopping days, older ones decayed, at valid_from", is_required=True),
            Property("half_life_days", "number", "days in which the weight halves", is_required=True),
            Property("confidence", "number", "chance of a purchase in a four-week period", is_required=True),
            Property("source", "text", "table that the evidence is from", is_required=True),
        ),
        identity=("rule", "valid_from"),
        is_belief=True,
    ),
    Relationship(
        "Customer",
        "REACHABLE_ON",
        "Channel",
        "knowledge",
        "personal",
        "Newest word on consent to marketing.",
        (
            Property("granted", "boolean", "whether it allows", is_required=True),
            Property("basis", "text", "legal basis"),
            Property("source", "text", "who recorded it"),
            Property("recorded_at", "time", "when it was recorded"),
        ),
    ),
    Relationship(
        "Asset", "ABOUT", "Category", "knowledge", "business", "Speaks about the category.", collect_by="source"
    ),
    Relationship(
        "Asset", "ABOUT", "Product", "knowledge", "business", "Speaks about the product.", collect_by="source"
    ),
    Relationship("Asset", "FITS", "Channel", "knowledge", "business", "Can be sent on the channel."),
    Relationship("Asset", "CARRIES", "Offer", "knowledge", "business", "Concedes the offer.", collect_by="source"),
    Relationship("Asset", "PART_OF", "Campaign", "knowledge", "business", "Belongs to the campaign."),
    Relationship("Campaign", "RUNS_ON", "Channel", "knowledge", "business", "Is sent on the channel."),
    Relationship(
        "Customer",
        "HAS_MOTIVE",
        "Motive",
        "decisions",
        "personal",
        "There is a reason to talk to the customer, as the newest run that looked at them found it.",
        (
            Property("run_id", "text", "the run that found it", is_required=True),
            Property("as_of", "time", "the moment it was found for", is_required=True),
            Property("strength", "number", "how strong, 0 to 1"),
            Property("starts_at", "time", "holds from"),
            Property("until", "time", "holds until"),
            Property("sentence", "text", "the reason in one sentence"),
            Property("evidence", "text", "JSON list of the facts it rests on"),
        ),
    ),
    Relationship("Motive", "CONCERNS", "Category", "decisions", "business", "The subject is a category."),
    Relationship("Motive", "CONCERNS", "Product", "decisions", "business", "The subject is a product."),
    Relationship("Motive", "CONCERNS", "Campaign", "decisions", "business", "The subject is a campaign."),
    Relationship("Decision", "FOR", "Customer", "decisions", "personal", "Decided for the customer."),
    Relationship("Decision", "CHOSE", "Asset", "decisions", "personal", "What to say."),
    Relationship("Decision", "ON", "Channel", "decisions", "personal", "Where to say it."),
    Relationship(
        "Decision",
        "BECAUSE",
        "Motive",
        "decisions",
        "personal",
        "Why.",
        (Property("weight", "number", "strength of the motive when it was decided"),),
    ),
    Relationship(
        "Decision",
        "REFUSED_BY",
        "PolicyVersion",
        "decisions",
        "personal",
        "The policy removed candidates of this customer.",
        (Property("count", "integer", "candidates that it removed", is_required=True),),
    ),
    Relationship("Decision", "WAS_GENERATED_BY", "Run", "decisions", "business", "The run that decided."),
    Relationship("Run", "USED", "TableVersion", "decisions", "business", "Read this content."),
    Relationship("Run", "USED", "ModelVersion", "decisions", "business", "Forecast with this model."),
    Relationship("Run", "USED", "PolicyVersion", "decisions", "business", "Applied this policy."),
)

NODE: Mapping[str, Node] = MappingProxyType({node.label: node for node in NODES})
"""Every node by its label."""

RELATIONSHIP: Mapping[str, Relationship] = MappingProxyType({one.kind: one for one in RELATIONSHIPS})
"""Every relationship by the name of its table."""

_ALL: tuple[Kind, ...] = (*NODES, *RELATIONSHIPS)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.kind: kind for kind in _ALL})
"""Every node and relationship by the name of its table."""


def kinds_of(layer: Layer) -> Iterator[Kind]:
    """Nodes, then relationships, that a layer owns."""
    return (kind for kind in KINDS.values() if kind.layer == layer)


if __name__ == "__main__":
    from graph.schema_page import write_page

    write_page()
