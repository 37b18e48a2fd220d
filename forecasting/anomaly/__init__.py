"""When a metric leaves its own baseline, and when tables or scores are no longer distributed as they were."""
