"""Scores that a playbook declares: composites of what people did and who they are, stages, surges, intent latency."""
