-- Campaigns are known from the day they start, their last day included. They run on paper.
-- Of a campaign of type A each household got 16 of the coupons, chosen from what it buys; of the others all of them.
SELECT
    campaign_id::TEXT AS campaign_id,
    'mail' AS channel_id,
    lower(replace(campaign_type, ' ', '_')) AS kind,
    CASE campaign_type WHEN 'Type A' THEN 16 END AS assets_per_touch,
    start_date AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS starts_at,
    (end_date + INTERVAL 1 DAY) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS ends_at
FROM 'campaign_descriptions.parquet'
WHERE start_date < getvariable('as_of_local_date')
