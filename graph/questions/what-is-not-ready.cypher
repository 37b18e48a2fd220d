/*
question: Which messages are needed and not ready, or not cleared by review?
asked_by: [owner]
parameters:
  top: {type: integer, default: 100, doc: At most so many messages.}
columns:
  asset: The message.
  title: Its title.
  readiness: Its readiness.
  compliance: What review says.
  reviewed_at: When it was reviewed last.
  status: Its status.
  people: Customers with a reason that it would answer.
people: people
*/
MATCH (a:Asset)
WHERE (a.ends_at IS NULL OR a.ends_at > $as_of)
  AND (coalesce(a.readiness, 'approved') <> 'approved' OR coalesce(a.compliance, 'cleared') <> 'cleared')
OPTIONAL MATCH (a)-[:ABOUT]->(t)<-[:CONCERNS]-(m:Motive)<-[:HAS_MOTIVE]-(c:Customer)
RETURN a.asset_id AS asset, a.title AS title, a.readiness AS readiness, a.compliance AS compliance,
       a.reviewed_at AS reviewed_at, a.status AS status, count(DISTINCT c) AS people
ORDER BY people DESC, asset
LIMIT $top
