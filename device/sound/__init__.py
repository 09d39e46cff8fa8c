"""The sound, from the card or a file to segments of the model's length."""
