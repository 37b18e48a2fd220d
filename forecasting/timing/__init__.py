"""When to write to whom: every customer's own hour of the week, shrunk to the segment's."""
