"""The step `forecast`."""
