-- net_value is what the customer paid, after the discount; a return carries its sign.
SELECT
    order_id, line, customer_id, kind, net_value, occurred_at, product_id, quantity, discount, original_order_id
FROM 'purchases.csv'
