/*
question: What do we believe because a person said so?
asked_by: [DPO, owner]
parameters:
  top: {type: integer, default: 200, doc: At most so many rows.}
columns:
  author: {doc: Who asserted it., shows: personal}
  customer: {doc: About whom., shows: person}
  belief: What kind of belief.
  about: What it is about.
  confidence: {doc: "How sure they were, 0 to 1.", shows: personal}
  valid_from: {doc: Since when it holds., shows: personal}
  valid_to: {doc: Until when; empty while it is open., shows: personal}
  known_since: {doc: When we learnt of it., shows: personal}
*/
MATCH (t:Topic|Category|Channel)<-[b:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]-(c:Customer)
WHERE b.author IS NOT NULL AND coalesce(b.observed_at, b.valid_from) <= $known_at
RETURN b.author AS author, c.customer_id AS customer, type(b) AS belief,
       coalesce(t.name, t.topic_id, t.category_id, t.channel_id) AS about, b.confidence AS confidence,
       b.valid_from AS valid_from, b.valid_to AS valid_to, coalesce(b.observed_at, b.valid_from) AS known_since
ORDER BY known_since DESC, customer, about
LIMIT $top
