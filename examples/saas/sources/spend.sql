SELECT campaign_id, channel_id, "date", spend, impressions, clicks, conversions
FROM 'spend.csv'
