"""What to do: propose, screen, value, allocate, and the record of it. A pure core: tables and arrays in, tables out."""
