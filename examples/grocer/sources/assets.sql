-- What the shop can say: every coupon of a campaign that has started, and one reminder without discount per category that
-- the shop has words for. Without reminders, households that may not get deep discounts would hear nothing.
WITH known AS (
    SELECT DISTINCT
        campaign_id,
        coupon_upc,
        product_id,
        department || '/' || product_category AS category_id,
        lower(product_category) AS plain_name
    FROM 'coupons.parquet'
    JOIN 'campaign_descriptions.parquet' USING (campaign_id)
    JOIN 'products.parquet' USING (product_id)
    WHERE start_date < getvariable('as_of_local_date') AND product_category IS NOT NULL
),
about AS (
    SELECT campaign_id, coupon_upc, category_id, words, plain_name, count(*) AS products
    FROM known
    LEFT JOIN 'category_words.csv' USING (category_id)
    GROUP BY ALL
),
coupons AS (
    SELECT
        campaign_id,
        coupon_upc,
        list(category_id ORDER BY category_id) AS categories,
        -- named by the categories that the shop has words for, the one with most of its products first
        coalesce(
            list(words ORDER BY products DESC, category_id) FILTER (words IS NOT NULL),
            list(plain_name ORDER BY products DESC, category_id)
        ) AS goods
    FROM about
    GROUP BY campaign_id, coupon_upc
),
worded AS (
    SELECT
        *,
        amount + CASE WHEN amount < 1 THEN least(amount, 1 - amount) ELSE 0 END AS saving,
        CASE len(goods)
            WHEN 1 THEN goods[1]
            WHEN 2 THEN goods[1] || ' or ' || goods[2]
            ELSE goods[1] || ' and more'
        END AS named
    FROM coupons
    LEFT JOIN 'coupon_value_codes.csv' ON left(coupon_upc::TEXT, 1) = '5' AND code::INTEGER = coupon_upc % 100
)
SELECT
    'coupon/' || campaign_id || '/' || coupon_upc AS asset_id,
    '1' AS version,
    CASE
        WHEN len(categories) >= 10 THEN 'A coupon for your next shopping trip'
        -- nothing is promised to customers that is only assumed
        WHEN saving IS NULL THEN 'A coupon for ' || named
        WHEN units = 1 THEN format('${:.2f} off {}', saving::DOUBLE, named)
        ELSE format('${:.2f} off when you buy {}: {}', saving::DOUBLE, ['two', 'three', 'four'][units - 1], named)
    END AS title,
    'coupon' AS kind,
    'marketing' AS message_class,
    categories,
    'offer/' || campaign_id || '/' || coupon_upc AS offer_id,
    campaign_id::TEXT AS campaign_id,
    -- A coupon on ten categories or more touches nearly every reason to write, is ours to pay, and nobody knows its value.
    CASE WHEN len(categories) >= 10 THEN 'paused' ELSE 'active' END AS status,
    start_date AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS starts_at,
    (end_date + INTERVAL 1 DAY) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS ends_at
FROM worded
JOIN 'campaign_descriptions.parquet' USING (campaign_id)
UNION ALL
SELECT
    'reminder/' || category_id AS asset_id,
    '1' AS version,
    CASE reminder
        WHEN 'running_low' THEN 'Your ' || words || ' may be running low'
        WHEN 'in_the_mood' THEN 'In the mood for ' || words || '?'
        WHEN 'in_need' THEN 'Need ' || words || '?'
    END AS title,
    'reminder' AS kind,
    'marketing' AS message_class,
    [category_id] AS categories,
    NULL AS offer_id,
    NULL AS campaign_id,
    'active' AS status,
    NULL AS starts_at,
    NULL AS ends_at
FROM 'category_words.csv'
