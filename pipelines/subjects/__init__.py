"""What people say about customers, and what customers may ask of us: assert, show, correct, erase."""
