"""When customers buy without being asked: their own rhythm in each category, and the chance of a purchase."""
