"""What inbound messages say: sentiment, topic, intent, a wish for a human, regulatory concern; or not sure."""
