/*
question: How did what we believe about a customer change over time?
asked_by: [analyst, DPO]
parameters:
  customer: {type: text, example: "1773", personal: true, doc: The customer's id.}
  top: {type: integer, default: 200, doc: At most so many beliefs.}
columns:
  about: What it is about.
  belief: What kind of belief.
  valid_from: When it began to hold.
  valid_to: When it was closed; empty while it is open.
  weight: How strong it was when it began.
  confidence: How sure we were, 0 to 1.
  rule: The rule that believed it.
note: Closed beliefs are kept, so that every past moment can be read.
*/
MATCH (c:Customer {customer_id: $customer})-[b:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]->(t)
WHERE coalesce(b.observed_at, b.valid_from) <= $known_at
RETURN coalesce(t.name, t.topic_id, t.category_id, t.product_id, t.channel_id) AS about, type(b) AS belief,
       b.valid_from AS valid_from, b.valid_to AS valid_to, b.weight AS weight, b.confidence AS confidence,
       b.rule AS rule
ORDER BY about, belief, valid_from
LIMIT $top
