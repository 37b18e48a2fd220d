/*
question: What came of the decisions, by play and outcome?
asked_by: [owner, analyst]
parameters:
  since: {type: time, default: -91d, doc: It happened since then.}
columns:
  play: The play that found the reason.
  outcome: What happened.
  people: Customers with the outcome.
  outcomes: How often.
  value: "The sum of their values, as the outcome's name says."
  last_at: When the last of them happened.
people: people
*/
MATCH (o:Outcome)-[:OF]->(d:Decision)-[:FOR]->(c:Customer)
WHERE o.occurred_at >= $since AND o.occurred_at <= $as_of
OPTIONAL MATCH (d)-[:BECAUSE]->(m:Motive)
RETURN m.play AS play, o.name AS outcome, count(DISTINCT c) AS people, count(DISTINCT o) AS outcomes,
       round(sum(coalesce(o.value, 0.0)), 2) AS value, max(o.occurred_at) AS last_at
ORDER BY outcomes DESC, play, outcome
LIMIT 200
