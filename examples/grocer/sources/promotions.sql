-- Products on display or in the weekly mailer in at least half of the stores that promoted anything that week.
-- Weeks begin on Monday; week 1 is Sunday 2017-01-01 alone. A week that has not ended is known up to as-of.
WITH weeks AS (
    SELECT
        week,
        count(*) AS stores,
        greatest(DATE '2016-12-26' + 7 * (week - 1)::INTEGER, DATE '2017-01-01') AS first_day,
        DATE '2017-01-02' + 7 * (week - 1)::INTEGER AS next_week
    FROM (SELECT DISTINCT week, store_id FROM 'promotions.parquet')
    WHERE first_day < getvariable('as_of_local_date')
    GROUP BY week
),
promoted AS (
    SELECT
        week,
        product_id,
        -- rows stand for stores: counting distinct stores takes ten times as long, and no repeated row decides here
        count(*) FILTER (display_location <> '0') AS display,
        count(*) FILTER (mailer_location <> '0') AS mailer
    FROM 'promotions.parquet'
    GROUP BY week, product_id
)
SELECT
    product_id::TEXT AS product_id,
    kind,
    '*' AS store_id,
    first_day::TIMESTAMP AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS starts_at,
    least(
        next_week::TIMESTAMP AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC', getvariable('as_of')
    ) AS ends_at
FROM (UNPIVOT promoted ON display, mailer INTO NAME kind VALUE stores_with_it)
JOIN weeks USING (week)
WHERE stores_with_it >= stores / 2
