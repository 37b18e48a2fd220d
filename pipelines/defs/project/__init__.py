"""The step `project`."""
