SELECT campaign_id, channel_id, "date", spend, impressions, clicks, conversions, revenue
FROM 'spend.csv'
