/*
question: Which decisions were made under which version of a policy?
asked_by: [DPO, owner]
parameters:
  policy: {type: text, default: consent, doc: The policy's id.}
  since: {type: time, default: -365d, doc: Runs that decided for a moment since then.}
columns:
  policy: The policy.
  digest: Digest of the policies as they were compiled.
  runs: Runs that applied this version.
  first_as_of: The first moment that was decided under it.
  last_as_of: The last one.
  customers: "Customers decided by these runs, once per run."
  sends: Decisions to send.
*/
MATCH (p:PolicyVersion {policy: $policy})<-[:USED]-(r:Run)
WHERE r.as_of >= $since AND r.as_of <= $as_of
RETURN p.policy AS policy, p.digest AS digest, count(r) AS runs, min(r.as_of) AS first_as_of,
       max(r.as_of) AS last_as_of, sum(r.customers) AS customers, sum(r.sends) AS sends
ORDER BY last_as_of DESC, digest
LIMIT 100
