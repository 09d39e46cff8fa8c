"""The embedding model that ships with the box, and its card."""
