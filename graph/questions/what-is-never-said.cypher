/*
question: Which messages could run and have never been chosen?
asked_by: [owner]
parameters:
  top: {type: integer, default: 100, doc: At most so many messages.}
columns:
  asset: The message.
  title: Its title.
  kind: Its kind.
  status: Its status.
  reasons: Motives that it answers, whoever has them.
  people: Customers who have one of these motives.
people: people
note: >-
  With no reasons nobody needs it; with many, something keeps it back, and `which-policies-refuse-most` may say what.
*/
MATCH (a:Asset)
WHERE (a.starts_at IS NULL OR a.starts_at <= $as_of) AND (a.ends_at IS NULL OR a.ends_at > $as_of)
  AND NOT EXISTS { MATCH (:Decision)-[:CHOSE]->(a) }
OPTIONAL MATCH (a)-[:ABOUT]->(t)<-[:CONCERNS]-(m:Motive)<-[:HAS_MOTIVE]-(c:Customer)
RETURN a.asset_id AS asset, a.title AS title, a.kind AS kind, a.status AS status, count(DISTINCT m) AS reasons,
       count(DISTINCT c) AS people
ORDER BY people DESC, asset
LIMIT $top
