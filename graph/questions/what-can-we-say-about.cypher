/*
question: What can we say about a category, topic or product, and is it ready?
asked_by: [analyst, owner]
parameters:
  about: {type: text, default: "", example: MILK, doc: "Part of its id or name, in any case; empty means everything."}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  about: What it is about.
  asset: The message.
  title: Its title.
  kind: Its kind.
  status: Its status.
  readiness: Its readiness.
  channels: Channels that it fits.
  offer: The offer that it carries.
  ends_at: May be sent until.
*/
MATCH (t:Category|Topic|Product)
WHERE toLower(coalesce(t.category_id, t.topic_id, t.product_id)) CONTAINS toLower($about)
   OR toLower(coalesce(t.name, '')) CONTAINS toLower($about)
MATCH (t)<-[:ABOUT]-(a:Asset)
WHERE a.ends_at IS NULL OR a.ends_at > $as_of
OPTIONAL MATCH (a)-[:FITS]->(ch:Channel)
OPTIONAL MATCH (a)-[:CARRIES]->(o:Offer)
WITH t, a, o, ch ORDER BY ch.channel_id
RETURN coalesce(t.name, t.category_id, t.topic_id, t.product_id) AS about, a.asset_id AS asset, a.title AS title,
       a.kind AS kind, a.status AS status, a.readiness AS readiness, collect(DISTINCT ch.channel_id) AS channels,
       o.offer_id AS offer, a.ends_at AS ends_at
ORDER BY about, asset
LIMIT $top
