/*
question: Who decides at an account, and what do we believe about them?
asked_by: [owner, analyst]
parameters:
  account: {type: text, example: acme, personal: true, doc: "The account's id or name."}
  top: {type: integer, default: 200, doc: At most so many rows.}
columns:
  buying_group: The buying group.
  customer: {doc: The member., shows: person}
  role: {doc: Their role in it., shows: personal}
  seniority: {doc: Their seniority., shows: personal}
  belief: {doc: What kind of belief., shows: personal}
  about: {doc: What it is about., shows: personal}
  confidence: {doc: "How sure we are, 0 to 1.", shows: personal}
*/
MATCH (a:Account)
WHERE a.account_id = $account OR a.name = $account
MATCH (a)<-[:PART_OF]-(g:BuyingGroup)<-[m:MEMBER_OF]-(c:Customer)
OPTIONAL MATCH (c)-[b:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]->(t)
WHERE b.valid_from <= $as_of AND (b.valid_to IS NULL OR b.valid_to > $as_of)
  AND coalesce(b.observed_at, b.valid_from) <= $known_at
RETURN coalesce(g.name, g.buying_group_id) AS buying_group, c.customer_id AS customer, coalesce(m.role, c.role) AS role,
       c.seniority AS seniority, type(b) AS belief, coalesce(t.name, t.topic_id, t.category_id, t.channel_id) AS about,
       b.confidence AS confidence
ORDER BY buying_group, customer, confidence DESC, about
LIMIT $top
