/*
question: Which offers were made, how deep, and what can they cost us?
asked_by: [owner]
parameters:
  since: {type: time, default: -28d, doc: Decided for a moment since then.}
columns:
  offer: The offer.
  kind: "Its kind: discount, reward, shipping, value_add or bundle."
  discount_pct: "Its depth, in percent."
  funded_by: Who pays for it.
  people: Customers to whom it was made.
  cost_if_all_redeem: "What it costs us if everybody redeems it, in currency."
  value: "Expected incremental margin of these decisions, in currency."
people: people
*/
MATCH (o:Offer)<-[:OFFERED]-(d:Decision)-[:FOR]->(c:Customer)
WHERE d.as_of >= $since AND d.as_of <= $as_of AND NOT d.is_ghost
RETURN o.offer_id AS offer, o.kind AS kind, o.discount_pct AS discount_pct, o.funded_by AS funded_by,
       count(DISTINCT c) AS people, round(sum(coalesce(o.unit_cost, 0.0)), 2) AS cost_if_all_redeem,
       round(sum(d.value), 2) AS value
ORDER BY cost_if_all_redeem DESC, people DESC, offer
LIMIT 100
