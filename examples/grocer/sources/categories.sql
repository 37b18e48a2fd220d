-- 32 category names occur in several departments, so a category is department/category and its department the parent.
-- Its name is what the shop calls it towards customers (category_words.csv), else the name in the data.
SELECT DISTINCT
    department || '/' || product_category AS category_id,
    coalesce(words, product_category[1] || lower(product_category[2:])) AS name,
    department AS parent_id
FROM 'products.parquet'
LEFT JOIN 'category_words.csv' ON category_id = department || '/' || product_category
WHERE product_category IS NOT NULL
UNION ALL
SELECT DISTINCT
    department AS category_id,
    department[1] || lower(department[2:]) AS name,
    NULL AS parent_id
FROM 'products.parquet'
