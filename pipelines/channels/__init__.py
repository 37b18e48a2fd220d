"""Ways out: one module per kind of channel. A channel writes what deliver hands it and decides nothing."""
