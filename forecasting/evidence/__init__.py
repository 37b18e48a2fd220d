"""Whether a difference between treated and untreated units is an effect, and how well that is known."""
