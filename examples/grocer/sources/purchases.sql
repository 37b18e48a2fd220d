-- net_value is what the shop receives for a line, so it includes what a manufacturer pays for its coupon.
-- discount is what the shop gave away itself: it doubles manufacturers' coupons below a dollar.
-- Stamps are UTC. Lines at or after as-of are left out, and counted, when the source is read.
SELECT
    basket_id::TEXT AS order_id,
    product_id::TEXT AS line,
    household_id::TEXT AS customer_id,
    'sale' AS kind,
    sales_value AS net_value,
    coupon_match_disc AS discount,
    quantity,
    product_id::TEXT AS product_id,
    store_id::TEXT AS store_id,
    transaction_timestamp AS occurred_at
FROM 'transactions.parquet'
