-- Lists stand in one cell, their entries separated by semicolons.
SELECT
    asset_id,
    version::TEXT AS version,
    title,
    kind,
    message_class,
    string_split(topics, ';') AS topics,
    string_split(categories, ';') AS categories,
    string_split(channels, ';') AS channels,
    offer_id,
    language,
    status,
    readiness,
    compliance
FROM 'assets.csv'
