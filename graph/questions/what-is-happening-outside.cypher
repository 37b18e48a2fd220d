/*
question: What was observed outside that holds now, and what does it bear on?
asked_by: [owner, analyst]
parameters:
  kind: {type: text, default: "", example: weather, doc: "Its kind; empty means every kind."}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  kind: "weather, competitor, price, trend, survey or brand."
  text: It in words.
  value: "Its value, in the unit of its kind."
  affects: The label of what it bears on.
  what: What it bears on.
  observed_at: When it was observed.
  valid_until: Until when it holds.
  confidence: "How sure it is, 0 to 1."
  source: Who or what says so.
*/
MATCH (o:Observation)
WHERE o.observed_at <= $known_at AND o.observed_at <= $as_of AND (o.valid_until IS NULL OR o.valid_until > $as_of)
  AND ($kind = '' OR o.kind = $kind)
OPTIONAL MATCH (o)-[:AFFECTS]->(t)
RETURN o.kind AS kind, o.text AS text, o.value AS value, labels(t)[0] AS affects,
       coalesce(t.name, t.region_id, t.product_id, t.category_id, t.account_id, t.topic_id) AS what,
       o.observed_at AS observed_at, o.valid_until AS valid_until, o.confidence AS confidence, o.source AS source
ORDER BY observed_at DESC, kind, what
LIMIT $top
