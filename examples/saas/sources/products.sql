SELECT product_id, name, category_id, price, unit_cost, size, depletion_days
FROM 'products.csv'
