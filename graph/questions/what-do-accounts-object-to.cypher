/*
question: What do the people of an account object to?
asked_by: [owner, analyst]
parameters:
  least_confidence: {type: number, default: 0.0, doc: "Only where we are at least so sure, 0 to 1."}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  account_id: The account's key.
  account: The account.
  industry: Its industry.
  about_id: The key of the topic or category.
  objects_to: The topic or category.
  people: People of the account who object.
  mean_confidence: "How sure we are on average, 0 to 1."
people: people
*/
MATCH (t:Topic|Category)<-[b:OBJECTS_TO]-(c:Customer)-[:WORKS_AT]->(a:Account)
WHERE b.valid_from <= $as_of AND (b.valid_to IS NULL OR b.valid_to > $as_of)
  AND coalesce(b.observed_at, b.valid_from) <= $known_at AND b.confidence >= $least_confidence
RETURN a.account_id AS account_id, coalesce(a.name, a.account_id) AS account, a.industry AS industry,
       coalesce(t.topic_id, t.category_id) AS about_id, coalesce(t.name, t.topic_id, t.category_id) AS objects_to,
       count(DISTINCT c) AS people, round(avg(b.confidence), 3) AS mean_confidence
ORDER BY people DESC, account, objects_to, account_id, about_id
LIMIT $top
