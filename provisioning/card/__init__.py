"""A card: is it one, what is on it, writing it, reading it back."""
