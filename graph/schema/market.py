"""What is known about the market and the moment: opportunities, observations, recent signals."""

from graph.declarations import Node, Property, Relationship

NODES: tuple[Node, ...] = (
    Node(
        "Opportunity",
        "opportunity_id",
        (
            Property("stage", "text", "stage it has reached", is_indexed=True),
            Property("amount", "number", "what it is worth, in currency"),
            Property("opened_at", "time", "when it was opened"),
            Property("closed_at", "time", "when it was closed; absent while it is open"),
            Property("is_won", "boolean", "whether it was won; absent while it is open"),
            Property("owner", "text", "who of us looks after it"),
        ),
        "knowledge",
        "business",
        "Something that is being sold to an account.",
    ),
    Node(
        "Observation",
        "observation_id",
        (
            Property(
                "kind", "text", "weather, competitor, price, trend, survey or brand", is_required=True, is_indexed=True
            ),
            Property("observed_at", "time", "when it was observed", is_required=True),
            Property("value", "number", "its value, in the unit of its kind"),
            Property("text", "text", "in words"),
            Property("valid_until", "time", "until when it holds; absent when for good"),
            Property("source", "text", "who or what says so"),
            Property("confidence", "number", "how sure it is, 0 to 1"),
        ),
        "knowledge",
        "business",
        "Something that was observed outside and holds now.",
    ),
    Node(
        "Signal",
        "signal_id",
        (
            Property("name", "text", "what happened, in the words of Segment", is_required=True, is_indexed=True),
            Property("occurred_at", "time", "when it happened", is_required=True, is_indexed=True),
            Property("received_at", "time", "when we learnt of it"),
            Property("fidelity", "number", "how surely it tells intent, 0 to 1", is_required=True),
            Property("session_id", "text", "session it belongs to"),
            Property("value", "number", "its value, as the name says"),
            Property("source", "text", "where it was recorded"),
        ),
        "knowledge",
        "personal",
        "Something a customer did lately that tells much of what they want, or what they hesitate at.",
    ),
)

RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("Opportunity", "WITH", "Account", "knowledge", "business", "Is with the account."),
    Relationship("Opportunity", "FROM", "Campaign", "knowledge", "business", "Came from the campaign."),
    Relationship("Observation", "AFFECTS", "Region", "knowledge", "business", "Bears on the region."),
    Relationship("Observation", "AFFECTS", "Product", "knowledge", "business", "Bears on the product."),
    Relationship("Observation", "AFFECTS", "Category", "knowledge", "business", "Bears on the category."),
    Relationship("Observation", "AFFECTS", "Account", "knowledge", "business", "Bears on the account."),
    Relationship("Observation", "AFFECTS", "Topic", "knowledge", "business", "Bears on the topic."),
    Relationship("Signal", "BY", "Customer", "knowledge", "personal", "Was given by the customer."),
    Relationship("Signal", "ABOUT", "Topic", "knowledge", "personal", "Concerns the topic."),
    Relationship("Signal", "ABOUT", "Category", "knowledge", "personal", "Concerns the category."),
    Relationship("Signal", "ABOUT", "Product", "knowledge", "personal", "Concerns the product."),
)
