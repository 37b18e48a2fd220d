-- The price is what households with a loyalty card paid a unit before as-of; the shop's doubling of coupons is added back.
-- Products never sold by then have none. Products without a category name (540) have no category either. There is no cost
-- in the data: margin is the playbook's margin_pct.
-- Gasoline is counted in thousandths of a gallon, and so is its price.
WITH sold AS (
    SELECT
        product_id,
        -- decimals add up to the same sum in any order
        sum(sales_value::DECIMAL(12, 2) + coupon_match_disc::DECIMAL(12, 2))::DOUBLE / sum(quantity) AS price
    FROM 'transactions.parquet'
    WHERE transaction_timestamp < getvariable('as_of') AND quantity > 0 AND sales_value > 0
    GROUP BY product_id
),
named AS (
    SELECT *, coalesce(product_type, product_category, department) AS label
    FROM 'products.parquet'
)
SELECT
    product_id::TEXT AS product_id,
    concat_ws(', ', label[1] || lower(label[2:]), lower(package_size)) AS name,
    department || '/' || product_category AS category_id,
    price,
    package_size AS size,
    department,
    brand,
    manufacturer_id::TEXT AS manufacturer_id
FROM named
LEFT JOIN sold USING (product_id)
