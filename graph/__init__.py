"""The reasoning graph: what we know and why we know it. Import the submodules; nothing is re-exported here."""
