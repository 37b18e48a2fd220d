-- As sales saw them at as-of: what was closed later was still open then, and how far it had come is not kept.
WITH seen AS (
    SELECT *, closed_at < getvariable('as_of') AS is_closed
    FROM 'opportunities.csv'
)
SELECT
    opportunity_id,
    account_id,
    CASE WHEN closed_at IS NULL OR is_closed THEN stage ELSE 'evaluate' END AS stage,
    amount,
    opened_at,
    CASE WHEN is_closed THEN closed_at END AS closed_at,
    CASE WHEN is_closed THEN is_won END AS is_won,
    owner,
    campaign_id
FROM seen
