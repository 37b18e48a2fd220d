SELECT account_id, name, industry, tier, is_regulated, region, owner
FROM 'accounts.csv'
