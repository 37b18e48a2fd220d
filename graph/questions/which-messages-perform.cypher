/*
question: Which messages perform on which channel, and how well is that known?
asked_by: [owner, analyst]
parameters:
  least_touches: {type: integer, default: 1, doc: Only where at least so many touches are counted.}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  asset: The message.
  title: Its title.
  kind: Its kind.
  channel: The channel.
  outcome: The outcome that is counted.
  rate: "Share of the touches with the outcome, 0 to 1."
  touches: Touches.
  lift: "Difference to those who got nothing, where that was randomised; in outcomes per customer."
  evidence_grade: randomised, adjusted or assumed.
*/
MATCH (ch:Channel)<-[p:PERFORMS]-(a:Asset)
WHERE p.n >= $least_touches
RETURN a.asset_id AS asset, a.title AS title, a.kind AS kind, ch.channel_id AS channel, p.outcome AS outcome,
       round(p.rate, 4) AS rate, p.n AS touches, p.lift AS lift, p.evidence_grade AS evidence_grade
ORDER BY rate DESC, touches DESC, asset, channel
LIMIT $top
