/*
question: Whom can we reach on which channel, and on which legal basis?
asked_by: [DPO, owner]
columns:
  channel: The channel.
  granted: Whether they allow it.
  basis: The legal basis.
  source: Who recorded it.
  people: Customers.
  newest_word: When the newest of these words was recorded.
people: people
*/
MATCH (ch:Channel)<-[r:REACHABLE_ON]-(c:Customer)
RETURN ch.channel_id AS channel, r.granted AS granted, r.basis AS basis, r.source AS source, count(c) AS people,
       max(r.recorded_at) AS newest_word
ORDER BY channel, granted DESC, people DESC, basis, source
LIMIT 200
