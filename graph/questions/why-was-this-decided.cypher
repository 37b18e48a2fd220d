/*
question: Why was this decided, and on which evidence?
asked_by: [analyst, DPO]
parameters:
  decision: {type: text, example: 5f0c2ab7e1d94c36, personal: true, doc: The decision's id.}
columns:
  customer: {doc: Whom it is about., shows: person}
  verb: What is done.
  play: The play that found the reason.
  subject: What the reason is about.
  sentence: {doc: The reason in one sentence., shows: personal}
  evidence: {doc: "The facts it rests on, as paths of the graph.", shows: personal}
  asset: What is said.
  channel: Where.
  send_at: {doc: When., shows: personal}
  value: {doc: "Expected incremental margin, in currency.", shows: personal}
  confidence: {doc: How sure it is to be worth more than nothing., shows: personal}
  evidence_grade: randomised, adjusted or assumed.
note: The evidence is that of the newest run that looked at the customer; `warrant why` shows the record itself.
*/
MATCH (d:Decision {decision_id: $decision})-[:FOR]->(c:Customer)
OPTIONAL MATCH (d)-[:BECAUSE]->(m:Motive)
OPTIONAL MATCH (c)-[h:HAS_MOTIVE]->(m)
OPTIONAL MATCH (d)-[:CHOSE]->(a:Asset)
OPTIONAL MATCH (d)-[:ON]->(ch:Channel)
RETURN c.customer_id AS customer, d.verb AS verb, m.play AS play, m.subject AS subject,
       coalesce(h.sentence, d.motive_sentence) AS sentence, h.evidence AS evidence,
       coalesce(a.title, a.asset_id) AS asset, ch.channel_id AS channel, d.send_at AS send_at, d.value AS value,
       d.confidence AS confidence, d.evidence_grade AS evidence_grade
ORDER BY play, subject
LIMIT 20
