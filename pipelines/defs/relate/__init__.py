"""The step `relate`."""
