/*
question: Which beliefs were closed lately, for lack of evidence or by newer evidence?
asked_by: [analyst, DPO]
parameters:
  since: {type: time, default: -28d, doc: Closed since then.}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  belief: What kind of belief.
  about: What it was about.
  people: Customers of whom it was believed.
  still_believed: Of these, how many have a newer belief of the kind about the same.
  last_closed: When the last of them was closed.
people: people
*/
MATCH (t:Topic|Category)<-[b:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]-(c:Customer)
WHERE b.valid_to >= $since AND b.valid_to <= $as_of
OPTIONAL MATCH (c)-[newer:INTERESTED_IN|PREFERS|OBJECTS_TO|TRIGGERED_BY]->(t)
WHERE type(newer) = type(b) AND (newer.valid_to IS NULL OR newer.valid_to > $as_of)
RETURN type(b) AS belief, coalesce(t.name, t.topic_id, t.category_id) AS about, count(DISTINCT c) AS people,
       count(DISTINCT CASE WHEN newer IS NULL THEN null ELSE c END) AS still_believed, max(b.valid_to) AS last_closed
ORDER BY people DESC, belief, about
LIMIT $top
