-- ASSUMED: what a contact is worth a year is the margin of the last 365 days. Who has not bought has no estimate, which
-- policies take for the worst.
SELECT
    'customer' AS subject_kind,
    customer_id AS subject_id,
    'pclv' AS name,
    -- decimals add up to the same sum in any order
    round(
        sum(net_value::DECIMAL(12, 2) - (unit_cost * quantity)::DECIMAL(12, 2) * CASE kind WHEN 'sale' THEN 1 ELSE -1 END),
        2
    )::DOUBLE AS value,
    'assumed' AS grade,
    'margin of the last 365 days' AS source
FROM 'purchases.csv'
JOIN 'products.csv' USING (product_id)
WHERE occurred_at < getvariable('as_of') AND occurred_at >= getvariable('as_of') - INTERVAL 365 DAY
GROUP BY customer_id
