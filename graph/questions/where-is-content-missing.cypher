/*
question: About what is there a reason to talk, and nothing to say?
asked_by: [owner]
parameters:
  top: {type: integer, default: 100, doc: At most so many subjects.}
columns:
  kind: The label of the subject.
  subject: What the reasons are about.
  play: The play that found them.
  people: Customers who have such a reason.
people: people
*/
MATCH (m:Motive)-[:CONCERNS]->(t)
WHERE NOT EXISTS { MATCH (t)<-[:ABOUT|PART_OF]-(:Asset) }
MATCH (m)<-[:HAS_MOTIVE]-(c:Customer)
RETURN labels(t)[0] AS kind, m.subject AS subject, m.play AS play, count(DISTINCT c) AS people
ORDER BY people DESC, subject, play
LIMIT $top
