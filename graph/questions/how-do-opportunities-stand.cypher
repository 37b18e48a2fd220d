/*
question: How do opportunities stand, by stage and campaign?
asked_by: [owner]
parameters:
  opened_since: {type: time, default: -365d, doc: Opened since then.}
columns:
  stage: The stage.
  campaign: The campaign that they came from.
  opportunities: How many.
  accounts: With so many accounts.
  amount: "What they are worth, in currency."
  won: How many were won.
  lost: How many were lost.
*/
MATCH (o:Opportunity)-[:WITH]->(a:Account)
WHERE o.opened_at >= $opened_since AND o.opened_at <= $as_of
OPTIONAL MATCH (o)-[:FROM]->(k:Campaign)
RETURN o.stage AS stage, k.campaign_id AS campaign, count(DISTINCT o) AS opportunities, count(DISTINCT a) AS accounts,
       sum(coalesce(o.amount, 0.0)) AS amount, sum(CASE WHEN o.is_won THEN 1 ELSE 0 END) AS won,
       sum(CASE WHEN o.is_won THEN 0 WHEN o.is_won IS NULL THEN 0 ELSE 1 END) AS lost
ORDER BY amount DESC, stage, campaign
LIMIT 200
