"""Side-by-side measurements with what a user would take instead. Run by `make bench`, never by the tests."""
