/*
question: Which reasons are there to talk to customers, and to how many?
asked_by: [analyst, owner]
columns:
  play: The play that found the reason.
  people: Customers who have it.
  reasons: Reasons in all; one customer may have several.
  mean_strength: How strong they are on average, 0 to 1.
  oldest: The moment of the run that found the oldest of them.
people: people
*/
MATCH (m:Motive)<-[h:HAS_MOTIVE]-(c:Customer)
WHERE h.first_found_at <= $as_of AND (h.until IS NULL OR h.until > $as_of)
RETURN m.play AS play, count(DISTINCT c) AS people, count(h) AS reasons, round(avg(h.strength), 3) AS mean_strength,
       min(h.first_found_at) AS oldest
ORDER BY people DESC, play
LIMIT 100
