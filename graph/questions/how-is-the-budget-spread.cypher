/*
question: How is the budget of campaigns spread over channels?
asked_by: [owner]
parameters:
  since: {type: time, default: -365d, doc: Campaigns that still ran then or later.}
columns:
  channel: The channel.
  campaigns: Campaigns that had begun by `$as_of`.
  budget: "Their budget, in currency."
  largest_share: The share of the largest of them, 0 to 1.
  without_budget: Campaigns that name none.
*/
MATCH (k:Campaign)
WHERE (k.starts_at IS NULL OR k.starts_at <= $as_of) AND (k.ends_at IS NULL OR k.ends_at > $since)
WITH k.channel_id AS channel, count(k) AS campaigns, sum(coalesce(k.budget, 0.0)) AS budget,
     max(coalesce(k.budget, 0.0)) AS largest, sum(CASE WHEN k.budget IS NULL THEN 1 ELSE 0 END) AS without_budget
RETURN channel, campaigns, budget, CASE WHEN budget > 0 THEN round(largest / budget, 3) ELSE null END AS largest_share,
       without_budget
ORDER BY budget DESC, channel
LIMIT 100
