/*
question: What was decided for a customer, run after run?
asked_by: [analyst, DPO]
parameters:
  customer: {type: text, example: "1773", personal: true, doc: The customer's id.}
  top: {type: integer, default: 50, doc: At most so many decisions.}
columns:
  as_of: The moment it was decided for.
  decision: The decision's id.
  verb: What is done.
  held_out: Whether it was recorded only, to measure the effect, and never sent.
  sentence: Why.
  asset: What is said.
  channel: Where.
  value: Expected incremental margin, in currency.
  run: The run that decided.
note: Decisions that the graph keeps; the lake has all, and `warrant why` reads it.
*/
MATCH (c:Customer {customer_id: $customer})<-[:FOR]-(d:Decision)
WHERE d.as_of <= $as_of
OPTIONAL MATCH (d)-[:CHOSE]->(a:Asset)
OPTIONAL MATCH (d)-[:ON]->(ch:Channel)
RETURN d.as_of AS as_of, d.decision_id AS decision, d.verb AS verb, d.is_ghost AS held_out,
       d.motive_sentence AS sentence, coalesce(a.title, a.asset_id) AS asset, ch.channel_id AS channel,
       d.value AS value, d.run_id AS run
ORDER BY as_of DESC, decision
LIMIT $top
