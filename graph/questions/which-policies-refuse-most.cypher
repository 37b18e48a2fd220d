/*
question: Which policies refuse most, and what was still worth sending where they did?
asked_by: [owner, analyst]
parameters:
  since: {type: time, default: -28d, doc: Runs that decided for a moment since then.}
columns:
  policy: The policy.
  people: Customers of whom it refused something.
  refused: Messages that it refused, all in all.
  refused_a_head: Messages that it refused per decision.
  value_kept: "Expected margin of what was chosen all the same for these customers, in currency."
  runs: Runs in which it refused something.
people: people
note: >-
  Only decisions that the graph keeps are counted, and a message that is refused has no value of its own: the last
  column says what is left, not what is lost.
*/
MATCH (r:Run)
WHERE r.as_of >= $since AND r.as_of <= $as_of
MATCH (d:Decision {run_id: r.run_id})-[x:REFUSED_BY]->(p:PolicyVersion)
MATCH (d)-[:FOR]->(c:Customer)
RETURN p.policy AS policy, count(DISTINCT c) AS people, sum(x.count) AS refused,
       round(1.0 * sum(x.count) / count(d), 1) AS refused_a_head, round(sum(coalesce(d.value, 0.0)), 2) AS value_kept,
       count(DISTINCT r) AS runs
ORDER BY refused DESC, policy
LIMIT 100
