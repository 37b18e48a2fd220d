SELECT outcome_id, touch_id, customer_id, asset_id, name, occurred_at
FROM 'outcomes.csv'
