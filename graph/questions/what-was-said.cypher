/*
question: What did a run say, where and how often, and what is it expected to bring?
asked_by: [owner, analyst]
parameters:
  run: {type: text, default: latest, doc: "The first digits of a run's id, or latest."}
  top: {type: integer, default: 100, doc: At most so many messages.}
columns:
  asset: What is said.
  title: Its title.
  channel: Where.
  people: Customers who are sent it.
  value: "Expected incremental margin, in currency."
  cost: "Cost of the touches, in currency."
  mean_confidence: How sure they are to be worth more than nothing.
  run: The run.
people: people
*/
MATCH (r:Run)
WHERE r.as_of <= $as_of AND ($run = 'latest' OR r.run_id STARTS WITH $run)
WITH r ORDER BY r.as_of DESC, r.run_id LIMIT 1
MATCH (d:Decision {run_id: r.run_id})-[:CHOSE]->(a:Asset)
WHERE NOT d.is_ghost
MATCH (d)-[:ON]->(ch:Channel)
RETURN a.asset_id AS asset, a.title AS title, ch.channel_id AS channel, count(d) AS people,
       round(sum(d.value), 2) AS value, round(sum(d.touch_cost), 2) AS cost,
       round(avg(d.confidence), 3) AS mean_confidence, r.run_id AS run
ORDER BY people DESC, asset, channel
LIMIT $top
