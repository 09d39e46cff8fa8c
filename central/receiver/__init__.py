"""What boxes send, verified, put in order, kept, and receipted."""
