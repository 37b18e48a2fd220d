-- One outcome per household, campaign, coupon and day. One mailing carries many coupons, so the asset belongs to it.
-- The data gives the local date only: noon stands for the time.
SELECT
    concat_ws('/', 'redemption', campaign_id, household_id, coupon_upc, redemption_date::DATE) AS outcome_id,
    'mailing/' || campaign_id || '/' || household_id AS touch_id,
    household_id::TEXT AS customer_id,
    'coupon/' || campaign_id || '/' || coupon_upc AS asset_id,
    'redeemed' AS name,
    1 AS value,
    (redemption_date + INTERVAL 12 HOUR) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS occurred_at
FROM 'coupon_redemptions.parquet'
