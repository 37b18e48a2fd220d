"""What a customer will still bring: who is alive, how often they buy, what a purchase earns."""
