/*
question: To how many customers would we have something to say, and may not?
asked_by: [owner, DPO]
columns:
  play: The play that found a reason to talk.
  people: Customers with such a reason and no channel that they allow.
  mean_strength: "How strong the reasons are on average, 0 to 1."
people: people
*/
MATCH (m:Motive)<-[h:HAS_MOTIVE]-(c:Customer)
WHERE h.first_found_at <= $as_of AND (h.until IS NULL OR h.until > $as_of)
  AND NOT EXISTS { MATCH (c)-[r:REACHABLE_ON]->(:Channel) WHERE r.granted }
RETURN m.play AS play, count(DISTINCT c) AS people, round(avg(h.strength), 3) AS mean_strength
ORDER BY people DESC, play
LIMIT 100
