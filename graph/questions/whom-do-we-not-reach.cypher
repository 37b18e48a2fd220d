/*
question: To how many customers would we have something to say, and may not?
asked_by: [owner, DPO]
columns:
  play: The play that found a reason to talk.
  people: Customers with such a reason and no channel that they allow.
  mean_strength: "How strong the reasons are on average, 0 to 1."
people: people
*/
MATCH (c:Customer)
OPTIONAL MATCH (c)-[r:REACHABLE_ON]->(:Channel)
WITH c, sum(CASE WHEN r.granted THEN 1 ELSE 0 END) AS open
WHERE open = 0
MATCH (m:Motive)<-[h:HAS_MOTIVE]-(c)
WHERE h.first_found_at <= $as_of AND (h.until IS NULL OR h.until > $as_of)
RETURN m.play AS play, count(DISTINCT c) AS people, round(avg(h.strength), 3) AS mean_strength
ORDER BY people DESC, play
LIMIT 100
