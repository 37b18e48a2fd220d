-- Campaigns are known from the day they start.
SELECT campaign_id, channel_id, kind, audience, budget, daily_cap, bid, starts_at, ends_at
FROM 'campaigns.csv'
WHERE starts_at < getvariable('as_of')
