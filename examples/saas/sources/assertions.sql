-- What sellers heard in calls and wrote down in the CRM. About one in ten of these objections is none.
SELECT assertion_id, subject, statement, author, reason, asserted_at
FROM 'assertions.csv'
