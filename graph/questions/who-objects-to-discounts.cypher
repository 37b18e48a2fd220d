/*
question: Who objects to discounts, or to another topic?
asked_by: [analyst, owner]
parameters:
  topic: {type: text, default: discount, example: pricing, doc: "Part of an id or name, in any case."}
  least_confidence: {type: number, default: 0.0, doc: "Only where we are at least so sure, 0 to 1."}
  top: {type: integer, default: 100, doc: At most so many customers.}
columns:
  customer: {doc: The customer., shows: person}
  objects_to: The topic or category.
  weight: {doc: How strong the objection was at `since`., shows: personal}
  confidence: {doc: "How sure we are, 0 to 1.", shows: personal}
  since: {doc: Since when it holds., shows: personal}
  rule: The rule that believes it.
  source: The table that its evidence is from.
*/
MATCH (t:Topic|Category)
WHERE toLower(coalesce(t.topic_id, t.category_id)) CONTAINS toLower($topic)
   OR toLower(coalesce(t.name, '')) CONTAINS toLower($topic)
MATCH (t)<-[b:OBJECTS_TO]-(c:Customer)
WHERE b.valid_from <= $as_of AND (b.valid_to IS NULL OR b.valid_to > $as_of)
  AND coalesce(b.observed_at, b.valid_from) <= $known_at AND b.confidence >= $least_confidence
RETURN c.customer_id AS customer, coalesce(t.name, t.topic_id, t.category_id) AS objects_to, b.weight AS weight,
       b.confidence AS confidence, b.valid_from AS since, b.rule AS rule, b.source AS source
ORDER BY confidence DESC, customer, objects_to
LIMIT $top
