"""What must hold after each step of a run, as sentences. A blocking one that is not true stops the day."""
