/*
question: Whose cart is open, with what in it, and is it still in stock?
asked_by: [owner, analyst]
parameters:
  added_since: {type: time, default: -30d, doc: Put into the cart since then.}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  customer: {doc: The customer., shows: person}
  product: The product.
  quantity: {doc: Units., shows: personal}
  worth: {doc: "Units times price, in currency.", shows: personal}
  added_at: {doc: When it was put in., shows: personal}
  stock: Units in stock.
  substitute: The most similar product that is in stock.
*/
MATCH (p:Product)<-[k:HAS_IN_CART]-(c:Customer)
WHERE k.added_at >= $added_since AND k.added_at <= $as_of
OPTIONAL MATCH (p)-[s:SUBSTITUTES]-(other:Product)
WHERE other.stock > 0
WITH c, p, k, s, other ORDER BY s.similarity DESC, other.product_id
RETURN c.customer_id AS customer, coalesce(p.name, p.product_id) AS product, k.quantity AS quantity,
       round(k.quantity * p.price, 2) AS worth, k.added_at AS added_at, p.stock AS stock,
       head(collect(coalesce(other.name, other.product_id))) AS substitute
ORDER BY added_at DESC, customer, product
LIMIT $top
