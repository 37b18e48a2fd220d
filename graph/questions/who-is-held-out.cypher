/*
question: Who was held out of a run, and what would they have been sent?
asked_by: [analyst]
parameters:
  run: {type: text, default: latest, doc: "The first digits of a run's id, or latest."}
  top: {type: integer, default: 100, doc: At most so many customers.}
columns:
  customer: {doc: The customer., shows: person}
  would_say: What would have been said.
  channel: Where.
  play: Why.
  value: {doc: "Expected incremental margin, in currency.", shows: personal}
  propensity: {doc: Probability with which this was chosen., shows: personal}
  run: The run.
note: Who is held out and would have been sent nothing is a count on the run.
*/
MATCH (r:Run)
WHERE r.as_of <= $as_of AND ($run = 'latest' OR r.run_id STARTS WITH $run)
WITH r ORDER BY r.as_of DESC, r.run_id LIMIT 1
MATCH (d:Decision {run_id: r.run_id})-[:FOR]->(c:Customer)
WHERE d.is_ghost
OPTIONAL MATCH (d)-[:CHOSE]->(a:Asset)
OPTIONAL MATCH (d)-[:ON]->(ch:Channel)
OPTIONAL MATCH (d)-[:BECAUSE]->(m:Motive)
RETURN c.customer_id AS customer, coalesce(a.title, a.asset_id) AS would_say, ch.channel_id AS channel,
       m.play AS play, d.value AS value, d.propensity AS propensity, r.run_id AS run
ORDER BY value DESC, customer
LIMIT $top
