-- ASSUMED: the data knows no consents. Everybody agreed to mail, and seven in ten to e-mail: those whose MD5 falls below
-- 7/10. The same household gets the same answer on every day and every machine.
WITH seen AS (
    SELECT household_id
    FROM 'transactions.parquet'
    WHERE transaction_timestamp < getvariable('as_of')
    UNION
    SELECT household_id
    FROM 'campaigns.parquet'
    JOIN 'campaign_descriptions.parquet' USING (campaign_id)
    WHERE start_date < getvariable('as_of_local_date')
)
SELECT
    household_id::TEXT AS customer_id,
    unnest(
        CASE
            WHEN ('0x' || md5('grocer e-mail consent 2017: ' || household_id)[1:8])::BIGINT < 0.7 * 2 ** 32
                THEN ['mail', 'email']
            ELSE ['mail']
        END
    ) AS channel_id,
    'marketing' AS purpose,
    true AS granted,
    DATE '2017-01-01' AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC' AS recorded_at,
    'assumed by the example' AS source,
    'assumed' AS basis
FROM seen
