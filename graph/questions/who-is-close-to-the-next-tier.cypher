/*
question: Who is close to the next tier of a programme, and until when?
asked_by: [owner, analyst]
parameters:
  points: {type: number, default: 500, doc: At most so many points are missing.}
  until: {type: time, default: +100d, doc: The deadline is no later than this.}
  top: {type: integer, default: 100, doc: At most so many customers.}
columns:
  customer: {doc: The customer., shows: person}
  programme: The programme.
  tier: {doc: Tier reached., shows: personal}
  next_tier: {doc: Tier above it., shows: personal}
  points_missing: {doc: Points missing to it., shows: personal}
  deadline: {doc: Until when they have to be collected., shows: personal}
*/
MATCH (p:Programme)<-[e:ENROLLED_IN]-(c:Customer)
WHERE e.points_missing > 0 AND e.points_missing <= $points
  AND (e.deadline IS NULL OR (e.deadline > $as_of AND e.deadline <= $until))
RETURN c.customer_id AS customer, p.programme_id AS programme, e.tier AS tier, e.next_tier AS next_tier,
       e.points_missing AS points_missing, e.deadline AS deadline
ORDER BY points_missing, customer
LIMIT $top
