-- The one randomised test: half of those who were to be invited to the second webinar were not.
SELECT experiment_id, customer_id, assigned_at, arm, channel_id, propensity
FROM 'assignments.csv'
