SELECT category_id, name, parent_id
FROM 'categories.csv'
