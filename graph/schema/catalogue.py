"""What is known about what is sold: categories, products, who bought them, and what could stand in for them."""

from graph.declarations import Node, Property, Relationship

_BOUGHT = (
    Property("count", "integer", "local days with a purchase (sale, quantity and value above zero)", is_required=True),
    Property("spend", "number", "net value of all purchases, returns taken off, in currency", is_required=True),
    Property("last_at", "time", "last purchase", is_required=True),
)

NODES: tuple[Node, ...] = (
    Node(
        "Category",
        "category_id",
        (Property("name", "text", "name", is_indexed=True),),
        "knowledge",
        "business",
        "A group of products.",
    ),
    Node(
        "Product",
        "product_id",
        (
            Property("name", "text", "name"),
            Property("price", "number", "price, in currency"),
            Property("season", "text", "season it is for"),
            Property("unit_cost", "number", "what one unit costs us, in currency"),
            Property("size", "text", "size"),
            Property("size_scale", "text", "kind of order that its size stands in; absent for sizes without a next"),
            Property("size_place", "number", "place on that scale, ascending"),
            Property("collection", "text", "collection it belongs to"),
            Property("stock", "number", "units in stock"),
            Property("depletion_days", "number", "days after which one unit is used up"),
        ),
        "knowledge",
        "business",
        "A product that something refers to: somebody bought it on enough days, or an asset is about it.",
    ),
)

RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("Product", "IN_CATEGORY", "Category", "knowledge", "business", "The product's category."),
    Relationship("Category", "WITHIN", "Category", "knowledge", "business", "The category's parent."),
    Relationship(
        "Customer", "BOUGHT", "Category", "knowledge", "personal", "Shopped in the category, all in all.", _BOUGHT
    ),
    Relationship(
        "Customer",
        "BOUGHT",
        "Product",
        "knowledge",
        "personal",
        "Bought the product, from the playbook's number of shopping days on; what is used up, from the first on.",
        _BOUGHT,
        collect_by="source",
    ),
    Relationship(
        "Product",
        "SUBSTITUTES",
        "Product",
        "knowledge",
        "business",
        "Can stand in for the product.",
        (
            Property("similarity", "number", "how alike, 0 to 1", is_required=True),
            Property("because", "text", "what makes them alike"),
        ),
        collect_by="source",
    ),
    Relationship(
        "Product",
        "NEXT_SIZE",
        "Product",
        "knowledge",
        "business",
        "Is followed by the product as the customer grows or uses more.",
        (Property("because", "text", "what makes it the next"),),
        collect_by="source",
    ),
)
