"""How the shipped embedding model is made, from packages to an int8 file."""
