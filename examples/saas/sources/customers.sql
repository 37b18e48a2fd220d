-- Contacts whose record had been made by then. Holdout goes by account, since colleagues talk to each other: the account
-- stands for the household. The stage follows from what somebody did before as-of: bought, or began a trial that runs.
WITH bought AS (
    SELECT DISTINCT customer_id
    FROM 'purchases.csv'
    WHERE occurred_at < getvariable('as_of')
),
trying AS (
    SELECT DISTINCT customer_id
    FROM 'signals.parquet'
    WHERE
        name = 'Trial Started'
        AND occurred_at < getvariable('as_of')
        AND occurred_at >= getvariable('as_of') - INTERVAL 30 DAY
)
SELECT
    customers.customer_id,
    account_id AS household_id,
    account_id,
    customers.region,
    language,
    joined_at,
    role,
    seniority,
    buying_group,
    CASE
        WHEN bought.customer_id IS NOT NULL THEN 'customer'
        WHEN trying.customer_id IS NOT NULL THEN 'trial'
        ELSE 'prospect'
    END AS stage,
    true AS is_known,
    tier AS account_tier,
    is_regulated AS is_in_regulated_trade
FROM 'customers.csv' AS customers
LEFT JOIN 'accounts.csv' USING (account_id)
LEFT JOIN bought USING (customer_id)
LEFT JOIN trying USING (customer_id)
WHERE joined_at < getvariable('as_of')
