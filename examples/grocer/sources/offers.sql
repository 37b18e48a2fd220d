-- One offer per coupon of a campaign that has started. Coupons have no dates of their own, so the campaign's hold.
--
-- A code that begins with 5 is a manufacturer's coupon, and its last two digits say what it takes off (the convention of
-- US coupon codes, coupon_value_codes.csv). The shop doubles amounts below a dollar up to a dollar: that part alone is our
-- cost. A code that begins with 1 is the shop's own and says nothing: ASSUMED to be 1.00, all of it ours; what it is in
-- percent is not known and stays null, which policies take for the worst. So do codes that nobody can read (free goods,
-- checker's hand, two rare ones), and coupons on half the shop, which surely are worth something else.
--
-- discount_pct is what the coupon takes off the price that its products' units were sold at before as-of.
WITH known AS (
    SELECT DISTINCT campaign_id, coupon_upc, product_id, department || '/' || product_category AS category_id
    FROM 'coupons.parquet'
    JOIN 'campaign_descriptions.parquet' USING (campaign_id)
    JOIN 'products.parquet' USING (product_id)
    WHERE start_date < getvariable('as_of_local_date')
),
sold AS (
    SELECT
        product_id,
        -- decimals add up to the same sum in any order
        sum(sales_value::DECIMAL(12, 2) + coupon_match_disc::DECIMAL(12, 2)) AS paid,
        sum(quantity) AS units
    FROM 'transactions.parquet'
    WHERE transaction_timestamp < getvariable('as_of') AND quantity > 0 AND sales_value > 0
    GROUP BY product_id
),
coupons AS (
    SELECT
        campaign_id,
        coupon_upc,
        left(coupon_upc::TEXT, 1) = '5' AS is_manufacturers,
        count(DISTINCT category_id) >= 10 AS is_basket_wide,
        sum(sold.paid)::DOUBLE / sum(sold.units) AS unit_price
    FROM known
    LEFT JOIN sold USING (product_id)
    GROUP BY campaign_id, coupon_upc
),
valued AS (
    SELECT
        coupons.*,
        units,
        CASE
            WHEN is_manufacturers THEN amount + CASE WHEN amount < 1 THEN least(amount, 1 - amount) ELSE 0 END
            WHEN NOT is_basket_wide THEN 1.00
        END AS face_value,
        CASE
            WHEN is_manufacturers THEN CASE WHEN amount < 1 THEN least(amount, 1 - amount) ELSE amount * 0 END
            WHEN NOT is_basket_wide THEN 1.00
        END AS unit_cost
    FROM coupons
    LEFT JOIN 'coupon_value_codes.csv' ON is_manufacturers AND code::INTEGER = coupon_upc % 100
)
SELECT
    'offer/' || campaign_id || '/' || coupon_upc AS offer_id,
    'discount' AS kind,
    CASE
        WHEN NOT is_manufacturers THEN NULL
        -- some coupons are worth more than a small pack costs
        WHEN face_value > units * unit_price THEN 100
        ELSE round(100 * face_value / (units * unit_price), 2)
    END AS discount_pct,
    round(face_value, 2) AS face_value,
    round(unit_cost, 2) AS unit_cost,
    CASE WHEN is_manufacturers THEN 'manufacturer' ELSE 'us' END AS funded_by,
    false AS is_automatic,
    start_date AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS starts_at,
    (end_date + INTERVAL 1 DAY) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS ends_at
FROM valued
JOIN 'campaign_descriptions.parquet' USING (campaign_id)
