/*
question: How sure are the decisions of a run, by the grade of their evidence?
asked_by: [owner, analyst]
parameters:
  run: {type: text, default: latest, doc: "The first digits of a run's id, or latest."}
columns:
  evidence_grade: randomised, adjusted or assumed.
  people: Customers with such a decision.
  mean_confidence: How sure they are to be worth more than nothing.
  least_confidence: The least sure of them.
  value: "Expected incremental margin, in currency."
people: people
*/
MATCH (r:Run)
WHERE r.as_of <= $as_of AND ($run = 'latest' OR r.run_id STARTS WITH $run)
WITH r ORDER BY r.as_of DESC, r.run_id LIMIT 1
MATCH (d:Decision {run_id: r.run_id})
WHERE d.verb = 'send' AND NOT d.is_ghost
RETURN d.evidence_grade AS evidence_grade, count(d) AS people, round(avg(d.confidence), 3) AS mean_confidence,
       round(min(d.confidence), 3) AS least_confidence, round(sum(d.value), 2) AS value
ORDER BY people DESC, evidence_grade
LIMIT 20
