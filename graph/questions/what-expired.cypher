/*
question: What has expired lately, so that it can be said or offered no more?
asked_by: [owner, analyst]
parameters:
  since: {type: time, default: -28d, doc: Expired since then.}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  kind: The label of what expired.
  id: Its key.
  title: Its name for people.
  expired_at: When.
*/
MATCH (n:Asset|Offer|Campaign|Observation)
WITH n, coalesce(n.redemption_ends_at, n.valid_until, n.ends_at) AS expired_at
WHERE expired_at >= $since AND expired_at <= $as_of
RETURN labels(n)[0] AS kind, coalesce(n.asset_id, n.offer_id, n.observation_id, n.campaign_id) AS id,
       coalesce(n.title, n.text, n.reward, n.kind) AS title, expired_at
ORDER BY expired_at DESC, kind, id
LIMIT $top
