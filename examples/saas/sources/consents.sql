-- A word per contact and channel from when the record was made; who unsubscribed took theirs back.
SELECT customer_id, channel_id, purpose, granted, recorded_at, source, basis
FROM 'consents.csv'
