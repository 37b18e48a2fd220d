-- What was sent before the company had Warrant.
SELECT touch_id, customer_id, channel_id, sent_at, asset_id, campaign_id, experiment_id, cost
FROM 'touches.csv'
