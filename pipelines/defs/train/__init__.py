"""Models, trained behind the gate."""
