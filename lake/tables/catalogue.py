"""What is sold: categories, products and their promotions."""

from lake.columns import Table
from lake.tables.declaring import number, text, time

CATEGORIES = Table(
    "categories",
    ("category_id",),
    (
        text("category_id", "Key of the category.", required=True),
        text("name", "Its name.", required=True),
        text("parent_id", "The category it is part of.", of="categories.category_id"),
    ),
)

PRODUCTS = Table(
    "products",
    ("product_id",),
    (
        text("product_id", "Key of the product.", required=True),
        text("name", "Its name.", required=True),
        text("category_id", "Its category.", of="categories.category_id"),
        number("price", "Price of one unit, in currency.", minimum=0),
        number("unit_cost", "What one unit costs us, in currency.", minimum=0),
        text("collection", "Collection it belongs to."),
        text("size", "Its size."),
        text("season", "Season it is for."),
        number("stock", "Units in stock.", minimum=0),
        number("depletion_days", "Days after which one unit is used up.", minimum=0),
    ),
    allows_attributes=True,
)

PROMOTIONS = Table(
    "promotions",
    ("product_id", "kind", "starts_at", "store_id"),
    (
        text("product_id", "What is promoted.", required=True, of="products.product_id"),
        text("kind", "How: display, mailer, ….", required=True),
        time("starts_at", "From.", required=True),
        text("store_id", "Where; `*` for all stores.", required=True),
        time("ends_at", "Until."),
    ),
)
