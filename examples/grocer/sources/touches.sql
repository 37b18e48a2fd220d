-- A mailing is one touch per household and campaign. Which coupons lay in it is not recorded, nor is the true day: it
-- counts as sent when the campaign starts.
SELECT
    'mailing/' || campaign_id || '/' || household_id AS touch_id,
    household_id::TEXT AS customer_id,
    'mail' AS channel_id,
    campaign_id::TEXT AS campaign_id,
    start_date AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS sent_at
FROM 'campaigns.parquet'
JOIN 'campaign_descriptions.parquet' USING (campaign_id)
