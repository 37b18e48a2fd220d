"""What a touch brings: effects of arms on any units, and response as factors of customer, asset and channel."""
