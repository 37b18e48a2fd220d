"""What is believed about customers: interests, preferences, objections and triggers, each by a named rule."""

from graph.declarations import Property, Relationship

_BELIEVED = (
    Property("rule", "text", "the rule that believes it", is_required=True),
    Property("valid_from", "time", "when the newest evidence happened", is_required=True),
    Property("valid_to", "time", "when its weight has faded, known in advance, or newer evidence closed it"),
    Property("observed_at", "time", "when we learnt the last of its evidence"),
    Property("weight", "number", "evidence, older one decayed, at valid_from", is_required=True),
    Property("half_life_days", "number", "days in which the weight halves; absent when it does not fade"),
    Property("confidence", "number", "chance that the event of its rule comes true, 0 to 1", is_required=True),
    Property("source", "text", "table that the evidence is from", is_required=True),
    Property("evidence", "texts", "keys of the newest evidence, newest first, such as `signals/s-17`"),
    Property("author", "text", "who stated it, where somebody did"),
    Property("reason", "text", "on what grounds, where somebody stated it"),
)


def _belief(type_: str, target: str, doc: str) -> Relationship:
    return Relationship(
        "Customer",
        type_,
        target,
        "knowledge",
        "personal",
        f"{doc} Believed by a named rule; held from `valid_from` until before `valid_to`.",
        _BELIEVED,
        identity=("rule", "valid_from"),
        is_belief=True,
    )


RELATIONSHIPS: tuple[Relationship, ...] = (
    _belief("INTERESTED_IN", "Category", "Is interested in the category."),
    _belief("INTERESTED_IN", "Topic", "Is interested in the topic."),
    _belief("PREFERS", "Category", "Prefers the category to others."),
    _belief("PREFERS", "Topic", "Prefers the topic to others."),
    _belief("PREFERS", "Channel", "Prefers to be reached there."),
    _belief("OBJECTS_TO", "Category", "Does not want to hear about the category."),
    _belief("OBJECTS_TO", "Topic", "Does not want to hear about the topic."),
    _belief("TRIGGERED_BY", "Category", "Is moved to act by the category."),
    _belief("TRIGGERED_BY", "Topic", "Is moved to act by the topic."),
)
