"""The step `perceive`."""
