"""What spend on channels brings: carry-over, saturation, return with its interval, and whether it can be known."""
