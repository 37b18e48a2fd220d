/*
question: Which products can stand in for a product, and which one is next?
asked_by: [analyst, owner]
parameters:
  product: {type: text, default: "", example: milk, doc: "Part of its id or name, in any case; empty is any."}
  top: {type: integer, default: 100, doc: At most so many rows.}
columns:
  product: The product.
  relation: SUBSTITUTES or NEXT_SIZE.
  other: The other product.
  similarity: "How alike they are, 0 to 1."
  because: Why.
  price: "What the other one costs, in currency."
  stock: Units of the other one in stock.
*/
MATCH (p:Product)
WHERE toLower(p.product_id) CONTAINS toLower($product) OR toLower(coalesce(p.name, '')) CONTAINS toLower($product)
MATCH (p)-[s:SUBSTITUTES|NEXT_SIZE]->(other:Product)
RETURN coalesce(p.name, p.product_id) AS product, type(s) AS relation, coalesce(other.name, other.product_id) AS other,
       s.similarity AS similarity, s.because AS because, other.price AS price, other.stock AS stock
ORDER BY product, relation DESC, similarity DESC, other
LIMIT $top
