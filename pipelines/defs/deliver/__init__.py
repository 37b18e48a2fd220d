"""The step `deliver`."""
