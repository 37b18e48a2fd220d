"""Pages that a person opens in a browser: templates, and what fills them."""
