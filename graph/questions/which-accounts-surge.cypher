/*
question: In which accounts do buying groups show more intent than before?
asked_by: [owner, analyst]
parameters:
  since: {type: time, default: -14d, doc: Signals since then count as recent.}
  before: {type: time, default: -42d, doc: Signals between then and `since` are what is usual.}
  least_fidelity: {type: number, default: 0.5, doc: "Only signals that tell intent at least so surely, 0 to 1."}
  least_signals: {type: integer, default: 3, doc: At least so many recent signals.}
  top: {type: integer, default: 50, doc: At most so many buying groups.}
columns:
  account: The account.
  buying_group: The buying group.
  people: Members who gave a recent signal.
  recent: Recent signals.
  earlier: Signals in the time before.
  fidelity: "How surely the recent ones tell intent on average, 0 to 1."
  last_signal: When the last of them was given.
people: people
*/
MATCH (s:Signal)
WHERE s.occurred_at >= $before AND s.occurred_at < $as_of AND s.fidelity >= $least_fidelity
MATCH (s)-[:BY]->(c:Customer)-[:MEMBER_OF]->(g:BuyingGroup)-[:PART_OF]->(a:Account)
WITH a, g, count(DISTINCT CASE WHEN s.occurred_at >= $since THEN c ELSE null END) AS people,
     sum(CASE WHEN s.occurred_at >= $since THEN 1 ELSE 0 END) AS recent,
     sum(CASE WHEN s.occurred_at < $since THEN 1 ELSE 0 END) AS earlier,
     avg(CASE WHEN s.occurred_at >= $since THEN s.fidelity ELSE null END) AS fidelity, max(s.occurred_at) AS last_signal
WHERE recent >= $least_signals AND recent > earlier
RETURN coalesce(a.name, a.account_id) AS account, coalesce(g.name, g.buying_group_id) AS buying_group, people, recent,
       earlier, round(fidelity, 3) AS fidelity, last_signal
ORDER BY recent DESC, account, buying_group
LIMIT $top
