/*
question: For whom do messages do well, by region and stage of the customers they were decided for?
asked_by: [analyst, owner]
parameters:
  outcome: {type: text, default: "", example: purchase, doc: "The outcome that counts; empty means any."}
  since: {type: time, default: -91d, doc: Decided for a moment since then.}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  asset: The message.
  channel: The channel.
  region: Region of the customers.
  stage: Stage of the customers.
  people: Customers for whom it was chosen.
  with_outcome: "Of these, customers with the outcome."
people: people
note: What came of a decision is counted, not what it changed; `which-messages-perform` says where a lift is known.
*/
MATCH (a:Asset)<-[:CHOSE]-(d:Decision)-[:FOR]->(c:Customer)
WHERE d.as_of >= $since AND d.as_of <= $as_of AND NOT d.is_ghost
MATCH (d)-[:ON]->(ch:Channel)
OPTIONAL MATCH (d)<-[:OF]-(o:Outcome)
WHERE ($outcome = '' OR o.name = $outcome) AND o.occurred_at <= $as_of
RETURN a.asset_id AS asset, ch.channel_id AS channel, c.region AS region, c.stage AS stage, count(DISTINCT c) AS people,
       count(DISTINCT CASE WHEN o IS NULL THEN null ELSE c END) AS with_outcome
ORDER BY with_outcome DESC, people DESC, asset, channel, region, stage
LIMIT $top
