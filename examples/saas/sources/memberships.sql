-- The partner programme gives a point for every ten euros spent so far; tiers are counted at the end of the quarter.
WITH collected AS (
    SELECT customer_id, programme_id, greatest(round(coalesce(sum(net_value::DECIMAL(12, 2)), 0) / 10), 0) AS points
    FROM 'memberships.csv'
    LEFT JOIN 'purchases.csv' AS bought USING (customer_id)
    WHERE bought.occurred_at < getvariable('as_of')
    GROUP BY ALL
)
SELECT
    customer_id,
    programme_id,
    CASE WHEN points >= 2000 THEN 'gold' WHEN points >= 500 THEN 'silver' ELSE 'bronze' END AS tier,
    points,
    CASE WHEN points < 500 THEN 'silver' WHEN points < 2000 THEN 'gold' END AS next_tier,
    CASE WHEN points < 500 THEN 500 - points WHEN points < 2000 THEN 2000 - points END AS points_missing,
    CASE
        WHEN points < 2000 THEN
            (date_trunc('quarter', getvariable('as_of_local_date')) + INTERVAL 3 MONTH)::TIMESTAMP
            AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC'
    END AS deadline,
    0.1 AS points_per_unit
FROM collected
