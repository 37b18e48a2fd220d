SELECT observation_id, kind, about_kind, about_id, observed_at, value, text, valid_until, source, confidence
FROM 'observations.csv'
