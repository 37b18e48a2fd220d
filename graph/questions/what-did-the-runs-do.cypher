/*
question: What did the last runs do?
asked_by: [owner, analyst]
parameters:
  top: {type: integer, default: 30, doc: At most so many runs.}
columns:
  as_of: The moment it knew the world at.
  run: Its id.
  customers: Customers that it decided.
  sends: Decisions to send.
  nothing: Decisions to do nothing.
  held_out: Customers held out.
  ghosts: "Of these, who would have been sent something."
  code: Version of the code.
*/
MATCH (r:Run)
WHERE r.as_of <= $as_of
RETURN r.as_of AS as_of, r.run_id AS run, r.customers AS customers, r.sends AS sends, r.nothing AS nothing,
       r.held_out AS held_out, r.ghosts AS ghosts, r.code_version AS code
ORDER BY as_of DESC, run
LIMIT $top
