-- ASSUMED: what a household is worth a year is a quarter of what it spent in the 365 days before as-of. The data begins on
-- 2017-01-01, so on an earlier day of 2017 that is less than a year. Gasoline, gift cards and lines that only carry coupons
-- earn no such margin and are left out.
SELECT
    'customer' AS subject_kind,
    household_id::TEXT AS subject_id,
    'pclv' AS name,
    -- decimals add up to the same sum in any order
    round(0.25 * sum(sales_value::DECIMAL(12, 2)), 2)::DOUBLE AS value,
    'assumed' AS grade,
    'margin of 25 % (assumed) on the last 365 days' AS source
FROM 'transactions.parquet'
JOIN 'products.parquet' USING (product_id)
WHERE
    transaction_timestamp < getvariable('as_of')
    AND transaction_timestamp >= getvariable('as_of') - INTERVAL 365 DAY
    AND quantity > 0
    AND sales_value > 0
    AND department NOT IN ('FUEL', 'MISCELLANEOUS', 'COUPON')
    AND product_category IS DISTINCT FROM 'COUPON/MISC ITEMS'
GROUP BY household_id
