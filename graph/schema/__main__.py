"""`python -m graph.schema` writes the graph's page of the documentation anew."""

from graph.schema_page import write_page

write_page()
