/*
question: What do we believe about a customer, and since when?
asked_by: [analyst, DPO]
parameters:
  customer: {type: text, example: "1773", personal: true, doc: The customer's id.}
  top: {type: integer, default: 50, doc: At most so many beliefs.}
columns:
  belief: What kind of belief.
  kind: The label of what it is about.
  about: What it is about.
  weight: How strong it was at `since`; it decays with the rule's half-life.
  confidence: How sure we are, 0 to 1.
  since: When it began to hold.
  known_since: When we learnt of it.
  rule: The rule that believes it.
  source: The table that its evidence is from.
  evidence: Keys of the newest rows that it rests on.
note: Beliefs that hold at `$as_of`, as far as we knew of them at `$known_at`.
*/
MATCH (c:Customer {customer_id: $customer})-[b:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]->(t)
WHERE b.valid_from <= $as_of AND (b.valid_to IS NULL OR b.valid_to > $as_of)
  AND coalesce(b.observed_at, b.valid_from) <= $known_at
RETURN type(b) AS belief, labels(t)[0] AS kind,
       coalesce(t.name, t.topic_id, t.category_id, t.product_id, t.channel_id) AS about,
       b.weight AS weight, b.confidence AS confidence, b.valid_from AS since,
       coalesce(b.observed_at, b.valid_from) AS known_since, b.rule AS rule, b.source AS source, b.evidence AS evidence
ORDER BY confidence DESC, belief, about
LIMIT $top
