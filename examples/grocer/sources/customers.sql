-- A customer is a household that shopped or was mailed before as-of; who first shows up later is not known yet.
-- Demographics carry no date, are taken as known, and cover a third of the households, mostly those that were mailed.
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
    age AS age_band,
    income AS income_band,
    home_ownership,
    marital_status,
    household_size,
    household_comp AS household_composition,
    kids_count AS kids
FROM seen
LEFT JOIN 'demographics.parquet' USING (household_id)
