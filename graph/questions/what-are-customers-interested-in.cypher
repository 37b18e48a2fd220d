/*
question: What are most customers interested in?
asked_by: [analyst, owner]
parameters:
  least_confidence: {type: number, default: 0.5, doc: "Only where we are at least so sure, 0 to 1."}
  top: {type: integer, default: 50, doc: At most so many interests.}
columns:
  kind: Topic or Category.
  about: What they are interested in.
  people: Customers.
  mean_confidence: "How sure we are on average, 0 to 1."
  messages: Messages about it.
people: people
*/
MATCH (t:Topic|Category)<-[b:INTERESTED_IN]-(c:Customer)
WHERE b.valid_from <= $as_of AND (b.valid_to IS NULL OR b.valid_to > $as_of)
  AND coalesce(b.observed_at, b.valid_from) <= $known_at AND b.confidence >= $least_confidence
WITH t, count(DISTINCT c) AS people, avg(b.confidence) AS sure
RETURN labels(t)[0] AS kind, coalesce(t.name, t.topic_id, t.category_id) AS about, people,
       round(sure, 3) AS mean_confidence, COUNT { (t)<-[:ABOUT]-(:Asset) } AS messages
ORDER BY people DESC, about
LIMIT $top
