/*
question: Which decisions touched an account, campaign, category, product or topic?
asked_by: [owner, DPO]
parameters:
  what: {type: text, example: MILK, doc: Its id or name.}
  since: {type: time, default: -91d, doc: Decided for a moment since then.}
  top: {type: integer, default: 100, doc: At most so many decisions.}
columns:
  kind: The label of what was touched.
  what: Its name.
  role: "How it was touched: subject, path, account or campaign."
  as_of: The moment that was decided for.
  decision: {doc: The decision., shows: person}
  customer: {doc: Whom it is about., shows: person}
  asset: What is said.
  value: {doc: "Expected incremental margin, in currency.", shows: personal}
*/
MATCH (t:Account|Campaign|Category|Product|Topic)
WHERE t.name = $what OR coalesce(t.account_id, t.campaign_id, t.category_id, t.product_id, t.topic_id) = $what
MATCH (t)<-[x:ABOUT]-(d:Decision)-[:FOR]->(c:Customer)
WHERE d.as_of >= $since AND d.as_of <= $as_of
OPTIONAL MATCH (d)-[:CHOSE]->(a:Asset)
RETURN labels(t)[0] AS kind,
       coalesce(t.name, t.account_id, t.campaign_id, t.category_id, t.product_id, t.topic_id) AS what,
       x.role AS role, d.as_of AS as_of, d.decision_id AS decision, c.customer_id AS customer,
       coalesce(a.title, a.asset_id) AS asset, d.value AS value
ORDER BY as_of DESC, customer, decision
LIMIT $top
