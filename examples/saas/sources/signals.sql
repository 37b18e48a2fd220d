-- A visitor who has not said who they are has an anonymous_id and no customer_id. What was received at as-of or later was
-- not known then, whenever it happened.
SELECT
    signal_id,
    customer_id,
    anonymous_id,
    name,
    occurred_at,
    received_at,
    session_id,
    product_id,
    asset_id,
    channel_id,
    campaign_id,
    topic,
    value,
    source
FROM 'signals.parquet'
WHERE received_at < getvariable('as_of')
