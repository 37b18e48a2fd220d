/*
question: Who is drifting from the rhythm they used to buy in?
asked_by: [analyst, owner]
parameters:
  gaps: {type: number, default: 2.0, doc: Quiet for at least so many of their usual gaps.}
  least_days: {type: integer, default: 6, doc: Bought on at least so many of the 91 days before.}
  active_since: {type: time, default: -91d, doc: Bought again since then; who left longer ago is gone and not drifting.}
  top: {type: integer, default: 50, doc: At most so many customers.}
columns:
  customer: {doc: The customer., shows: person}
  gaps_missed: {doc: How many of their usual gaps have passed since they bought last., shows: personal}
  days_in_91: {doc: Shopping days of the last 91., shows: personal}
  days_in_28: {doc: Shopping days of the last 28., shows: personal}
  last_purchase: {doc: When they bought last., shows: personal}
  pclv: {doc: "What they are expected to be worth, in currency.", shows: personal}
note: The usual gap is 91 days divided by the shopping days in them. Counts are those of the last run.
*/
MATCH (c:Customer)
WHERE c.last_purchase_at >= $active_since AND c.last_purchase_at < $as_of AND c.shopping_days_91d >= $least_days
WITH c, ($as_of.epochMillis - c.last_purchase_at.epochMillis) / 86400000.0 * c.shopping_days_91d / 91.0 AS missed
WHERE missed >= $gaps
RETURN c.customer_id AS customer, round(missed, 1) AS gaps_missed, c.shopping_days_91d AS days_in_91,
       c.shopping_days_28d AS days_in_28, c.last_purchase_at AS last_purchase, c.pclv AS pclv
ORDER BY gaps_missed DESC, customer
LIMIT $top
