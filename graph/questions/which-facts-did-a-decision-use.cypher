/*
question: Which tables, models and policies did a decision use, in which version?
asked_by: [DPO, analyst]
parameters:
  decision: {type: text, example: 5f0c2ab7e1d94c36, personal: true, doc: The decision's id.}
columns:
  kind: TableVersion, ModelVersion or PolicyVersion.
  name: The table, model or policy.
  digest: Digest of its content.
  run: The run that decided.
  as_of: The moment that the run knew the world at.
*/
MATCH (d:Decision {decision_id: $decision})-[:WAS_GENERATED_BY]->(r:Run)-[:USED]->(v)
RETURN labels(v)[0] AS kind, coalesce(v.table, v.model, v.policy) AS name, v.digest AS digest, r.run_id AS run,
       r.as_of AS as_of
ORDER BY kind, name
LIMIT 200
